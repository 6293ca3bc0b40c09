//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/registry"
)

// program writes a file when it is RUN: the images here have no shell.
const program = `package main

import "os"

func main() {
	if os.WriteFile("/made.txt", []byte("made by RUN "+os.Args[1]+"\n"), 0o644) != nil {
		os.Exit(1)
	}
}
`

// TestADockerfileWithRunIsBuiltByDocker builds with the real docker buildx, and
// once more: what is in the registry is not built again, though Docker would
// not give the same digest twice.
func TestADockerfileWithRunIsBuiltByDocker(t *testing.T) {
	if out, err := exec.Command("docker", "buildx", "inspect").CombinedOutput(); err != nil {
		t.Fatalf("docker with buildx is needed; .ci/docker start gives one: %v\n%s", err, out)
	}
	s := newShop(t)
	check(t, os.WriteFile(filepath.Join(s.dir, "tool.go"), []byte(program), 0o644))
	check(t, os.WriteFile(filepath.Join(s.dir, "Dockerfile"), []byte("FROM scratch\nARG WORD\nCOPY tool /tool\nRUN [\"/tool\", \"once\"]\nLABEL word=$WORD\n"), 0o644))
	tool := exec.Command("go", "build", "-o", "tool", "tool.go")
	tool.Dir, tool.Env = s.dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := tool.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.git(s.dir, "add", "--all")
	s.git(s.dir, "commit", "--quiet", "--message=Run a program")
	tagboat := filepath.Join(t.TempDir(), "tagboat")
	if out, err := exec.Command("go", "build", "-o", tagboat, "github.com/seed-96940006/tagboat/cmd/tagboat").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ship := func() string {
		t.Helper()
		cmd := exec.Command(tagboat, "ship", "--images", s.image, "--build-args", "WORD=x y", "--infra-repository", s.infra)
		cmd.Dir = s.dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	out := ship()
	if !strings.Contains(out, "Dockerfile:4 has RUN; docker buildx builds it") {
		t.Errorf("the log does not say why Docker builds it:\n%s", out)
	}
	image := s.tagged("v0.0.1")
	made, err := (&registry.Client{}).File(context.Background(), image, "/made.txt")
	if check(t, err); string(made) != "made by RUN once\n" {
		t.Errorf("made.txt is %q", made)
	}
	if commit := s.revision("v0.0.1"); commit != s.git(s.dir, "rev-parse", "HEAD") {
		t.Errorf("the image says it was built from %q", commit)
	}
	s.bumped("main", "v0.0.0", "v0.0.1")
	pull := exec.Command("docker", "pull", "--quiet", image.String())
	if out, err := pull.CombinedOutput(); err != nil {
		t.Errorf("docker cannot pull it: %v\n%s", err, out)
	}
	if left, err := exec.Command("docker", "images", "--quiet", "tagboat-build").Output(); err != nil || len(left) > 0 {
		t.Errorf("images stay in the daemon's store: %s, %v", left, err)
	}
	if out := ship(); !strings.Contains(out, "already so: v0.0.1 was built from this commit") {
		t.Errorf("it was built again:\n%s", out)
	}
}
