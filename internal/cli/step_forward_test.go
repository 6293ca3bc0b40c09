package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/runner"
	"github.com/seed-96940006/tagboat/internal/ship"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// Two runs set latest at once: the one with the older version looked before the
// newer one was there, and wrote after it.
func TestLatestGoesOnToAVersionThatCameMeanwhile(t *testing.T) {
	host := testkit.NewRegistry(t)
	repository, err := ref.ParseRepository(host.Host + "/acme/web")
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"v1.2.0", "v1.3.0", "1.2"} {
		image, err := random.Image(64, 1)
		if err != nil {
			t.Fatal(err)
		}
		host.Put("acme/web", tag, image)
		if tag == "v1.2.0" {
			host.Put("acme/web", "latest", image)
		}
	}
	a := &app{Runner: runner.New(func(string) string { return "" }, io.Discard, io.Discard)}
	tags := []plan.Tag{
		{Name: "latest", Kind: "raw", Follows: "v1.2.0"},
		{Name: "1.2", Kind: "semver-major-minor", Follows: "v1.2.0"},
	}
	pushed := []registry.Pushed{{Repository: repository, Tag: "latest", Digest: ref.Digest(host.Digest("acme/web", "latest"))}}
	before := host.Digest("acme/web", "1.2")
	if err := a.overtaken(t.Context(), &registry.Client{}, repository, tags, pushed); err != nil {
		t.Fatal(err)
	}
	newest := host.Digest("acme/web", "v1.3.0")
	if now := host.Digest("acme/web", "latest"); now != newest || string(pushed[0].Digest) != newest {
		t.Errorf("latest is %s, and %s is told; v1.3.0 is %s", now, pushed[0].Digest, newest)
	}
	if now := host.Digest("acme/web", "1.2"); now != before {
		t.Errorf("1.2 moved to %s", now)
	}
}

// Where a registry lets nobody list, only tags that follow versions cannot be set:
// the version is pushed, and is a git tag.
func TestARegistryThatListsNothing(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no tag follows":  {nil, exitOK, "done: 1 reference"},
		"latest does":     {[]string{"--tags", "raw=latest"}, exitFailed, "the tags that follow versions are not set, all others are"},
		"so do 1.2 and 1": {[]string{"--tags", "semver-major", "--tags", "semver-major-minor"}, exitFailed, "let this login list the tags of"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY a.txt /\n", "a.txt": "a"})
			r := testkit.NewRegistry(t)
			r.Fail(testkit.RegistryFailure{Method: "GET", Path: "/tags/list", Status: 403, Code: "DENIED"})
			args := append([]string{"--images", r.Host + "/acme/web", "--tags", "version", "--claim", "hidden"}, test.args...)
			log, code := c.run("push.main", args...)
			if code != test.code || !strings.Contains(log, test.says) {
				t.Errorf("exit code %d\n%s", code, log)
			}
			if tags := c.git("tag"); tags != "v0.0.1" || r.Digest("acme/web", "v0.0.1") == "" {
				t.Errorf("git has %q, the registry %v", tags, r.Tags("acme/web"))
			}
		})
	}
}

// A pull request has no version: nothing is listed.
func TestNothingIsListedWithoutAVersion(t *testing.T) {
	c := newCheckout(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY a.txt /\n", "a.txt": "a"})
	r := testkit.NewRegistry(t)
	c.ship("pull_request.synchronize", "--images", r.Host+"/acme/web")
	if asked := strings.Join(r.Requests(), "\n"); strings.Contains(asked, "/tags/list") {
		t.Error(asked)
	}
}

// What another version keeps is no tag of this run's image.
func TestATagThatStaysIsNoOutput(t *testing.T) {
	host, kept := testkit.NewRegistry(t), testkit.NewRegistry(t)
	var images []ref.Repository
	for _, r := range []*testkit.Registry{host, kept} {
		image, err := random.Image(64, 1)
		if err != nil {
			t.Fatal(err)
		}
		r.Put("acme/web", "v1.2.0", image)
		if r == kept {
			r.Put("acme/web", "v1.3.0", image)
		} else {
			r.Put("acme/web", "v2.0.0", image)
		}
		repository, err := ref.ParseRepository(r.Host + "/acme/web")
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, repository)
	}
	tags := []plan.Tag{
		{Name: "v1.2.0", Kind: "version", Immutable: true},
		{Name: "latest", Kind: "raw", Follows: "v1.2.0"},
		{Name: "1", Kind: "semver-major", Follows: "v1.2.0"},
	}
	a := &app{Runner: runner.New(func(string) string { return "" }, io.Discard, io.Discard)}
	request := registry.PushRequest{
		From: ref.Image{Repository: images[0], Tag: "v1.2.0"}, Digest: ref.Digest(host.Digest("acme/web", "v1.2.0")), Repositories: images,
	}
	pushed, err := a.pushForward(t.Context(), &registry.Client{}, request, tags[1:])
	if err != nil {
		t.Fatal(err)
	}
	if got := tagNames(&ship.State{Tags: thatMoved(tags, pushed)}); got != "v1.2.0\n1" {
		t.Errorf("tags:\n%s", got)
	}
}

// A release behind a newer one has no tag of its own here: nothing names its image,
// so that nothing is deployed.
func TestATagThatStaysIsNotDeployed(t *testing.T) {
	c := newCheckout(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY a.txt /\n", "a.txt": "a"})
	r := testkit.NewRegistry(t)
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	r.Put("acme/web", "v99.0.0", image)
	file := filepath.Join(t.TempDir(), "app.yaml")
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    image: "
	before := pod + r.Host + "/acme/web:v99.0.0\n"
	if err := os.WriteFile(file, []byte(before), 0o644); err != nil {
		t.Fatal(err)
	}
	log := c.ship("push.tag-version", "--images", r.Host+"/acme/web", "--tags", "raw=latest",
		"--infra-repository", filepath.Dir(file), "--infra-mode", "files")
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(after) != before || !strings.Contains(log, "skipped: the tag that would be deployed stays with a newer version") {
		t.Errorf("%s\n%s", after, log)
	}
}
