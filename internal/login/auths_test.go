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
		"YAML below comments": {
			"# our registries\n\n  # all of them\n---\n- registry: ghcr.io\n  username: ada\n  password: s3cret\n",
			[]login.Auth{{Host: "ghcr.io", Username: "ada", Password: "s3cret"}},
		},
		"lines below a comment with a dash": {"# mirrors - old ones\n[::1]:5000 ada x", []login.Auth{{Host: "[::1]:5000", Username: "ada", Password: "x"}}},
		"lines without secrets":             {"registry.example ada \nregistry.example  \nmirror.example ada", []login.Auth{{Host: "registry.example", Username: "ada"}, {Host: "registry.example"}, {Host: "mirror.example", Username: "ada"}}},
		"YAML without secrets": {
			"- registry: ghcr.io\n  username: ada\n  password: \n- {username: '', password: ''}\n- {username: '', password: ''}\n- {registry: " + ecrRegistry + ", ecr: false, username: AWS, password: ''}",
			[]login.Auth{{Host: "ghcr.io", Username: "ada"}, {Host: "docker.io"}, {Host: "docker.io"}, {Host: ecrRegistry, Username: "AWS"}},
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
		"only the password":      {secret, []string{"line 1: it has fewer"}},
		"no host":                {"ada " + secret, []string{"line 1: it has fewer"}},
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
		"no password":            {"- registry: ghcr.io\n  username: ada", []string{"no username or no password"}},
		"no username":            {"- registry: ghcr.io\n  username: \n  password: " + secret, []string{"no username"}},
		"a repository as host":   {"registry.example/v2 ada " + secret, []string{"its registry is no host"}},
		"a key twice":            {"- registry: ghcr.io\n  username: ada\n  password: " + secret + "\n  registry: quay.io", []string{"line 4: it has a key twice"}},
		"a second document":      {"- {registry: ghcr.io, username: ada, password: " + secret + "}\n---\n- registry: quay.io", []string{"line 2: there is a second document"}},
		"no YAML at its end":     {"- {registry: ghcr.io, username: ada, password: " + secret + "}\n---\n\"" + secret, []string{"line 3: it is no YAML"}},
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

// Where every login has to be there, an empty one is a mistake, whoever it is of.
func TestEmptyPasswords(t *testing.T) {
	all, err := login.ParseAuths("ghcr.io ada s3cret\nregistry.example robot$push \n" + ecrRegistry + "\n")
	if err != nil {
		t.Fatal(err)
	}
	got := fault.All(login.EmptyPasswords(append(all, login.Auth{Host: "mirror.example", ECR: true})))
	if len(got) != 2 || got[0].Code != "E_INPUT" || !strings.Contains(got[0].Error(), "line 2: the password is empty") || !strings.Contains(got[0].Hint, "fork") {
		t.Errorf("got %v", got)
	}
	if err := login.EmptyPasswords(all[:1]); err != nil {
		t.Error(err)
	}
}

// All names that people write for a registry mean it.
func TestNamesOfRegistries(t *testing.T) {
	for text, want := range map[string]string{
		"[::1]:5000": "[::1]:5000", "localhost:5000": "localhost:5000", "GHCR.IO": "ghcr.io", "https://registry.example:5000/": "registry.example:5000",
		"registry-1.docker.io": "docker.io", "https://index.docker.io/v1/": "docker.io", "index.docker.io/v1/": "docker.io", "http://registry.example/v2": "registry.example",
	} {
		all, err := login.ParseAuths(text + " ada s3cret")
		if err != nil || all[0].Host != want {
			t.Errorf("%s: got %v, %v, want %s", text, all, err, want)
			continue
		}
		k := login.New(login.Options{Auths: all, Docker: stored{}})
		if got, err := resolved(t, k, text); got != "ada:s3cret" {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}
