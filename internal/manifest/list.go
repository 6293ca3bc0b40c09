package manifest

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/yamledit"
)

// Reference is a field that names an image.
type Reference struct {
	File  string    `json:"file"`  // slash-separated, from the root of the files
	Line  int       `json:"line"`  // 1-based
	Field string    `json:"field"` // as in Change
	Image ref.Image `json:"image"`
}

// Mentions reports whether a text may name the repository, whole or in parts, in a
// field, a comment or anywhere.
func Mentions(src []byte, r ref.Repository) bool {
	n := newNames(r)
	return n.line(src) > 0 || n.apart(src)
}

// List gives every reference in the files, by file and line, those too that only
// a marker tells of. Files that cannot be read come back as warnings; values that
// are no references are left out.
func List(files fs.FS) ([]Reference, []Warning, error) {
	var all []Reference
	var unread []Warning
	err := eachFile(files, func(file string, src []byte) error {
		parsed, err := yamledit.Parse(src)
		if err != nil {
			line, text := 0, err.Error()
			if at, ok := errors.AsType[*yamledit.Error](err); ok {
				line, text = at.Line, at.Msg
			}
			unread = append(unread, Warning{file, line, text})
			return nil
		}
		found, err := find(file, parsed, len(src), nil)
		if err != nil {
			unread = append(unread, Warning{file, 0, err.Error()})
			return nil
		}
		here, wrong := markedReferences(source{file: file, src: src, yaml: parsed, found: found})
		for _, p := range found.places {
			if image, err := p.names(); err == nil {
				s := p.text()
				here = append(here, Reference{file, s.line, s.path.String(), image})
			}
		}
		slices.SortStableFunc(here, func(a, b Reference) int { return a.Line - b.Line })
		all, unread = append(all, here...), append(unread, wrong...)
		return nil
	})
	return all, unread, err
}
