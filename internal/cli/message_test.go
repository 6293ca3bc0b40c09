package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/render"
	"github.com/seed-96940006/tagboat/internal/ship"
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
		}, "", "web: v0.0.7, pr-11 → v0.0.8\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-From: v0.0.7\nTagboat-From: pr-11\nTagboat-To: v0.0.8\n"},
		"a digest": {manifest.PinDigest, []manifest.Change{{Old: old, New: now}}, "",
			"web: sha256:aaaaaaaaaaaa → sha256:bbbbbbbbbbbb\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-From: sha256:aaaaaaaaaaaa\nTagboat-To: " + now + "\n"},
		"both": {manifest.PinBoth, []manifest.Change{{Old: "ghcr.io/acme/web:v0.0.7@" + old, New: "ghcr.io/acme/web:v0.0.8@" + now}}, "",
			"web: v0.0.7 → v0.0.8\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-From: v0.0.7\nTagboat-To: v0.0.8@" + now + "\n"},
		"no tag before": {manifest.PinTag, []manifest.Change{{Old: "ghcr.io/acme/web", New: "ghcr.io/acme/web:v0.0.8"}}, "",
			"web: v0.0.8\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-To: v0.0.8\n"},
		"versions by their number": {manifest.PinTag, []manifest.Change{
			{Old: "latest", New: "v0.0.8"}, {Old: "v0.0.10", New: "v0.0.8"}, {Old: "v0.0.9", New: "v0.0.8"}, {Old: "0.0.9", New: "v0.0.8"},
		}, "", "web: 0.0.9, v0.0.9, v0.0.10 and 1 more → v0.0.8\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-From: 0.0.9\n" +
			"Tagboat-From: v0.0.9\nTagboat-From: v0.0.10\nTagboat-From: latest\nTagboat-To: v0.0.8\n"},
		"more than a subject holds": {manifest.PinTag, []manifest.Change{
			{Old: "v0.0.7", New: "v0.0.8"}, {Old: "v0.0.6", New: "v0.0.8"}, {Old: "v0.0.5", New: "v0.0.8"}, {Old: "v0.0.4", New: "v0.0.8"},
		}, "", "web: v0.0.4, v0.0.5, v0.0.6 and 1 more → v0.0.8\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-From: v0.0.4\n" +
			"Tagboat-From: v0.0.5\nTagboat-From: v0.0.6\nTagboat-From: v0.0.7\nTagboat-To: v0.0.8\n"},
	}
	image, err := ref.ParseImage("ghcr.io/acme/web:v0.0.8@" + now)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := &ship.Bumped{Image: c.pin.Of(image), Changes: c.changes}
			if diff := cmp.Diff(c.want, mustMessage(t, texts{run: c.run}, b)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAMessageShowsWhatIsRendered(t *testing.T) {
	image, err := ref.ParseImage("ghcr.io/acme/web:v0.0.8")
	if err != nil {
		t.Fatal(err)
	}
	b := &ship.Bumped{
		Image:   image,
		Changes: []manifest.Change{{Old: "v0.0.7", New: "v0.0.8"}},
		Rendered: []render.Change{{
			Kustomization: "apps/web", Object: "Deployment shop/web", Field: ".spec.template.spec.containers[0].image",
			Old: "ghcr.io/acme/web:v0.0.7", New: "ghcr.io/acme/web:v0.0.8\n```\n@acme",
		}},
		Unverified: []render.Unverified{{Kustomization: "apps/far", Reason: "it takes in git@host:a/b"}},
	}
	want := "web: v0.0.7 → v0.0.8\n\nRendered by kustomize:\n\n```diff\n" +
		"@@ apps/web: Deployment shop/web .spec.template.spec.containers[0].image @@\n" +
		"-ghcr.io/acme/web:v0.0.7\n+ghcr.io/acme/web:v0.0.8 ``` @acme\n" +
		"! apps/far was not rendered: it takes in git@host:a/b\n```\n\n" +
		"Tagboat-Image: ghcr.io/acme/web\nTagboat-From: v0.0.7\nTagboat-To: v0.0.8\n"
	if diff := cmp.Diff(want, mustMessage(t, texts{}, b)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for len(b.Rendered) < 1000 {
		b.Rendered = append(b.Rendered, b.Rendered[0])
	}
	if got := mustMessage(t, texts{}, b); strings.Count(got, "\n") > shownRendered+20 || !strings.Contains(got, "\nand 985 more\n") {
		t.Errorf("of 1001 entries: %s", got)
	}
}

func TestWhatWasThere(t *testing.T) {
	old, now := "sha256:"+strings.Repeat("a", 64), "sha256:"+strings.Repeat("b", 64)
	for name, c := range map[string]struct{ old, new, want string }{
		"a tag":                         {"v0.0.7", "v0.0.8", "v0.0.7"},
		"a version without v":           {"0.0.7", "0.0.8", "0.0.7"},
		"a reference":                   {"127.0.0.1:5000/web:v0.0.7", "127.0.0.1:5000/web:v0.0.8", "v0.0.7"},
		"an image of Argo CD":           {"web=ghcr.io/acme/web:v0.0.7", "web=ghcr.io/acme/web:v0.0.8", "v0.0.7"},
		"a tag with its digest":         {"v0.0.7@" + old, "v0.0.8@" + now, "v0.0.7"},
		"a reference with both":         {"web:v0.0.7@" + old, "web:v0.0.8@" + now, "v0.0.7"},
		"from a tag to a digest":        {"web:v0.0.7", "web@" + now, "v0.0.7"},
		"from a digest to a tag":        {"web@" + old, "web:v0.0.8", "sha256:aaaaaaaaaaaa"},
		"a digest":                      {old, now, "sha256:aaaaaaaaaaaa"},
		"a digest without its prefix":   {old[7:], now[7:], "sha256:aaaaaaaaaaaa"},
		"a reference by digest":         {"web@" + old, "web@" + now, "sha256:aaaaaaaaaaaa"},
		"a bare name":                   {"web", "web:v0.0.8", ""},
		"a bare name on a port":         {"localhost:5000/web", "localhost:5000/web:v0.0.8", ""},
		"nothing":                       {"", "v0.0.8", ""},
		"no digest":                     {"", now, ""},
		"a name that ends like the tag": {"web-v0.0.8:v0.0.7", "web-v0.0.8:v0.0.8", "v0.0.7"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := was(manifest.Change{Old: c.old, New: c.new}, "v0.0.8"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func mustMessage(t *testing.T, say texts, b *ship.Bumped) string {
	t.Helper()
	message, err := say.commit(b)
	if err != nil {
		t.Fatal(err)
	}
	return message
}
