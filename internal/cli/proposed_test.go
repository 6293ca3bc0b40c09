package cli

import (
	"context"
	"errors"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/ship"
)

func TestWhatStandsProposed(t *testing.T) {
	web, err := ref.ParseRepository("ghcr.io/acme/web")
	if err != nil {
		t.Fatal(err)
	}
	edit := func(image string) string { return string(wish(t, image).data()) }
	const apart = "web: v0.0.7 → v0.0.8\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-From: v0.0.7\nTagboat-To: v0.0.8\n"
	for name, c := range map[string]struct {
		message string
		want    ref.Tag
	}{
		"nothing":       {"", ""},
		"a tag":         {apart, "v0.0.8"},
		"with a digest": {"x\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-To: v0.0.8@sha256:aa\n", "v0.0.8"},
		"a digest":      {"x\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-To: sha256:aa\n", "sha256:aa"},
		"another image": {"x\n\nTagboat-Image: ghcr.io/acme/api\nTagboat-To: v0.0.9\n", ""},
		"one of two": {"x\n\nTagboat-Image: ghcr.io/acme/api\nTagboat-To: v0.0.9\nTagboat-Image: ghcr.io/acme/web\nTagboat-To: v0.0.8\n" +
			"Tagboat-Image: ghcr.io/acme/db\nTagboat-To: v0.0.1\n", "v0.0.8"},
		"the slot's, of one image in two places": {"x\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-To: v0.0.9\nTagboat-Edit: web-2 - " + edit("ghcr.io/acme/web:v0.0.9") +
			"\nTagboat-Image: ghcr.io/acme/web\nTagboat-To: v0.0.8\nTagboat-Edit: web-1 5ec2 " + edit("ghcr.io/acme/web:v0.0.8") + "\n", "v0.0.8"},
		"another slot's alone": {apart + "Tagboat-Edit: web-2 - " + edit("ghcr.io/acme/web:v0.0.8") + "\n", ""},
		"a broken edit":        {apart + "Tagboat-Edit: web-1 - {\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := proposedTag(c.message, "web-1", web); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// shelf is an infra repository on which something stands proposed.
type shelf struct {
	infra.Repo
	message string
}

func (s shelf) Standing(context.Context, *infra.Snapshot, string) (string, error) {
	return s.message, nil
}

func TestNoNewerProposalIsTakenBack(t *testing.T) {
	repo := shelf{message: "x\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-To: v0.0.9\n"}
	for name, c := range map[string]struct {
		image   string
		change  func(*reference)
		attempt int
		want    string // "", skips or fails
	}{
		"an older one":            {"ghcr.io/acme/web:v0.0.8", nil, 1, "fails"},
		"an older one, of a run":  {"ghcr.io/acme/web:v0.0.8", func(r *reference) { r.mayBeLate = true }, 1, "skips"},
		"one that came meanwhile": {"ghcr.io/acme/web:v0.0.8", nil, 2, "skips"},
		"allowed":                 {"ghcr.io/acme/web:v0.0.8", func(r *reference) { r.AllowDowngrade = true }, 1, ""},
		"a commit":                {"ghcr.io/acme/web:v0.0.8", func(r *reference) { r.Mode = plan.ModeCommit }, 1, ""},
		"the same":                {"ghcr.io/acme/web:v0.0.9", nil, 1, ""},
		"a newer one":             {"ghcr.io/acme/web:v0.0.10", nil, 1, ""},
		"no version":              {"ghcr.io/acme/web:main", nil, 1, ""},
		"another image":           {"ghcr.io/acme/api:v0.0.8", nil, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := wish(t, c.image)
			r.Mode = plan.ModePullRequest
			if c.change != nil {
				c.change(&r)
			}
			err := r.outdoes(t.Context(), repo, &infra.Snapshot{}, c.attempt)
			got := ""
			if _, skipped := errors.AsType[ship.Skip](err); skipped {
				got = "skips"
			} else if fault.Is(err, "E_DOWNGRADE") {
				got = "fails"
			}
			if got != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
