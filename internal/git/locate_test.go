package git

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
)

func TestLocate(t *testing.T) {
	home, here := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Chdir(here)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{filepath.Join(home, "infra"), filepath.Join(here, "acme", "local"), filepath.Join(here, "plain")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string]struct{ in, server, want string }{
		"owner/name":          {"acme/infra", "", "https://github.com/acme/infra.git"},
		"with .git":           {"acme/infra.git", "", "https://github.com/acme/infra.git"},
		"of a GHE host":       {" acme/infra ", "https://ghe.example.com/", "https://ghe.example.com/acme/infra.git"},
		"folder of that name": {"acme/local", "", filepath.Join(here, "acme", "local")},
		"folder":              {"plain", "", filepath.Join(here, "plain")},
		"relative":            {"./plain", "", filepath.Join(here, "plain")},
		"here":                {".", "", here},
		"above":               {"../", "", filepath.Dir(here)},
		"absolute":            {home, "", home},
		"home":                {"~/infra", "", filepath.Join(home, "infra")},
		"home itself":         {"~", "", home},
		"https":               {"https://gitlab.example.com/g/s/p.git", "", "https://gitlab.example.com/g/s/p.git"},
		"upper case":          {"HTTPS://h/o/n", "", "https://h/o/n"},
		"a user without more": {"https://org@dev.azure.com/org/p/_git/r", "", "https://org@dev.azure.com/org/p/_git/r"},
		"IPv6":                {"http://[::1]:3000/o/n", "", "http://[::1]:3000/o/n"},
		"ssh":                 {"ssh://git@h:22/o/n.git", "", "ssh://git@h:22/o/n.git"},
		"scp":                 {"git@github.com:acme/infra.git", "", "git@github.com:acme/infra.git"},
		"file":                {"file:///srv/git/a@b.git", "", "file:///srv/git/a@b.git"},
	}
	for name, c := range cases {
		got, err := Locate(c.in, c.server)
		if err != nil || got.URL != c.want || got.Token != "" {
			t.Errorf("%s: got %q, %v, want %q", name, got.URL, err, c.want)
		}
		if folder := filepath.IsAbs(c.want); (got.Folder() != "") != folder {
			t.Errorf("%s: folder %q", name, got.Folder())
		}
	}
}

func TestLocateRefuses(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Chdir(t.TempDir())
	cases := map[string]struct{ in, server, code string }{
		"empty":                {"", "", "E_GIT_URL"},
		"an option":            {"--upload-pack=x", "", "E_GIT_URL"},
		"a program":            {"ext::sh -c x", "", "E_GIT_URL"},
		"a program for a URL":  {"ext::https://h/x", "", "E_GIT_URL"},
		"other scheme":         {"ftp://h/x", "", "E_GIT_URL"},
		"relative file":        {"file://x", "", "E_GIT_URL"},
		"no host":              {"https:///x", "", "E_GIT_URL"},
		"one word":             {"infra", "", "E_GIT_URL"},
		"too deep":             {"a/b/c", "", "E_GIT_URL"},
		"no such folder":       {"./gone", "", "E_GIT_URL"},
		"no such home folder":  {"~/gone", "", "E_GIT_URL"},
		"somebody's home":      {"~root", "", "E_GIT_URL"},
		"password":             {"https://user:hunter2@h/o/n", "", "E_GIT_URL_SECRET"},
		"token as user":        {"https://ghp_hunter2@h/o/n", "", "E_GIT_URL_SECRET"},
		"odd password":         {"https://user:hunter2#@x/@h/o/n", "", "E_GIT_URL_SECRET"},
		"password with slash":  {"https://user:hunter2/x@h/o/n", "", "E_GIT_URL_SECRET"},
		"ssh password":         {"ssh://git:hunter2@h/o/n", "", "E_GIT_URL_SECRET"},
		"secret in the server": {"acme/infra", "https://x:hunter2@h", "E_GIT_URL_SECRET"},
	}
	for name, c := range cases {
		_, err := Locate(c.in, c.server)
		if fault.Code(err) != c.code || strings.Contains(err.Error()+fault.All(err)[0].Hint, "hunter2") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
