//go:build e2e

package e2e

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestWhatDockerSavesIsPushed pushes archives that others wrote: docker save, and
// crane in its format and as an OCI layout. Docker then pulls the image that it had.
func TestWhatDockerSavesIsPushed(t *testing.T) {
	l := newLab(t)
	guarded, successor := l.private(), startServer(t, "distribution", t.TempDir()).address()
	built := l.verb("build", "--images", successor+"/acme/web")
	original := successor + "/acme/web:" + built.Tag
	known, client := l.knowing(guarded), l.loggedIn(guarded)
	was := client.pull(original)
	for name, test := range map[string]struct {
		write func(file string)
		same  bool // its manifest is the one that was built
	}{
		"docker": {write: func(file string) {
			client.output("docker", "pull", "--quiet", original)
			defer client.output("docker", "image", "rm", "--force", original)
			client.output("docker", "save", "--output", file, original)
		}},
		"crane": {write: func(file string) { client.output("crane", "pull", original, file) }},
		"oci": {same: true, write: func(file string) {
			folder := t.TempDir()
			client.output("crane", "pull", "--format=oci", original, folder)
			tarOf(t, folder, file)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			file, image := filepath.Join(t.TempDir(), "image.tar"), guarded+"/acme/"+name
			test.write(file)
			known, client := known.at(t), client.at(t)
			push := []string{"push", "--from", file, "--images", image, "--tags", "raw=nightly"}
			pushed := known.verb(push...)
			if same := pushed.Digest == built.Digest; same != test.same {
				t.Errorf("it pushed %s, and was built as %s", pushed.Digest, built.Digest)
			}
			client.raw(image+":nightly", pushed.Digest)
			got := client.pull(image + ":nightly")
			if got.ID != was.ID {
				t.Errorf("docker pulls the image %s, and it was %s", got.ID, was.ID)
			}
			if !slices.Contains(got.RepoDigests, image+"@"+pushed.Digest) {
				t.Errorf("docker says that its digests are %v, want %s", got.RepoDigests, pushed.Digest)
			}
			if log := known.log(push...); !slices.Contains(lines(log), "already so: 1 reference, nothing was sent") {
				t.Errorf("once more it sent something:\n%s", log)
			}
		})
	}
}
