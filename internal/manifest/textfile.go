package manifest

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// checkRegexp checks the regexp of an address, with its slashes.
func checkRegexp(text string) error {
	form, err := regexp.Compile(lineByLine(text))
	switch {
	case err != nil:
		return fmt.Errorf("the regexp is not one of RE2: %w", err)
	case form.NumSubexp() != 1:
		return fmt.Errorf("the regexp has %d groups, and must have exactly one: what is replaced (others are written (?:…))", form.NumSubexp())
	}
	return nil
}

// lineByLine is the regexp between the slashes, with ^ and $ at every line.
func lineByLine(text string) string { return "(?m)" + text[1:len(text)-1] }

// textfile is a file of which parts are addressed by regexps.
type textfile struct {
	file  string
	src   []byte
	parts []textPart // by where they are
}

// textPart is the group of a match.
type textPart struct {
	from, to int
	address  Address
	new      string
}

// readText finds the parts of a file that addresses match.
func (e *edit) readText(file string, src []byte) {
	if !utf8.Valid(src) {
		e.fault(file, 0, fault.Newf("E_EDIT_REFUSED", "only text in UTF-8 is changed", "the file is not UTF-8"))
		return
	}
	t := &textfile{file: file, src: src}
	before := len(e.faults)
	for _, a := range e.fields[file] {
		if line, err := t.match(a, e.to); err != nil {
			e.fault(file, line, err)
		}
	}
	if len(e.faults) > before {
		return
	}
	slices.SortStableFunc(t.parts, func(a, b textPart) int { return a.from - b.from })
	e.sources = append(e.sources, source{file: file, src: src, text: t})
}

// fieldIn is the line of a field in a text that names the image, and that the
// search would move, 0 where there is none.
func (e *edit) fieldIn(file string, src []byte) int {
	if e.to.FieldsOnly {
		return 0
	}
	yaml := edit{to: e.to, names: e.names, entries: map[string]bool{}}
	if err := yaml.read(file, src); err != nil || len(yaml.sources) == 0 {
		return 0
	}
	return yaml.sources[0].places[0].text().line
}

// match adds the parts that an address matches. An error is at a line.
func (t *textfile) match(a Address, to Target) (line int, err error) {
	found := a.matches(t.src)
	if len(found) == 0 {
		return 0, fault.Newf("E_FIELD_MISSING", "correct the regexp; it is one of RE2, in which ^ and $ match at every line", "nothing matches %s", a.path)
	}
	for _, m := range found {
		line, err := lineOf(t.src, m[0]), error(nil)
		p := textPart{from: m[2], to: m[3], address: a}
		if p.from < 0 {
			return line, fault.Newf("E_FIELD", "write the regexp so that its group is part of every match", "%s matches here without its group", a.path)
		}
		old := string(t.src[p.from:p.to])
		if bytes.ContainsAny(t.src[p.from:p.to], "\r\n") {
			return line, fault.Newf("E_FIELD", `let the group take in less: (\S+) ends at a blank`, "the group of %s takes in the end of a line", a.path)
		}
		if p.new, err = a.roleFor(old, to.Image.Repository).value(old, to); err != nil {
			return line, err
		}
		t.parts = append(t.parts, p)
	}
	return 0, nil
}

// matches are where an address matches and its group is.
func (a Address) matches(src []byte) [][]int {
	return regexp.MustCompile(lineByLine(a.path)).FindAllSubmatchIndex(src, -1)
}

// roleFor is the role that an address of text gives, or the old text.
func (a Address) roleFor(old string, to ref.Repository) role {
	if a.role != "" {
		return a.role
	}
	return roleOf("", old, to)
}

// changeText makes the edits of a text.
func (e *edit) changeText(t *textfile, result *Result) {
	if line, err := t.merge(); err != nil {
		e.fault(t.file, line, err)
		return
	}
	out := t.edited()
	if line, err := t.prove(out, e.fields[t.file]); err != nil {
		e.fault(t.file, line, err)
		return
	}
	if line := e.fieldIn(t.file, out); line > 0 {
		e.fault(t.file, line, mixed("a field names %s, and %s addresses the file as text", e.to.Image.Repository, e.fields[t.file][0]))
		return
	}
	for _, p := range t.parts {
		result.Changes = append(result.Changes, Change{t.file, lineOf(t.src, p.from), p.address.path, string(t.src[p.from:p.to]), p.new})
	}
	if !bytes.Equal(out, t.src) {
		result.Files[t.file] = out
	}
	e.textLeftovers(t.file, out)
}

// merge makes one of parts that several addresses say the same of.
func (t *textfile) merge() (line int, err error) {
	var kept []textPart
	for _, p := range t.parts {
		if len(kept) == 0 || p.from >= kept[len(kept)-1].to && p.from > kept[len(kept)-1].from {
			kept = append(kept, p)
			continue
		}
		if last := kept[len(kept)-1]; last.from != p.from || last.to != p.to || last.new != p.new {
			return lineOf(t.src, p.from), fault.Newf("E_FIELD", "let every regexp match another part of the text",
				"%s and %s match the same text", last.address.path, p.address.path)
		}
	}
	t.parts = kept
	return 0, nil
}

// edited is the text with the new values.
func (t *textfile) edited() []byte {
	var out bytes.Buffer
	from := 0
	for _, p := range t.parts {
		out.Write(t.src[from:p.from])
		out.WriteString(p.new)
		from = p.to
	}
	out.Write(t.src[from:])
	return out.Bytes()
}
