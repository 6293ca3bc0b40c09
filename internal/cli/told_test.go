package cli

import (
	"testing"

	"github.com/seed-96940006/tagboat/internal/ship"
)

func TestWhatABumpIsToldToBe(t *testing.T) {
	const fields = "ghcr.io/acme/web:v0.0.8 in 4 fields"
	pr := func(operation string) *ship.PullRequest { return &ship.PullRequest{Number: 7, Operation: operation} }
	cases := map[string]struct {
		change func(*ship.Bumped)
		dry    bool
		want   string // its text, with what kind of end it is
	}{
		"a folder":           {change: func(b *ship.Bumped) { b.Changed = true }, want: "done: " + fields},
		"a commit":           {change: func(b *ship.Bumped) { b.Changed, b.Branch, b.Commit = true, "main", "0123456789abcdef" }, want: "done: " + fields + ` on branch "main", commit 0123456789ab`},
		"so already":         {change: func(b *ship.Bumped) { b.Branch = "main" }, want: "already: " + fields + ` on branch "main"`},
		"a dry run":          {change: func(b *ship.Bumped) { b.Diff = "x" }, dry: true, want: "skip: dry run: the diff is what would be written"},
		"a dry run's commit": {change: func(b *ship.Bumped) { b.Diff, b.Branch = "x", "main" }, dry: true, want: `skip: dry run: the diff is what would be written to branch "main"`},
		"a dry run's proposal": {change: func(b *ship.Bumped) {
			b.Diff, b.Branch, b.Would = "x", "tagboat/web-prod", "a pull request would be opened"
		}, dry: true,
			want: `skip: dry run: the diff is what would be written to branch "tagboat/web-prod"; a pull request would be opened`},
		"a branch by git": {change: func(b *ship.Bumped) {
			b.Changed, b.Base, b.Branch, b.Commit, b.Page = true, "release/1", "tagboat/web-prod", "0123456789abcdef", "https://github.com/acme/infra"
		}, want: "done: " + fields + ` on branch "tagboat/web-prod", commit 0123456789ab; open its pull request, if there is none: https://github.com/acme/infra/compare/release/1...tagboat/web-prod?expand=1`},
		"a branch elsewhere": {change: func(b *ship.Bumped) { b.Base, b.Branch, b.Commit = "main", "tagboat/web-prod", "0123456789abcdef" },
			want: "already: " + fields + ` on branch "tagboat/web-prod"; open its pull request, if there is none`},
		"nothing is named":   {change: func(b *ship.Bumped) { b.Changes = nil }, want: "skip: no file names the image"},
		"a pull request":     {change: func(b *ship.Bumped) { b.Changed, b.PullRequest = true, pr("created") }, want: "done: " + fields + ", pull request #7 created"},
		"one that stands":    {change: func(b *ship.Bumped) { b.PullRequest = pr("none") }, want: "already: " + fields + ", pull request #7"},
		"one that is closed": {change: func(b *ship.Bumped) { b.PullRequest = pr("closed") }, want: "done: " + fields + ", pull request #7 closed"},
		"one for nothing":    {change: func(b *ship.Bumped) { b.Changes, b.PullRequest = nil, pr("closed") }, want: "done: no file names the image, pull request #7 closed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := moved(t)
			c.change(b)
			text, err := told(b, c.dry)
			got := "done: " + text
			switch e := err.(type) {
			case ship.Skip:
				got = "skip: " + string(e)
			case ship.Already:
				got = "already: " + string(e)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
