package cli

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/login"
)

func TestRegistryTarget(t *testing.T) {
	tests := map[string]string{ // "" is a mistake
		"ghcr.io":                     "ghcr.io",
		"docker.io":                   "index.docker.io",
		"https://index.docker.io/v1/": "index.docker.io",
		"localhost":                   "localhost",
		"localhost:5000":              "localhost:5000",
		"ghcr.io/acme/web:v1":         "ghcr.io/acme/web",
		"localhost:5000/web":          "localhost:5000/web",
		"acme/web":                    "docker.io/acme/web",
		"nginx":                       "docker.io/library/nginx",
		"nginx:1.27":                  "docker.io/library/nginx",
		"":                            "",
		"GHCR.io/Acme/Web":            "",
		"two words":                   "",
	}
	for text, want := range tests {
		got, err := registryTarget(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestOnePerHost(t *testing.T) {
	one := login.Checked{Host: "ghcr.io", Auth: authn.AuthConfig{Username: "ada", Password: "x"}, Source: "a"}
	same := one
	same.Source = "b"
	other := one
	other.Auth.Password = "y"
	elsewhere := other
	elsewhere.Host = "docker.io"
	if got, err := onePerHost([]login.Checked{one, same, elsewhere}); err != nil || len(got) != 2 || got[0] != one || got[1] != elsewhere {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := onePerHost([]login.Checked{one, elsewhere, other}); !fault.Is(err, "E_INPUT") {
		t.Errorf("two logins of one registry: got %v, %v", got, err)
	}
}

// A shell reads what is printed as it is meant, whatever is in it.
func TestShellVariable(t *testing.T) {
	for _, value := range []string{"/tmp/docker", "/it's/$HOME `x`", "", "a\nb"} {
		script := "V=before; " + string(shellVariable("V", value)) + `printf %s "${V-unset}"`
		out, err := exec.Command("sh", "-c", script).Output()
		want := value
		if value == "" {
			want = "unset"
		}
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%q: the shell has %q, %v", value, out, err)
		}
	}
}
