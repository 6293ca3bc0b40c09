package cli

import (
	"io"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/runner"
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
	j := &job{app: &app{Runner: runner.New(func(string) string { return "" }, io.Discard, io.Discard)}, registry: &registry.Client{}}
	tags := []plan.Tag{
		{Name: "latest", Kind: "raw", Follows: "v1.2.0"},
		{Name: "1.2", Kind: "semver-major-minor", Follows: "v1.2.0"},
	}
	pushed := []registry.Pushed{{Repository: repository, Tag: "latest", Digest: ref.Digest(host.Digest("acme/web", "latest"))}}
	before := host.Digest("acme/web", "1.2")
	if err := j.overtaken(t.Context(), repository, tags, pushed); err != nil {
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
