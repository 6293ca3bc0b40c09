package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/build"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/runner"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// jobWith is a job with these inputs, which builds with docker.
func jobWith(t *testing.T, env map[string]string, in registryInputs, images ...string) *job {
	t.Helper()
	world := World{Getenv: func(name string) string { return env[name] }, Stdout: io.Discard, Stderr: io.Discard, Now: time.Now}
	a := &app{Runner: runner.New(world.Getenv, io.Discard, io.Discard), world: world}
	in.AWSDuration = time.Hour
	j := &job{app: a, in: inputs{registryInputs: in}, state: &ship.State{}, scratch: t.TempDir()}
	for _, text := range images {
		image, err := ref.ParseRepository(text)
		if err != nil {
			t.Fatal(err)
		}
		j.state.Plan.Images = append(j.state.Plan.Images, image)
	}
	var err error
	if j.registries, err = a.registriesOf(in, trust{}, io.Discard); err != nil {
		t.Fatal(err)
	}
	return j
}

func written(t *testing.T, j *job) string {
	t.Helper()
	folder, err := j.dockerConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if folder == "" {
		return ""
	}
	data, err := os.ReadFile(filepath.Join(folder, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// FROM ghcr.io/acme/base, to ECR: the native builder pulls it with the job's token.
// docker buildx gets no login to ghcr.io.
func TestDockerPullsBaseImagesWithTheJobsToken(t *testing.T) {
	home := t.TempDir()
	j := jobWith(t, map[string]string{"HOME": home, "DOCKER_CONFIG": home}, registryInputs{RegistryToken: "ghs_x", DockerhubUsername: "acme", DockerhubToken: "t"}, "harbor.example/acme/web")
	if got := written(t, j); !strings.Contains(got, "ghcr.io") {
		t.Errorf("the job's token is not there for base images of ghcr.io:\n%s", got)
	}
}

// A login for some repositories is one that the native builder pulls base images with.
func TestDockerHasALoginWithAScope(t *testing.T) {
	home := t.TempDir()
	auth := "- registry: harbor.example\n  scope: base\n  username: robot\n  password: s3cret\n"
	j := jobWith(t, map[string]string{"HOME": home, "DOCKER_CONFIG": home}, registryInputs{RegistryAuth: Logins(auth)}, "harbor.example/acme/web")
	if got := written(t, j); !strings.Contains(got, "harbor.example") {
		t.Errorf("the login with a scope is left out without a word:\n%s", got)
	}
}

// docker knows one login a registry: it is that for the base image.
func TestDockerHasTheLoginOfTheBaseImage(t *testing.T) {
	home, context := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(context, "Dockerfile"), []byte("FROM harbor.example/base/go:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	auth := "- registry: harbor.example\n  username: pusher\n  password: s3cret\n- registry: harbor.example\n  scope: base\n  username: robot\n  password: s3cret\n"
	j := jobWith(t, map[string]string{"HOME": home, "DOCKER_CONFIG": home}, registryInputs{RegistryAuth: Logins(auth)}, "harbor.example/acme/web")
	j.request = build.Request{Context: context}
	const robot = "cm9ib3Q6czNjcmV0" // robot:s3cret
	if got := written(t, j); !strings.Contains(got, robot) {
		t.Errorf("the base image is pulled with another login:\n%s", got)
	}
}
