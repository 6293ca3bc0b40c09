package login_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/login"
)

func password(user, secret string) authn.AuthConfig {
	return authn.AuthConfig{Username: user, Password: secret}
}

// write writes files below a folder.
func write(t testing.TB, folder string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func readJSON(t testing.TB, file string) (all map[string]any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWriteDockerConfig(t *testing.T) {
	const ghcr = `"ghcr.io": {"auth": "YWRhOng="}`
	entry := login.Entry{Host: "ghcr.io", Auth: password("ada", "x")}
	tests := map[string]struct {
		base    string
		entries []login.Entry
		want    string
	}{
		"nothing there": {"", []login.Entry{entry}, `{"auths": {` + ghcr + `}}`},
		"empty":         {"\n", []login.Entry{entry}, `{"auths": {` + ghcr + `}}`},
		"null":          {`{"auths": null, "credHelpers": null, "credsStore": null}`, []login.Entry{entry}, `{"auths": {` + ghcr + `}, "credsStore": null}`},
		"Docker Hub": {"", []login.Entry{{Host: "index.docker.io", Auth: password("ada", "x")}},
			`{"auths": {"https://index.docker.io/v1/": {"auth": "YWRhOng="}}}`},
		"an identity token": {"", []login.Entry{{Host: "acme.azurecr.io", Auth: authn.AuthConfig{Username: "<token>", IdentityToken: "t"}}},
			`{"auths": {"acme.azurecr.io": {"auth": "MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwOg==", "identitytoken": "t"}}}`},
		"a registry's token": {"", []login.Entry{{Host: "r.example", Auth: authn.AuthConfig{RegistryToken: "t"}}}, `{"auths": {"r.example": {"registrytoken": "t"}}}`},
		"other settings stay": {
			`{"auths": {"quay.io": {"auth": "YTpi", "email": "a@b"}, "ghcr.io": {"auth": "b2xkOm9sZA==", "identitytoken": "old"}}, "currentContext": "remote", "proxies": {"default": {"httpProxy": "http://p"}}, "credHelpers": {"gcr.io": "gcr", "ghcr.io": "old"}, "new": [1]}`,
			[]login.Entry{entry},
			`{"auths": {"quay.io": {"auth": "YTpi", "email": "a@b"}, ` + ghcr + `}, "currentContext": "remote", "proxies": {"default": {"httpProxy": "http://p"}}, "credHelpers": {"gcr.io": "gcr"}, "new": [1]}`,
		},
		"a store gives way": {`{"credsStore": "desktop"}`, []login.Entry{entry, {Host: "docker.io", Auth: password("ada", "x")}},
			`{"auths": {` + ghcr + `, "https://index.docker.io/v1/": {"auth": "YWRhOng="}}, "credsStore": "desktop", "credHelpers": {"ghcr.io": "", "https://index.docker.io/v1/": ""}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			base := filepath.Join(t.TempDir(), "base")
			if test.base != "" {
				write(t, base, map[string]string{"config.json": test.base})
			}
			dir := filepath.Join(t.TempDir(), "a", "docker")
			if err := login.WriteDockerConfig(dir, base, "", test.entries...); err != nil {
				t.Fatal(err)
			}
			var want map[string]any
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, readJSON(t, filepath.Join(dir, "config.json"))); diff != "" {
				t.Error(diff)
			}
			if mode := mode(t, dir); mode != 0o700 {
				t.Errorf("the folder has the mode %o", mode)
			}
			if mode := mode(t, filepath.Join(dir, "config.json")); mode != 0o600 {
				t.Errorf("config.json has the mode %o", mode)
			}
		})
	}
}

func mode(t testing.TB, file string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// The library that reads registries in this program, and in many others, finds
// what was written.
func TestDefaultKeychainReadsIt(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	helper := write(t, t.TempDir(), map[string]string{"docker-credential-store": `#!/bin/sh
read host
case $host in
*/acme/web | */library/nginx | */web) echo credentials not found in native keychain; exit 1 ;;
esac
echo '{"ServerURL": "x", "Username": "store", "Secret": "old"}'
`})
	t.Setenv("PATH", helper+string(os.PathListSeparator)+os.Getenv("PATH"))
	base := write(t, t.TempDir(), map[string]string{"config.json": `{"credsStore": "store", "auths": {}}`})
	dir := filepath.Join(t.TempDir(), "docker")
	err := login.WriteDockerConfig(dir, base, "",
		login.Entry{Host: "ghcr.io", Auth: password("ada", "g:h")},
		login.Entry{Host: "docker.io", Auth: password("ada", "hub")},
		login.Entry{Host: "127.0.0.1:5000", Auth: password("ada", "local")},
		login.Entry{Host: "acme.azurecr.io", Auth: authn.AuthConfig{Username: "<token>", IdentityToken: "azure"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_CONFIG", dir)
	k := login.New(login.Options{})
	for target, want := range map[string]string{
		"ghcr.io/acme/web": "ada:g:h", "docker.io": "ada:hub", "docker.io/library/nginx": "ada:hub", "127.0.0.1:5000/web": "ada:local",
		"acme.azurecr.io/web": "00000000-0000-0000-0000-000000000000:azure", "quay.io": "store:old",
	} {
		if got, err := resolved(t, k, target); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", target, got, err, want)
		}
	}
}

// A second login adds to the folder, and Remove takes away all that was written.
func TestFolderComesAndGoes(t *testing.T) {
	base := write(t, t.TempDir(), map[string]string{
		"config.json": `{"auths": {"quay.io": {"auth": "YTpi"}}}`, "contexts/meta/x/meta.json": "{}", "cli-plugins/docker-hello": "#!/bin/sh\n", "ca.pem": "ca",
	})
	if err := os.Symlink("/nowhere/at/all", filepath.Join(base, "gone")); err != nil {
		t.Fatal(err)
	}
	before := list(t, base)
	dir := filepath.Join(t.TempDir(), "docker")
	for _, host := range []string{"ghcr.io", "registry.example"} {
		if err := login.WriteDockerConfig(dir, base, "/was", login.Entry{Host: host, Auth: password("ada", "x")}); err != nil {
			t.Fatal(err)
		}
	}
	auths := readJSON(t, filepath.Join(dir, "config.json"))["auths"].(map[string]any)
	if len(auths) != 3 {
		t.Errorf("the logins are %v", auths)
	}
	for _, file := range []string{"contexts/meta/x/meta.json", "cli-plugins/docker-hello", "ca.pem"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Error(err)
		}
	}
	f, ours, err := login.Marked(dir)
	if err != nil || !ours || f.Base != base || f.Was != "/was" {
		t.Fatalf("got %+v, %t, %v", f, ours, err)
	}
	write(t, dir, map[string]string{"buildx/instances/mine": "{}"}) // as docker/setup-buildx-action does
	left, err := f.Remove()
	if err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is there: %v", err)
	}
	want := append(before, "buildx", "buildx/instances", "buildx/instances/mine")
	slices.Sort(want)
	if diff := cmp.Diff(want, list(t, base)); diff != "" {
		t.Error("the other configuration has changed:", diff)
	}
}

func list(t testing.TB, folder string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if name, _ := filepath.Rel(folder, path); name != "." {
			all = append(all, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// What others put into the folder stays, and so does a folder that was there; no
// login does.
func TestRemoveLeavesWhatIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := login.WriteDockerConfig(dir, filepath.Join(t.TempDir(), "none"), "", login.Entry{Host: "ghcr.io", Auth: password("a", "b")}); err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"scan/x": "1", "config.json123": "of a docker that was killed"})
	f, _, err := login.Marked(dir)
	if err != nil {
		t.Fatal(err)
	}
	left, err := f.Remove()
	if diff := cmp.Diff([]string{"scan"}, left); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if diff := cmp.Diff([]string{"scan", "scan/x"}, list(t, dir)); diff != "" {
		t.Error(diff)
	}
	if _, ours, err := login.Marked(dir); ours || err != nil {
		t.Errorf("it is still ours: %t, %v", ours, err)
	}
}

func TestForeignFolders(t *testing.T) {
	const secret = "c2VjcmV0"
	tests := map[string]struct {
		dir, base map[string]string
		text      string
	}{
		"with files":                {dir: map[string]string{"config.json": "{}"}, text: "has files that tagboat did not write"},
		"with a mark that is none":  {dir: map[string]string{".tagboat-login.json": "{"}, text: "its mark"},
		"the other is no JSON":      {base: map[string]string{"config.json": `{"auths": {"x": {"auth": "` + secret + `"}}`}, text: "config.json: unexpected end"},
		"the other's logins aren't": {base: map[string]string{"config.json": `{"auths": "` + secret + `"}`}, text: "auths: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir, base := write(t, t.TempDir(), test.dir), write(t, t.TempDir(), test.base)
			err := login.WriteDockerConfig(dir, base, "", login.Entry{Host: "ghcr.io", Auth: password("ada", secret)})
			if !fault.Is(err, "E_DOCKER_CONFIG") || !strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), secret) {
				t.Errorf("got %v", err)
			}
		})
	}
	own := t.TempDir()
	if err := login.WriteDockerConfig(own, own+"/", "", login.Entry{}); !fault.Is(err, "E_DOCKER_CONFIG") {
		t.Errorf("docker's own: got %v", err)
	}
	file := filepath.Join(write(t, t.TempDir(), map[string]string{"file": ""}), "file")
	if err := login.WriteDockerConfig(file, "", "", login.Entry{}); !fault.Is(err, "E_DOCKER_CONFIG") {
		t.Errorf("a file: got %v", err)
	}
}

// What is in a folder itself stays there; what a credential helper keeps is not.
func TestStored(t *testing.T) {
	for name, test := range map[string]struct {
		config string
		want   []string
	}{
		"passwords and tokens": {`{"auths": {"quay.io": {"auth": "YTpi"}, "https://index.docker.io/v1/": {"auth": "YTpi"}, "acme.azurecr.io": {"identitytoken": "t"}}}`, []string{"acme.azurecr.io", "docker.io", "quay.io"}},
		"of a helper":          {`{"auths": {"quay.io": {}}, "credsStore": "desktop"}`, nil},
		"settings":             {`{"currentContext": "remote"}`, nil},
		"no JSON":              {`auths:`, nil},
	} {
		if diff := cmp.Diff(test.want, login.Stored(write(t, t.TempDir(), map[string]string{"config.json": test.config}))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got := login.Stored(t.TempDir()); got != nil {
		t.Errorf("an empty folder has %q", got)
	}
}
