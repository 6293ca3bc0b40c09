package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/near"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// shown is how many images an error lists.
const shown = 20

// noMatch explains that no field names the image: what is named instead, and
// which of that may be meant.
func (e *edit) noMatch(files fs.FS) error {
	wanted := e.to.Image.Repository
	unmet := e.unmetLines()
	if len(e.sources) > 0 {
		at := e.sources[0]
		why, hint := "a kustomization gives it another name", "give the name that the kustomization renames it to"
		if len(e.warnings) > 0 {
			why, hint = "it comes from elsewhere", "address the field that it comes from with `fields`"
		}
		lines := []string{fmt.Sprintf("nothing sets the tag of %s: %s", wanted, why)}
		for _, w := range e.warnings {
			lines = append(lines, w.String())
		}
		return fault.New("E_NO_MATCH", hint, errors.New(strings.Join(append(lines, unmet...), "\n  "))).
			At(at.file, at.places[0].text().line)
	}
	all, unread, err := List(files)
	if err != nil {
		return err
	}
	found := firsts(all)
	lines := append([]string{fmt.Sprintf("no field names %s", wanted)}, unmet...)
	told := map[string]bool{}
	for _, l := range e.left {
		told[l.file] = true
	}
	for i, r := range found {
		if i == shown {
			lines = append(lines, fmt.Sprintf("and %d more", len(found)-shown))
			break
		}
		lines = append(lines, fmt.Sprintf("found %s (%s:%d)", r.Image.Repository, r.File, r.Line))
	}
	for _, w := range append(e.warnings, unread...) {
		if !told[w.File] && len(told) < shown {
			told[w.File] = true
			lines = append(lines, w.String())
		}
	}
	hint := "name the image as the manifests do, add it to a manifest first, or address the field with `fields`"
	if like := alike(wanted, found); len(unmet) > 0 {
		hint = "address the field with `fields`, or mark it with a comment `# tagboat: image`"
	} else if like >= 0 {
		hint = fmt.Sprintf("did you mean %s, as in %s:%d?", found[like].Image.Repository, found[like].File, found[like].Line)
	}
	return fault.New("E_NO_MATCH", hint, errors.New(strings.Join(lines, "\n  ")))
}

// alike is the reference that may be meant: of an image with the same last part, or
// with hardly another name; -1 where there is none.
func alike(wanted ref.Repository, found []Reference) int {
	best, least := -1, 0
	for i, r := range found {
		there := r.Image.Repository
		distance := near.Distance(wanted.String(), there.String())
		may := there.Base() == wanted.Base() || distance <= max(1, len(wanted.Base())/3)
		if may && (best < 0 || distance < least) {
			best, least = i, distance
		}
	}
	return best
}

// unmetLines tell where a shape that is not understood names the image.
func (e *edit) unmetLines() (lines []string) {
	for i, l := range e.left {
		if i == shown {
			return append(lines, fmt.Sprintf("and at %d more places", len(e.left)-shown))
		}
		lines = append(lines, fmt.Sprintf("%s:%d: %s", l.file, l.line, l.text))
	}
	return lines
}

// firsts is the first reference to every repository, sorted by name.
func firsts(all []Reference) []Reference {
	seen := map[ref.Repository]bool{}
	var first []Reference
	for _, r := range all {
		if !seen[r.Image.Repository] {
			seen[r.Image.Repository] = true
			first = append(first, r)
		}
	}
	slices.SortFunc(first, func(a, b Reference) int {
		return strings.Compare(a.Image.Repository.String(), b.Image.Repository.String())
	})
	return first
}
