package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// show prints what an edit changes, and what it left alone.
func (a *app) show(edited *manifest.Result, bumped *ship.Bumped) {
	for _, w := range edited.Warnings {
		a.Warn(fault.New("E_LEFT_ALONE", "if it is deployed, address it with `fields`, or change it by hand", errors.New(w.Text)).At(w.File, w.Line))
	}
	for _, c := range edited.Changes {
		if c.Old != c.New {
			a.Printf("%s:%d %s: %s → %s", c.File, c.Line, c.Field, c.Old, c.New)
		}
	}
	for _, c := range bumped.Rendered {
		a.Printf("%s renders %s %s: %s → %s", c.Kustomization, c.Object, c.Field, c.Old, c.New)
	}
	for _, u := range bumped.Unverified {
		a.Printf("%s was not rendered: %s", u.Kustomization, u.Reason)
	}
	if pr := bumped.PullRequest; pr != nil {
		for _, note := range pr.Notes {
			a.Warn(fault.Newf("E_PR_NOTE", "", "pull request #%d: %s", pr.Number, note))
		}
		a.Printf("pull request #%d: %s", pr.Number, pr.URL)
	}
	if bumped.Diff != "" {
		a.Printf("\n%s", strings.TrimSuffix(bumped.Diff, "\n"))
	}
}

// told says what a bump came to.
func told(b *ship.Bumped, dry bool) (string, error) {
	fields := fmt.Sprintf("%s in %s", b.Image, count(len(b.Changes), "field"))
	if b.Branch != "" {
		fields += fmt.Sprintf(" on branch %q", b.Branch)
	}
	asked, moved := toldPullRequest(b.PullRequest)
	if page, ok := b.Unopened(); ok {
		asked = strings.TrimSuffix("; open its pull request, if there is none: "+page, ": ")
	}
	switch {
	case len(b.Changes) == 0 && !moved:
		return "", ship.Skip("no file names the image")
	case len(b.Changes) == 0:
		return "no file names the image" + asked, nil
	case dry && b.Diff != "":
		return "", ship.Skip(toldDry(b))
	case !b.Changed && !moved:
		return "", ship.Already(fields + asked)
	case b.Commit == "":
		return fields + asked, nil
	}
	return fmt.Sprintf("%s, commit %.12s%s", fields, b.Commit, asked), nil
}

// toldDry is what a dry run would have done.
func toldDry(b *ship.Bumped) string {
	text := "dry run: the diff is what would be written"
	if b.Branch != "" {
		text += fmt.Sprintf(" to branch %q", b.Branch)
	}
	if b.Would != "" {
		text += "; " + b.Would
	}
	return text
}

// toldPullRequest is what became of the pull request, in words, and whether that is anything.
func toldPullRequest(pr *ship.PullRequest) (text string, moved bool) {
	switch {
	case pr == nil:
		return "", false
	case pr.Operation == string(infra.Unchanged):
		return fmt.Sprintf(", pull request #%d", pr.Number), false
	}
	return fmt.Sprintf(", pull request #%d %s", pr.Number, pr.Operation), true
}
