//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// TestOneBuildGoesToThreeKindsOfRegistries pushes to Docker's own registry with a
// login and a certificate of a private authority, to its successor and to that of
// go-containerregistry on disk. Docker pulls the image by its tag and by its digest.
func TestOneBuildGoesToThreeKindsOfRegistries(t *testing.T) {
	l := newLab(t)
	guarded, successor := l.private(), startServer(t, "distribution", t.TempDir()).address()
	onDisk := testkit.NewRegistry(t, testkit.RegistryOnDisk(t.TempDir())).Host
	hosts := []string{guarded, successor, onDisk}
	args := []string{"build"}
	for _, host := range hosts {
		args = append(args, "--images", host+"/acme/web")
	}
	built := l.knowing(guarded).verb(args...)
	if built.Tag != "v0.0.1" {
		t.Fatalf("it built %+v", built)
	}
	head := l.output("git", "rev-parse", "HEAD")
	want, err := os.ReadFile(filepath.Join(l.dir, "index.html"))
	check(t, err)

	client := l.loggedIn(guarded)
	manifests := map[string]bool{}
	for _, host := range hosts {
		name := host + "/acme/web"
		manifests[client.raw(name+":v0.0.1", built.Digest)] = true
		for _, image := range []string{name + ":v0.0.1", name + "@" + built.Digest} {
			got := client.pull(image)
			if !slices.Contains(got.RepoDigests, name+"@"+built.Digest) {
				t.Errorf("docker says that %s has the digests %v", image, got.RepoDigests)
			}
			if label := got.Config.Labels["org.opencontainers.image.revision"]; label != head {
				t.Errorf("docker says that %s was built from %q, want %q", image, label, head)
			}
		}
		if got := client.file(name+":v0.0.1", "/srv/site/index.html"); got != string(want) {
			t.Errorf("docker finds %q in %s, want %q", got, host, want)
		}
	}
	if len(manifests) != 1 {
		t.Errorf("%d different manifests", len(manifests))
	}
}
