package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/runner"
)

// standIn is an image that a pull request left, and why it will do.
type standIn struct {
	image ref.Image
	words string
}

// retag looks for an image of the pull request that was merged which is what
// would be built now. It is looked for once.
func (j *job) retag(ctx context.Context) (standIn, bool) {
	if j.standIn == nil {
		found := j.findStandIn(ctx)
		j.standIn = &found
	}
	return *j.standIn, j.standIn.image != (ref.Image{})
}

func (j *job) findStandIn(ctx context.Context) standIn {
	p := j.state.Plan
	event, err := j.Event(j.in.EventName, j.in.Event)
	opened := event.PullRequest != nil && !event.PullRequest.Merged
	if err != nil || opened || !p.Push.Do || j.origin.Files == "" {
		return standIn{}
	}
	switch {
	case j.in.Rebuild == "always":
		j.Printf("no image of a pull request is looked for: `rebuild: always`")
		return standIn{}
	case j.in.Suffix != "": // an old number is built once more to get another image
		return standIn{}
	}
	for _, tag := range mergedTags(j.in.Tags, event, commitText(ctx, p.Build.Context, p.Commit.SHA)) {
		for _, repository := range p.Images {
			if found, ok := j.judge(ctx, ref.Image{Repository: repository, Tag: tag}); ok {
				return found
			}
		}
	}
	return standIn{}
}

// judge asks a registry about one image. A registry that cannot be asked, or does
// not have it, is no reason to stop: the image is built.
func (j *job) judge(ctx context.Context, image ref.Image) (standIn, bool) {
	found, err := j.registry.Revision(ctx, image)
	if fault.Is(err, "E_IMAGE_MISSING") || fault.Is(err, "E_PUSH_DENIED") { // "denied" is what some say of what is missing
		return standIn{}, false
	}
	if err != nil {
		j.Printf("%s cannot be asked what it was built from: %v", image, err)
		return standIn{}, false
	}
	ok, differs := j.origin.same(found)
	if !ok {
		j.Printf("%s %s", image, differs)
		return standIn{}, false
	}
	image.Digest = found.Digest
	from, gets := "files", "gets"
	if found.Tree != "" && found.Tree == j.origin.tree {
		from = fmt.Sprintf("tree (%.12s)", found.Tree)
	}
	if j.state.DryRun {
		gets = "would get"
	}
	return standIn{image, fmt.Sprintf("%s was built from the same %s with the same inputs: its image %s %s the new tags, nothing is built",
		image.Tag, from, image.Digest.Short(), gets)}, true
}

// commitText is a commit as git stores it: also a shallow one names its parents
// there. It is "" where the checkout does not have it.
func commitText(ctx context.Context, folder, commit string) string {
	if commit == "" {
		return ""
	}
	text, err := gitIn(folder).Run(ctx, gitCall("cat-file", "commit", commit))
	if err != nil {
		return ""
	}
	return text
}

// mergeForm and squashForm are the headlines that GitHub gives to the commits by
// which it merges a pull request; parentForm is a line of a commit's header.
var (
	mergeForm  = pattern.New(`^Merge pull request #(\d+) from `)
	squashForm = pattern.New(`\(#(\d+)\)$`)
	parentForm = pattern.New(`(?m)^parent ([0-9a-f]{40,64})$`)
)

// mergedTags are the tags that the images of a merged pull request have, likely
// ones first: those of the rules, and those that there are without any. They are
// guesses: what an image says of itself decides.
func mergedTags(rules []string, e runner.Event, commit string) []ref.Tag {
	numbers, heads := mergedPullRequest(e, commit)
	all, _ := plan.ParseRules(append(slices.Clone(rules), "pr", "sha")) // mistakes were told before
	var tags []ref.Tag
	add := func(r plan.Rule, name string) {
		if tag := ref.Tag(r.Prefix + name + r.Suffix); !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	for _, rule := range all {
		for _, number := range numbers {
			if rule.Kind == "pr" {
				add(rule, number)
			}
		}
	}
	for _, rule := range all {
		for _, head := range heads {
			switch {
			case rule.Kind == "sha" && rule.Value == "long":
				add(rule, head)
			case rule.Kind == "sha":
				add(rule, fmt.Sprintf("%.12s", head))
			}
		}
	}
	return tags
}

// mergedPullRequest reads the number of the pull request, and its head, off the
// event and off the commit that merged it.
func mergedPullRequest(e runner.Event, commit string) (numbers, heads []string) {
	if pr := e.PullRequest; pr != nil {
		numbers, heads = append(numbers, strconv.Itoa(pr.Number)), append(heads, pr.HeadSHA)
	}
	header, message, _ := strings.Cut(commit, "\n\n")
	headline, _, _ := strings.Cut(message, "\n")
	for _, form := range []pattern.Pattern{mergeForm, squashForm} {
		if found := form.FindStringSubmatch(strings.TrimSpace(headline)); found != nil {
			numbers = append(numbers, found[1])
		}
	}
	if parents := parentForm.Regexp().FindAllStringSubmatch(header, -1); len(parents) > 1 {
		heads = append(heads, parents[1][1])
	}
	return numbers, heads
}
