//go:build e2e

package e2e

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inspected is what docker knows of an image that it has.
type inspected struct {
	ID          string `json:"Id"`
	RepoDigests []string
	Config      struct{ Labels map[string]string }
}

// pull lets the real docker pull an image and tells what it got. The image is
// removed again, so that nothing is there the next time.
func (l *lab) pull(image string) (got inspected) {
	l.t.Helper()
	l.output("docker", "pull", "--quiet", image)
	defer l.output("docker", "image", "rm", "--force", image)
	var all []inspected
	check(l.t, json.Unmarshal([]byte(l.output("docker", "image", "inspect", image)), &all))
	return all[0]
}

// file is a file in an image that docker pulls.
func (l *lab) file(image, name string) string {
	l.t.Helper()
	l.output("docker", "pull", "--quiet", image)
	defer l.output("docker", "image", "rm", "--force", image)
	container := l.output("docker", "create", image, "none")
	defer l.output("docker", "rm", container)
	to := filepath.Join(l.t.TempDir(), "file")
	l.output("docker", "cp", container+":"+name, to)
	data, err := os.ReadFile(to)
	check(l.t, err)
	return string(data)
}

// tarOf puts a folder into a tar.
func tarOf(t *testing.T, folder, file string) {
	t.Helper()
	to, err := os.Create(file)
	check(t, err)
	w := tar.NewWriter(to)
	check(t, w.AddFS(os.DirFS(folder)))
	check(t, errors.Join(w.Close(), to.Close()))
}

// lines are those of a text, without what is around them.
func lines(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }
