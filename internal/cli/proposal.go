package cli

import (
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// proposal is how the infra repository puts a bump before people; empty where it
// does not.
func proposal(b plan.Bump) infra.Proposal {
	pr := b.PullRequest
	if pr == nil {
		return infra.Proposal{}
	}
	return infra.Proposal{
		Branch: proposalBranch(b), Labels: pr.Labels, Reviewers: pr.Reviewers, TeamReviewers: pr.TeamReviewers,
		Assignees: pr.Assignees, Draft: pr.Draft, AutoMerge: infra.MergeMethod(pr.AutoMerge),
	}
}

// proposalBranch is the one branch of pull-request mode for an image in one place,
// the same in every run, so that a newer bump moves it instead of adding another.
// An environment is the place's name; its branch, and one that is given, may be that
// of several bumps, which sharedSlot keeps apart.
func proposalBranch(b plan.Bump) string {
	switch {
	case b.PullRequest != nil && b.PullRequest.Branch != "":
		return b.PullRequest.Branch
	case b.Environment != "":
		return "tagboat/" + path.Base(b.Image) + "-" + b.Environment
	}
	return "tagboat/" + slotOf(b)
}

// slotOf names an image in one place, the same in every run. The hash keeps apart
// what only looks the same: images of one name in two registries, two branches
// that are deployed, and two sets of files or fields.
func slotOf(b plan.Bump) string {
	place := append([]string{b.Image, b.Branch}, sorted(b.Paths, path.Clean)...)
	if len(b.Exclude) > 0 {
		place = append(append(place, "exclude:"), sorted(b.Exclude, path.Clean)...)
	}
	if len(b.Fields) > 0 {
		place = append(append(place, "fields:"), sorted(b.Fields, canonical)...)
	}
	if b.Environment != "" {
		place = append(place, "environment:", b.Environment)
	}
	sum := sha256.Sum256([]byte(strings.Join(place, "\n")))
	return fmt.Sprintf("%s-%x", path.Base(b.Image), sum[:4])
}

// sharedSlot is the slot of a bump that may share its pull request: one whose
// branch does not tell its place, since it was given, or is the environment's. "" shares
// none.
func sharedSlot(b plan.Bump) string {
	if b.PullRequest == nil || b.PullRequest.Branch == "" && b.Environment == "" {
		return ""
	}
	return slotOf(b)
}

// canonical is the one form of an address that may be written in several.
func canonical(field string) string {
	address, err := manifest.ParseAddress(field)
	if err != nil {
		return field
	}
	return address.String()
}

// sorted are the values in one form, each once.
func sorted(values []string, form func(string) string) []string {
	var all []string
	for _, v := range values {
		all = append(all, form(v))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// pullRequest is the title and the text of the pull request for a bump; a title
// that is "" is the first line of the commit's message.
func (t texts) pullRequest(b *ship.Bumped, s source) (title, body string, err error) {
	w := wordsOf(b, t.environment, t.run)
	if t.title != "" {
		if title, err = fill("pr-title", t.title, w); err != nil {
			return "", "", err
		}
		title = strings.Join(strings.Fields(title), " ")
	}
	body = report.Proposal(b, t.links(b, s))
	if t.body != "" {
		above, err := fill("pr-body", t.body, w)
		if err != nil {
			return "", "", err
		}
		body = above + "\n\n" + body
	}
	return title, body, nil
}
