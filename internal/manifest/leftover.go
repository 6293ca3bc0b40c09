package manifest

import (
	"bytes"
	"errors"
	"fmt"
	slash "path"
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

	key      bool   // it is a key
	field    string // what an address says of it behind the file, or ""
	template bool   // the file is no YAML before something fills it in
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
		l := leftover{file: file, key: o.key, field: o.address()}
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
			l.text = fmt.Sprintf("%s names %s and is left alone: %s", o.where(), e.to.Image.Repository, why(o, l.old))
			e.left = append(e.left, l)
		}
	}
}

// where is the place of a value, for people.
func (o other) where() string {
	switch {
	case len(o.path) == 0:
		return "the text"
	case o.key:
		return "the key " + o.path.String()
	}
	return o.path.String()
}

// address is what leads to a value that is a reference and no more, or "".
func (o other) address() string {
	_, value := assigned(o.value())
	if _, err := ref.ParseImage(value); err != nil || o.key || len(o.path) == 0 {
		return ""
	}
	return o.path.String() + "=" + string(roleImage)
}

// why says why a value was left alone.
func why(o other, old bool) string {
	switch {
	case o.untouched:
		return "annotations, labels and text are not changed"
	case o.key:
		return "keys are not changed"
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
}

// mentions are those in the value of a field. A single word, as nginx is, stands
// for many things: there it counts only with a tag or a digest, or as the whole
// of a field that is asked for a name.
func (n names) mentions(value []byte, asked bool) (all []mention) {
	line, counted := 1, 0
	for at, word := range n.all(value) {
		line, counted = line+bytes.Count(value[counted:at], []byte("\n")), at
		m := mention{line: line}
		if after := value[at+len(n.base):]; len(after) > 1 && (after[0] == ':' || after[0] == '@') {
			m.suffix = string(suffixForm.Regexp().Find(after))
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
	switch {
	case l.template:
		move = fmt.Sprintf("address it as text, %s:/regexp with one (group)/", l.file)
	case l.key:
		move = "change the key by hand"
	case l.field != "" && slash.Ext(l.file) == ".json": // which has no comments
		move = fmt.Sprintf("address it, %s:%s", l.file, l.field)
	}
	return move + ", take the file out by `exclude`, or allow it with `on-leftover: ok`"
}
