package cli

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
		"registry.example/v2":         "registry.example/v2",
		"registry.example/v1:v2":      "registry.example/v1",
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

// loggedIn is what login tells of a registry that asks nobody for a login.
func loggedIn(t *testing.T, more map[string]string) string {
	t.Helper()
	open := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(open.Close)
	host := open.Listener.Addr().String()
	env := map[string]string{"TAGBOAT_REGISTRY_AUTH": host + " ada s3cret", "RUNNER_TEMP": t.TempDir(), "HOME": t.TempDir()}
	maps.Copy(env, more)
	var log bytes.Buffer
	world := World{Getenv: func(name string) string { return env[name] }, Stdout: io.Discard, Stderr: &log, Now: time.Now}
	if code := Run(t.Context(), world, []string{"login", "--registries", host}); code != 0 {
		t.Errorf("exit code %d", code)
	}
	return log.String()
}

func TestAnOpenRegistryProvesNoLogin(t *testing.T) {
	if log := loggedIn(t, nil); !strings.Contains(log, "asks nobody for a login, and proves nothing of that in input registry-auth") {
		t.Error(log)
	}
}

// What docker/login-action has written before stays, where the machine does.
func TestLoginsOfOthersThatStay(t *testing.T) {
	docker := t.TempDir()
	if err := os.WriteFile(filepath.Join(docker, "config.json"), []byte(`{"auths": {"quay.io": {"auth": "YTpi"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		env    map[string]string
		warned bool
	}{
		"a machine of one's own": {map[string]string{"GITHUB_ACTIONS": "true", "RUNNER_ENVIRONMENT": "self-hosted", "DOCKER_CONFIG": docker}, true},
		"a machine of GitHub's":  {map[string]string{"GITHUB_ACTIONS": "true", "RUNNER_ENVIRONMENT": "github-hosted", "DOCKER_CONFIG": docker}, false},
		"a laptop":               {map[string]string{"DOCKER_CONFIG": docker}, false},
		"nothing written":        {map[string]string{"GITHUB_ACTIONS": "true", "DOCKER_CONFIG": t.TempDir()}, false},
	} {
		log := loggedIn(t, test.env)
		if warned := strings.Contains(log, "::warning title=E_DOCKER_CONFIG::"+docker+" has logins to quay.io"); warned != test.warned {
			t.Errorf("%s: warned: %v\n%s", name, warned, log)
		}
	}
}
