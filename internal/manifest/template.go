package manifest

import (
	"bytes"
	"errors"
	"regexp"

	"github.com/seed-96940006/tagboat/internal/yamledit"
)

// unreadable deals with a file that names the image and is not YAML: a template
// is YAML only once it is rendered, anything else is a mistake.
func (e *edit) unreadable(file string, line int, src []byte, err error) {
	switch {
	case bytes.IndexByte(src, 0) >= 0:
		e.warn(file, line, "the file names %s, but is no text; it is left alone", e.to.Image.Repository)
	case e.isTemplate(src, err):
		e.warn(file, line, "a template names %s; templates are left alone", e.to.Image.Repository)
	default:
		e.refuse("E_YAML", "correct the file, or leave it out of `infra-paths`", file, err)
	}
}

var (
	directives   = regexp.MustCompile(`(?ms)^[ \t]*\{\{[^}]*\}\}[ \t\r]*$`) // lines of their own
	placeholders = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
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
	filled := placeholders.ReplaceAll(directives.ReplaceAll(src, nil), []byte("x"))
	_, err = yamledit.Parse(filled)
	return err == nil
}
