package cli

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// An account id that is masked would empty the outputs of the job, which hold it in
// the name of the image.
func TestWhatIsMaskedOfLogins(t *testing.T) {
	cases := map[string]struct {
		typ   reflect.Type
		value string
		want  []string
	}{
		"a token": {reflect.TypeFor[Secret](), "ghp_abc", []string{"ghp_abc"}},
		"lines":   {reflect.TypeFor[Logins](), "123456789012.dkr.ecr.eu-west-1.amazonaws.com AWS s3cret one\nquay.io acme+bot t0ken", []string{"s3cret one", "t0ken"}},
		"yaml":    {reflect.TypeFor[Logins](), "- registry: quay.io\n  username: acme\n  password: t0ken\n", []string{"t0ken"}},
		"neither": {reflect.TypeFor[Logins](), "acme+bot t0ken", []string{"acme+bot t0ken"}},
	}
	for name, c := range cases {
		if diff := cmp.Diff(c.want, passwords(c.typ, c.value)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestRegistryInputMistakes(t *testing.T) {
	good := registryInputs{AWSDuration: time.Hour}
	cases := map[string]struct {
		change func(*registryInputs)
		code   string
	}{
		"none":               {func(*registryInputs) {}, ""},
		"both of an account": {func(in *registryInputs) { in.DockerhubUsername, in.DockerhubToken = "ada", "t" }, ""},
		"a name alone":       {func(in *registryInputs) { in.DockerhubUsername = "ada" }, ""},
		"a token alone":      {func(in *registryInputs) { in.DockerhubToken = "t" }, "E_INPUT"},
		"too short":          {func(in *registryInputs) { in.AWSDuration = time.Minute }, "E_AWS_ROLE"},
		"too long":           {func(in *registryInputs) { in.AWSDuration = 13 * time.Hour }, "E_AWS_ROLE"},
		"no role":            {func(in *registryInputs) { in.AWSRole = "push-web" }, "E_AWS_ROLE"},
		"no session's name":  {func(in *registryInputs) { in.AWSSessionName = "no blanks here" }, "E_AWS_ROLE"},
		"half a login":       {func(in *registryInputs) { in.RegistryAuth = "ada s3cret" }, "E_INPUT"},
		"without its secret": {func(in *registryInputs) { in.RegistryAuth = "quay.io ada" }, ""},
	}
	for name, c := range cases {
		in := good
		c.change(&in)
		err := in.mistakes()
		if got := fault.Code(err); (err == nil) != (c.code == "") || err != nil && got != c.code {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
