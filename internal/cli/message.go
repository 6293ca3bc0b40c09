package cli

import (
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// shownRendered is how many lines of rendered changes a commit's message has.
const shownRendered = 50

// message is that of the commit in the infra repository: what moved, from where
// to where, and what comes out of it, with trailers by which the history can be
// searched. It is the text of a pull request, too, which GitHub takes from the
// only commit of a branch.
func message(b *ship.Bumped, runURL string) string {
	from := oldValues(b)
	image := b.Image
	to := string(image.Tag)
	if to == "" {
		to = image.Digest.Short()
	}
	subject := fmt.Sprintf("%s: %s%s", image.Repository.Base(), arrow(from), to)
	trailers := []string{"Tagboat-Image: " + image.Repository.String()}
	for _, old := range from {
		trailers = append(trailers, "Tagboat-From: "+old)
	}
	trailers = append(trailers, "Tagboat-To: "+strings.TrimLeft(strings.TrimPrefix(image.String(), image.Repository.String()), ":@"))
	if runURL != "" {
		trailers = append(trailers, "Tagboat-Run: "+runURL)
	}
	return subject + "\n\n" + rendered(b) + strings.Join(trailers, "\n") + "\n"
}

// shownFrom is how many of the values that were there before a subject names.
const shownFrom = 3

// arrow leads from the values that were there before to the new one; "" where
// there were none.
func arrow(from []string) string {
	if len(from) == 0 {
		return ""
	}
	shown := from[:min(len(from), shownFrom)]
	text := strings.Join(shown, ", ")
	if more := len(from) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text + " → "
}

// rendered is the paragraph with the rendered changes, "" where there are none.
func rendered(b *ship.Bumped) string {
	diff, left := b.RenderedDiff(shownRendered)
	switch {
	case diff == "":
		return ""
	case left > 0:
		return fmt.Sprintf("Rendered by kustomize:\n\n```diff\n%s```\n\nand %d more\n\n", diff, left)
	}
	return fmt.Sprintf("Rendered by kustomize:\n\n```diff\n%s```\n\n", diff)
}

// oldValues are the tags and digests that were there before, each once.
func oldValues(b *ship.Bumped) []string {
	var all []string
	for _, c := range b.Changes {
		if old := was(c, b.Image.Tag); c.Old != c.New && old != "" && !slices.Contains(all, old) {
			all = append(all, old)
		}
	}
	slices.Sort(all)
	return all
}

// was is the tag that stood in a field before its change to the new tag; or else
// the digest, shortened; or "". The field may hold both, and more in front of them.
func was(c manifest.Change, tag ref.Tag) string {
	for _, prefix := range []string{"", "sha256:"} { // charts may write a digest without it
		if digest, err := ref.ParseDigest(prefix + c.Old); err == nil {
			return digest.Short()
		}
	}
	old, digest, _ := strings.Cut(c.Old, "@")
	name, _, _ := strings.Cut(c.New, "@")
	if name == string(tag) || "v"+name == string(tag) { // the field holds no more
		return old
	}
	if tag, ok := strings.CutPrefix(old, strings.TrimSuffix(name, ":"+string(tag))+":"); ok {
		return tag
	}
	return ref.Digest(digest).Short()
}

// proposalBranch is the one branch of pull-request mode for an image in one place,
// the same in every run, so that a newer bump moves it instead of adding another.
// The hash keeps apart what only looks the same: images of one name in two
// registries, two branches that are deployed, and two sets of files or fields,
// such as those of environments.
func proposalBranch(image ref.Repository, b plan.Bump) string {
	place := append([]string{image.String(), b.Branch}, sorted(b.Paths, path.Clean)...)
	if len(b.Exclude) > 0 {
		place = append(append(place, "exclude:"), sorted(b.Exclude, path.Clean)...)
	}
	if len(b.Fields) > 0 {
		place = append(append(place, "fields:"), sorted(b.Fields, canonical)...)
	}
	sum := sha256.Sum256([]byte(strings.Join(place, "\n")))
	return fmt.Sprintf("tagboat/%s-%x", image.Base(), sum[:4])
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
