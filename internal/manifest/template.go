package manifest

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/yamledit"
)

// unreadable deals with a file that names the image and is not YAML: a template
// is YAML only once it is rendered, anything else is a mistake. Where the name
// stands in parts at most, the mistake may be somebody else's.
func (e *edit) unreadable(file string, line int, src []byte, err error) {
	addressed := len(e.fields[file]) > 0
	switch {
	case bytes.IndexByte(src, 0) >= 0 && !addressed:
		e.warn(file, line, "the file names %s, but is no text; it is left alone", e.to.Image.Repository)
	case e.isTemplate(src, err) && !addressed:
		e.plainSight(file, src)
	case line == 0 && !addressed:
		e.mayName(file, err)
	case addressed:
		e.refuse("E_YAML", "correct the file, or address a part of its text: "+file+":/regexp with one (group)/", file, err)
	default:
		e.refuse("E_YAML", "correct the file, or take it out by `exclude`", file, err)
	}
}

// mayName warns of a file that cannot be read and may name the image in parts.
func (e *edit) mayName(file string, err error) {
	line, text := 0, err.Error()
	if at, ok := errors.AsType[*yamledit.Error](err); ok {
		line, text = at.Line, at.Msg
	}
	e.warn(file, line, "the file may name %s in parts and cannot be read: %s", e.to.Image.Repository, text)
}

// plainSight finds the lines of a template that name the image as they are,
// comments aside.
func (e *edit) plainSight(file string, src []byte) {
	for _, m := range e.names.mentions(withoutComments(src), false) {
		text := fmt.Sprintf("a template names %s%s; templates are left alone", e.to.Image.Repository, m.suffix)
		e.left = append(e.left, leftover{file: file, line: m.line, text: text, old: e.isOld(m), template: true})
	}
}

// textLeftovers warns of what still names the image as it was in a text of which
// parts are addressed. Of a template, the rest is held to what holds for all.
func (e *edit) textLeftovers(file string, out []byte) {
	if e.to.FieldsOnly {
		return
	}
	_, err := yamledit.Parse(out)
	template := err != nil && e.isTemplate(out, err)
	for _, m := range e.names.mentions(withoutComments(out), false) {
		if e.isOld(m) {
			text := fmt.Sprintf("the text names %s%s and is left alone: no address matches it", e.to.Image.Repository, m.suffix)
			e.left = append(e.left, leftover{file: file, line: m.line, text: text, old: template, template: template})
		}
	}
}

var comments = pattern.New(`(?s)\{\{-?[ \t]*/\*.*?\*/|(?m:(?:^|[ \t])#[^\n]*)`)

// withoutComments is a text with blanks in the place of its comments.
func withoutComments(src []byte) []byte {
	return comments.Regexp().ReplaceAllFunc(src, func(comment []byte) []byte {
		return bytes.Map(func(r rune) rune {
			if r == '\n' {
				return r
			}
			return ' '
		}, comment)
	})
}

var (
	directives   = pattern.New(`(?ms)^[ \t]*\{\{[^}]*\}\}[ \t\r]*$`) // lines of their own
	placeholders = pattern.New(`(?s)\{\{.*?\}\}`)
)

// isTemplate reports that a file is no YAML for the templates in it: the parser
// gave up on one, the image is named in one, or without them it is YAML. That {{
// stands anywhere is not enough: it may be text.
func (e *edit) isTemplate(src []byte, err error) bool {
	lines := bytes.Split(src, []byte("\n"))
	opens := func(line int) bool {
		return line > 0 && line <= len(lines) && bytes.Contains(lines[line-1], []byte("{{"))
	}
	// The parser's line is at times the one before.
	if at, ok := errors.AsType[*yamledit.Error](err); ok && (opens(at.Line) || opens(at.Line+1)) {
		return true
	}
	for at := range e.names.all(src) {
		if opens(lineOf(src, at)) {
			return true
		}
	}
	filled := placeholders.Regexp().ReplaceAll(directives.Regexp().ReplaceAll(src, nil), []byte("x"))
	_, err = yamledit.Parse(filled)
	return err == nil
}
