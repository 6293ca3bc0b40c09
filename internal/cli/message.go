package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/ship"
	"github.com/seed-96940006/tagboat/internal/version"
)

// shownRendered is how many lines of rendered changes a commit's message has.
const shownRendered = 50

// texts say what a bump is told with, in commits and pull requests.
type texts struct {
	message, title, body string // templates; "" is what Tagboat says by itself
	environment          string
	run                  string // page of the run; "" outside of a workflow
	coAuthor             string // name <address>; "" is nobody
}

// texts are what the inputs and the run make of them.
func (a *app) texts(in infraInputs) texts {
	t := texts{message: in.CommitMessage, title: in.PRTitle, body: in.PRBody, environment: in.Environment, run: a.RunURL}
	if in.CoAuthor {
		t.coAuthor = coAuthor(a.Context)
	}
	return t
}

// commit is the message of the commit in the infra repository: what moved, from
// where to where, and what comes out of it, with trailers by which the history can
// be searched. Of a branch that git alone has written it is the text of the pull
// request, too, which GitHub takes from the branch's only commit.
func (t texts) commit(b *ship.Bumped) (string, error) {
	w := wordsOf(b, t.environment, t.run)
	text := fmt.Sprintf("%s: %s%s", w.Name, arrow(w.From), w.To)
	if t.message != "" {
		var err error
		if text, err = fill("commit-message", t.message, w); err != nil {
			return "", err
		}
	}
	return text + "\n\n" + rendered(b) + strings.Join(t.trailers(b), "\n") + "\n", nil
}

// trailers are the last lines of the commit's message.
func (t texts) trailers(b *ship.Bumped) []string {
	image := b.Image
	trailers := []string{"Tagboat-Image: " + image.Repository.String()}
	for _, old := range oldValues(b) {
		trailers = append(trailers, "Tagboat-From: "+old)
	}
	trailers = append(trailers, "Tagboat-To: "+strings.TrimLeft(strings.TrimPrefix(image.String(), image.Repository.String()), ":@"))
	if t.run != "" {
		trailers = append(trailers, "Tagboat-Run: "+t.run)
	}
	if t.coAuthor != "" {
		trailers = append(trailers, "Co-authored-by: "+t.coAuthor)
	}
	return trailers
}

// shownFrom is how many of the values that were there before a subject names.
const shownFrom = 3

// several are the values that were there before, in words.
func several(from []string) string {
	shown := from[:min(len(from), shownFrom)]
	text := strings.Join(shown, ", ")
	if more := len(from) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// arrow leads from what was there before to what is there now; "" where there was
// nothing.
func arrow(from string) string {
	if from == "" {
		return ""
	}
	return from + " → "
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

// oldValues are the tags and digests that were there before, each once: first the
// versions, oldest first.
func oldValues(b *ship.Bumped) []string {
	var all []string
	for _, c := range b.Changes {
		if old := was(c, b.Image.Tag); c.Old != c.New && old != "" && !slices.Contains(all, old) {
			all = append(all, old)
		}
	}
	slices.SortFunc(all, func(one, other string) int {
		return cmp.Or(inOrder(ref.Tag(one), ref.Tag(other)), cmp.Compare(one, other))
	})
	return all
}

// inOrder compares tags as versions; what is none comes after all that are.
func inOrder(one, other ref.Tag) int {
	newer, comparable := version.Newer(one, other)
	older, _ := version.Newer(other, one)
	switch {
	case newer:
		return 1
	case older:
		return -1
	case comparable, isVersion(one) == isVersion(other):
		return 0
	case isVersion(one):
		return -1
	}
	return 1
}

func isVersion(tag ref.Tag) bool {
	_, comparable := version.Newer(tag, tag)
	return comparable
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
