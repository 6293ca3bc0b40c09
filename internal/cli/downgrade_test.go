package cli

import (
	"errors"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/ship"
)

func TestNoNewerVersionIsTakenBack(t *testing.T) {
	const same, skips, fails = "", "skips", "fails"
	cases := map[string]struct {
		old, new  string
		mayBeLate bool
		attempt   int
		allowed   bool
		want      string
	}{
		"an older one":                     {old: "v0.0.7", new: "v0.0.8", want: same},
		"a newer one":                      {old: "v0.0.9", new: "v0.0.8", want: fails},
		"a newer one, of a run":            {old: "v0.0.9", new: "v0.0.8", mayBeLate: true, want: skips},
		"one that came meanwhile":          {old: "v0.0.9", new: "v0.0.8", attempt: 2, want: skips},
		"a newer one, allowed":             {old: "v0.0.9", new: "v0.0.8", allowed: true, want: same},
		"one that came, allowed":           {old: "v0.0.9", new: "v0.0.8", attempt: 2, allowed: true, want: same},
		"a rebuild":                        {old: "v0.0.8-1", new: "v0.0.8", want: fails},
		"no version":                       {old: "pr-7", new: "v0.0.8", want: same},
		"in a reference that gets pinned":  {old: "a/web:v0.0.9", new: "a/web@sha256:0", want: fails},
		"in a tag with its digest":         {old: "v0.0.9@sha256:1", new: "v0.0.8@sha256:0", want: fails},
		"without v":                        {old: "0.0.9", new: "0.0.8", want: fails},
		"in an image of Argo CD":           {old: "web=a/web:v0.0.9", new: "web=a/web:v0.0.8", want: fails},
		"in a registry with a port":        {old: "host:5000/web:v0.0.9", new: "host:5000/web:v0.0.8", want: fails},
		"a name that looks like a version": {old: "a/v0.0.9", new: "a/v0.0.9:v0.0.8", want: same},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := reference{Bump: plan.Bump{AllowDowngrade: c.allowed}, image: ref.Image{Tag: "v0.0.8"}, mayBeLate: c.mayBeLate}
			err := r.takesBack([]manifest.Change{{File: "a.yaml", Line: 3, Old: c.old, New: c.new}}, max(1, c.attempt))
			got := same
			if _, ok := errors.AsType[ship.Skip](err); ok {
				got = skips
			} else if fault.Is(err, "E_DOWNGRADE") {
				got = fails
			}
			if got != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
