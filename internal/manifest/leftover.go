package manifest

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// leftover is what an edit leaves in a file although it names the image.
type leftover struct {
	file string
	line int
	text string
	old  bool // it names the image as it was: with a tag or a digest that is not the target's

	template bool // the file is no YAML before something fills it in
}

// leftovers are the values of a file that name the image and are no part of a
// place: patches that are not understood, text within values, annotations.
func (e *edit) leftovers(file string, f *found, places []place) {
	met := map[*yaml.Node]bool{}
	for _, p := range places {
		for _, s := range p.scalars() {
			met[s.node] = true
		}
	}
	for _, o := range f.others {
		if met[o.node] {
			continue
		}
		met[o.node] = true // of several ways to one value, the first is told
		where := o.path.String()
		if where == "" {
			where = "the text"
		}
		l := leftover{file: file}
		for _, m := range e.names.mentions([]byte(o.value()), o.asked) {
			if l.line == 0 || !l.old {
				l.line = o.line
				if o.node.Style&yaml.LiteralStyle != 0 { // its lines are those of the file
					l.line += m.line
				}
			}
			l.old = l.old || e.isOld(m) && !o.untouched
		}
		if l.line > 0 {
			l.text = fmt.Sprintf("%s names %s and is left alone: ", where, e.to.Image.Repository) + why(o, l.old)
			e.left = append(e.left, l)
		}
	}
}

// why says why a value was left alone.
func why(o other, old bool) string {
	switch {
	case o.untouched:
		return "annotations, labels and text are not changed"
	case filledLater(o.value()):
		return "it is filled in later"
	case !old && o.asked:
		return "it has no tag, and there is none beside it"
	case !old:
		return "it has no tag"
	}
	return "this shape is not understood"
}

// mention is a place in a text that names the repository.
type mention struct {
	line   int    // 1-based, within the text
	suffix string // :tag, @digest or both, as far as it can be read; "" for a bare name
	later  bool   // a placeholder stands where the tag would
}

// mentions are those in the value of a field. A single word, as nginx is, stands
// for many things: there it counts only with a tag or a digest, or as the whole
// of a field that is asked for a name.
func (n names) mentions(value []byte, asked bool) (all []mention) {
	for at, word := range n.all(value) {
		m := mention{line: lineOf(value, at)}
		after := string(value[at+len(n.base):])
		if len(after) > 1 && (after[0] == ':' || after[0] == '@') {
			m.suffix = suffixForm.Regexp().FindString(after)
			m.later = strings.ContainsRune("{$<(%", rune(after[1]))
		}
		if !word || m.suffix != "" || asked && len(value) == len(n.base) {
			all = append(all, m)
		}
	}
	return all
}

// isOld reports a mention with a tag or digest that is not the target's.
func (e *edit) isOld(m mention) bool {
	tag, digest, _ := strings.Cut(m.suffix, "@")
	tag = strings.TrimPrefix(tag, ":")
	switch {
	case m.suffix == "":
		return false
	case tag != "" && ref.Tag(tag) != e.to.Image.Tag:
		return true
	}
	return digest != "" && ref.Digest(digest) != e.to.Image.Digest
}

// report makes warnings of what may stay and faults of what may not.
func (e *edit) report() {
	for _, l := range e.left {
		if l.old && !e.to.Leave {
			e.fault(l.file, l.line, fault.New("E_LEFTOVER", l.hint(), errors.New(l.text)))
			continue
		}
		e.warnings = append(e.warnings, Warning{l.file, l.line, l.text})
	}
}

// hint says what can be done about a leftover.
func (l leftover) hint() string {
	move := "mark the line with `# tagboat: image`"
	if l.template {
		move = fmt.Sprintf("address it as text, %s:/regexp with one (group)/", l.file)
	}
	return move + ", take the file out by `exclude`, or allow it with `on-leftover: ok`"
}
