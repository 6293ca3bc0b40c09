package login_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/seed-96940006/tagboat/internal/login"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// docker runs the docker command with a configuration, and no daemon.
func docker(t *testing.T, config string, args ...string) (out string, err error) {
	t.Helper()
	program, err := exec.LookPath("docker")
	if err != nil {
		t.Skip("the docker command is not on PATH")
	}
	cmd := exec.Command(program, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "DOCKER_CONFIG=" + config}
	data, err := cmd.CombinedOutput()
	return string(data), err
}

// hello is a plug-in of docker's command line.
const hello = `#!/bin/sh
case $1 in
docker-cli-plugin-metadata) echo '{"SchemaVersion": "0.1.0", "Vendor": "test", "Version": "v1", "ShortDescription": "says hello"}' ;;
*) echo hello from the plug-in ;;
esac
`

// The docker command logs in with what was written, and finds the plug-ins and
// contexts of the other configuration.
func TestDockerUsesIt(t *testing.T) {
	registry := testkit.NewRegistry(t, testkit.RegistryLogin("ada", right))
	image, err := random.Image(10, 1)
	if err != nil {
		t.Fatal(err)
	}
	registry.Put("acme/web", "v1", image)
	base := write(t, t.TempDir(), map[string]string{"config.json": `{"credsStore": "none-such"}`, "cli-plugins/docker-hello": hello})
	if out, err := docker(t, base, "context", "create", "remote", "--docker", "host=tcp://127.0.0.1:1"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, login := range map[string]func(dir string) error{
		"with a login": func(dir string) error {
			return login.WriteDockerConfig(dir, base, "", login.Entry{Host: registry.Host, Auth: password("ada", right)})
		},
		"without": func(dir string) error { return login.WriteDockerConfig(dir, base, "") },
	} {
		dir := filepath.Join(t.TempDir(), "docker")
		if err := login(dir); err != nil {
			t.Fatal(err)
		}
		out, err := docker(t, dir, "manifest", "inspect", "--insecure", registry.Host+"/acme/web:v1")
		if took := err == nil && strings.Contains(out, `"schemaVersion"`); took != (name == "with a login") {
			t.Errorf("%s: the registry took us: %t, %v: %s", name, took, err, out)
		}
		for _, want := range [][]string{{"hello from the plug-in", "hello"}, {"remote", "context", "ls", "--format", "{{.Name}}"}} {
			if out, err := docker(t, dir, want[1:]...); err != nil || !strings.Contains(out, want[0]) {
				t.Errorf("%s: docker %v: %v: %s", name, want[1:], err, out)
			}
		}
	}
}
