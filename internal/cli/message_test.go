package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/ref"
)

func TestMessage(t *testing.T) {
	old, now := "sha256:"+strings.Repeat("a", 64), "sha256:"+strings.Repeat("b", 64)
	cases := map[string]struct {
		pin     manifest.Pin
		changes []manifest.Change
		run     string
		want    string
	}{
		"one tag": {manifest.PinTag, []manifest.Change{
			{Old: "v0.0.7", New: "v0.0.8"}, {Old: "ghcr.io/acme/web:v0.0.7", New: "ghcr.io/acme/web:v0.0.8"},
		}, "https://github.example/acme/web/actions/runs/42",
			"web: v0.0.7 → v0.0.8\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-From: v0.0.7\nTagboat-To: v0.0.8\nTagboat-Run: https://github.example/acme/web/actions/runs/42\n"},
		"several, and one that is so already": {manifest.PinTag, []manifest.Change{
			{Old: "v0.0.7", New: "v0.0.8"}, {Old: "pr-11", New: "v0.0.8"}, {Old: "v0.0.8", New: "v0.0.8"},
		}, "", "web: → v0.0.8\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-From: pr-11\nTagboat-From: v0.0.7\nTagboat-To: v0.0.8\n"},
		"a digest": {manifest.PinDigest, []manifest.Change{{Old: old, New: now}}, "",
			"web: sha256:aaaaaaaaaaaa → sha256:bbbbbbbbbbbb\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-From: sha256:aaaaaaaaaaaa\nTagboat-To: " + now + "\n"},
		"both": {manifest.PinBoth, []manifest.Change{{Old: "ghcr.io/acme/web:v0.0.7@" + old, New: "ghcr.io/acme/web:v0.0.8@" + now}}, "",
			"web: v0.0.7 → v0.0.8\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-From: v0.0.7\nTagboat-To: v0.0.8@" + now + "\n"},
		"no tag before": {manifest.PinTag, []manifest.Change{{Old: "ghcr.io/acme/web", New: "ghcr.io/acme/web:v0.0.8"}}, "",
			"web: → v0.0.8\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-To: v0.0.8\n"},
	}
	image, err := ref.ParseImage("ghcr.io/acme/web:v0.0.8@" + now)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, message(image, c.pin, c.changes, c.run)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestProposalsForTwoPlacesNeverShareABranch(t *testing.T) {
	seen := map[string]string{}
	for _, c := range []struct {
		image, base string
		paths       []string
	}{
		{"ghcr.io/acme/web", "", nil},
		{"docker.io/acme/web", "", nil},
		{"ghcr.io/acme/web", "production", nil},
		{"ghcr.io/acme-web/web", "", nil},
		{"ghcr.io/acme/web", "", []string{"apps/web/demo"}},
		{"ghcr.io/acme/web", "", []string{"apps/web/prod"}},
		{"127.0.0.1:5000/a/b/web", "feature/x", nil},
	} {
		image, err := ref.ParseRepository(c.image)
		if err != nil {
			t.Fatal(err)
		}
		branch := proposalBranch(image, c.base, c.paths)
		if other, taken := seen[branch]; taken {
			t.Errorf("%+v shares %s with %s", c, branch, other)
		}
		if again := append(slices.Clone(c.paths), c.paths...); branch != proposalBranch(image, c.base, again) {
			t.Errorf("%+v: the same paths twice are another branch", c)
		}
		if branch != proposalBranch(image, c.base, c.paths) || !strings.HasPrefix(branch, "tagboat/web-") {
			t.Errorf("%+v: branch %q", c, branch)
		}
		seen[branch] = c.image
	}
}
