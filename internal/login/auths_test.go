package login_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/login"
)

const ecrRegistry = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"

func TestParseAuths(t *testing.T) {
	tests := map[string]struct {
		text string
		want []login.Auth
	}{
		"nothing": {" \n", nil},
		"lines": {
			"# mirrors\nregistry.example:5000 ada  pass word: #1 \n\nDOCKER.io\tada\tdckr_pat_x\nhttps://index.example/v2/ ada x\n[::1]:5000 ada y",
			[]login.Auth{
				{Host: "registry.example:5000", Username: "ada", Password: "pass word: #1"},
				{Host: "docker.io", Username: "ada", Password: "dckr_pat_x"},
				{Host: "index.example", Username: "ada", Password: "x"},
				{Host: "[::1]:5000", Username: "ada", Password: "y"},
			},
		},
		"docker/login-action": {
			"- registry: ghcr.io\n  username: ada\n  password: 0123\n  logout: false\n- username: ada\n  password: \"a: b\"\n- registry: https://index.docker.io/v1/\n  scope: /acme/web\n  username: bob\n  password: c\n",
			[]login.Auth{
				{Host: "ghcr.io", Username: "ada", Password: "0123"},
				{Host: "docker.io", Username: "ada", Password: "a: b"},
				{Host: "docker.io", Scope: "acme/web", Username: "bob", Password: "c"},
			},
		},
		"ECR": {
			"- registry: " + ecrRegistry + "\n- registry: mirror.example\n  ecr: true\n- {registry: public.ecr.aws, username: AWS, password: x}\n- {registry: 111122223333.dkr.ecr.us-east-1.amazonaws.com, ecr: 'false', username: ada, password: x}",
			[]login.Auth{
				{Host: ecrRegistry, ECR: true},
				{Host: "mirror.example", ECR: true},
				{Host: "public.ecr.aws", Username: "AWS", Password: "x"},
				{Host: "111122223333.dkr.ecr.us-east-1.amazonaws.com", Username: "ada", Password: "x"},
			},
		},
		"flow": {"[{registry: ghcr.io, username: ada, password: x}]", []login.Auth{{Host: "ghcr.io", Username: "ada", Password: "x"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := login.ParseAuths(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreUnexported(login.Auth{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseAuthsMistakes(t *testing.T) {
	const secret = "hunter2s3cr3t"
	tests := map[string]struct {
		text string
		want []string // a part of each mistake, in order
	}{
		"too few words":          {"ghcr.io ada\nghcr.io", []string{"line 1: it has fewer", "line 2: it has fewer"}},
		"only the password":      {secret, []string{"line 1"}},
		"swapped":                {"ada " + secret + " ghcr.io", []string{"line 1: its registry is no host"}},
		"an image":               {"ghcr.io/acme/web ada " + secret, []string{"its registry is no host"}},
		"twice":                  {"ghcr.io ada x\nGHCR.io bob " + secret, []string{"line 2: the registry has a login already, in line 1"}},
		"a colon in a user":      {"ghcr.io ada:" + secret + " x", []string{"no colon"}},
		"a key of AWS":           {ecrRegistry + " AKIAIOSFODNN7EXAMPLE " + secret, []string{"access key of AWS"}},
		"no YAML":                {"- password: \"" + secret, []string{"no YAML"}},
		"an unknown anchor":      {"- registry: ghcr.io\n  password: *" + secret, []string{"no YAML"}},
		"no list of objects":     {"- " + secret, []string{"line 1: it is no object"}},
		"an unknown key":         {"- registry: ghcr.io\n  " + secret + ": x", []string{"line 2: it has another key"}},
		"a value that is a list": {"- registry: ghcr.io\n  password: [" + secret + "]", []string{"line 2: a value is no text"}},
		"no password":            {"- registry: ghcr.io\n  username: ada\n  password: ''", []string{"no username or no password"}},
		"ecr and a user":         {"- {registry: m.example, ecr: true, username: ada, password: " + secret + "}", []string{"two logins"}},
		"ecr is no word":         {"- {registry: m.example, ecr: " + secret + "}", []string{"`ecr` is none"}},
		"a scope of actions":     {"- {registry: ghcr.io, scope: acme/web@push, username: ada, password: " + secret + "}", []string{"single actions"}},
		"a scope that is none":   {"- {registry: ghcr.io, scope: 'A B', username: ada, password: " + secret + "}", []string{"no path"}},
		"all at once":            {"- {username: ada}\n- {registry: ghcr.io, ecr: perhaps}\n- 1", []string{"line 1", "line 2", "line 3"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := login.ParseAuths(test.text)
			all := fault.All(err)
			if len(all) != len(test.want) {
				t.Fatalf("got %v, want %d mistakes", err, len(test.want))
			}
			for i, f := range all {
				if f.Code != "E_INPUT" || f.Hint == "" || !strings.Contains(f.Error(), test.want[i]) {
					t.Errorf("got %s: %v (%s), want %q", f.Code, f, f.Hint, test.want[i])
				}
				if strings.Contains(f.Error()+f.Hint, secret) {
					t.Errorf("the error shows the password: %v", f)
				}
			}
		})
	}
}
