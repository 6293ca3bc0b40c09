package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/yamledit"
)

// Edit moves every field in the files that names the target's image, and those
// that the target addresses. A file is parsed only if its bytes hold the image's
// name, or an address leads to it.
//
// It fails, with all that is wrong at once, with
//
//	E_PIN, E_TAG_UNKNOWN, E_DIGEST_UNKNOWN  the target lacks something
//	E_YAML                                  a file that names the image cannot be read
//	E_EDIT_REFUSED                          a field cannot be changed exactly
//	E_LEFTOVER                              a value still names the image as it was
//	E_MARKER                                a marker cannot be understood
//	E_FIELD, E_FIELD_MISSING                an address is ambiguous, or leads nowhere
//	E_NO_MATCH                              no field names the image
func Edit(files fs.FS, to Target) (*Result, error) {
	if to.Pin == "" {
		to.Pin = PinTag
	}
	if err := to.check(); err != nil {
		return nil, err
	}
	e := edit{to: to, names: newNames(to.Image.Repository), entries: map[string]bool{}, met: map[string]bool{}, kustomizations: newKustomizations(files)}
	e.fields, e.faults = fieldsByFile(to.Fields)
	if err := e.readAll(files); err != nil {
		return nil, err
	}
	result := &Result{Files: map[string][]byte{}}
	for _, s := range e.sources {
		e.change(s, result)
	}
	e.report() // before all else: what names the image as it was is not forgiven where nothing is found
	if len(result.Changes) == 0 && len(e.faults) == 0 {
		return nil, e.noMatch(files)
	}
	if !to.FieldsOnly {
		e.overlays(files)
	}
	result.Warnings = e.warnings
	slices.SortStableFunc(result.Warnings, func(a, b Warning) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line)
	})
	if len(e.faults) > 0 {
		return nil, errors.Join(e.faults...)
	}
	return result, nil
}

// edit is the state of one Edit: all files are read before the first is
// changed, because a kustomization in one decides about a reference in another.
type edit struct {
	to       Target
	names    names
	sources  []source
	entries  map[string]bool // the names that kustomizations look for, as written
	warnings []Warning
	left     []leftover
	faults   []error

	fields map[string][]Address // by file
	met    map[string]bool      // files with addresses that were read

	kustomizations kustomizations
}

// source is a file with places to move.
type source struct {
	file    string
	src     []byte
	text    *textfile // nil for YAML
	yaml    *yamledit.File
	places  []place          // that are to move
	said    map[fieldID]bool // fields of which an address or a marker says what they hold
	renamed map[fieldID]bool // of those, the ones that will name the image
	others  []place          // of those, the ones of other images
	found   *found           // all that there is
}

// readAll reads the files that may hold something to move.
func (e *edit) readAll(files fs.FS) error {
	if !e.to.FieldsOnly {
		if err := eachFile(files, e.read); err != nil {
			return err
		}
	}
	return e.readAddressed(files)
}

// read finds the places of one file.
func (e *edit) read(file string, src []byte) error {
	if isKustomizationName(file) {
		e.kustomizations.add(file)
	}
	addresses := e.fields[file]
	if len(addresses) > 0 {
		e.met[file] = true
	}
	if len(addresses) > 0 && addresses[0].isText() {
		e.readText(file, src)
		return nil
	}
	line := e.names.line(src)
	if line == 0 && len(addresses) == 0 && !e.names.apart(src) {
		return nil
	}
	parsed, err := yamledit.Parse(src)
	if err != nil {
		e.unreadable(file, line, src, err)
		return nil
	}
	found, err := find(file, parsed, len(src), &e.names)
	if err != nil {
		e.refuse("E_YAML", "write the values out, without aliases", file, err)
		return nil
	}
	e.take(source{file: file, src: src, yaml: parsed, found: found})
	return nil
}

// take keeps of a file's places those that are addressed, marked, or name the image.
func (e *edit) take(s source) {
	s.said, s.renamed = map[fieldID]bool{}, map[fieldID]bool{}
	e.takeSaid(&s, e.addressed(s))
	if !e.to.FieldsOnly {
		e.takeSaid(&s, e.marked(s))
		e.takeFound(&s)
	}
	if len(s.places) > 0 {
		e.sources = append(e.sources, s)
	}
}

// takeFound takes the places that shapes make.
func (e *edit) takeFound(s *source) {
	s.openSaid(&e.names)
	e.leftovers(s.file, s.found, slices.Concat(s.places, s.others, s.found.places))
	for _, p := range s.found.places {
		if image, ok := p.(entry); ok && image.local {
			e.entries[image.name.value()] = true
			e.kustomizations.add(s.file)
		}
		image, err := p.names()
		switch {
		case s.isRenamed(p), err == nil && image.Repository == e.to.Image.Repository:
			s.places = append(s.places, p)
		case err != nil && e.names.line([]byte(p.text().value())) > 0 && !s.said[p.text().id()]:
			e.unclear(s.file, p.text(), err)
		}
	}
}

// unclear deals with a value that names the image, but is no reference.
func (e *edit) unclear(file string, s scalar, err error) {
	if filledLater(s.value()) {
		e.later(file, s)
		return
	}
	hint := "correct the reference"
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Hint != "" {
		hint = f.Hint
	}
	e.fault(file, s.line, fault.New("E_EDIT_REFUSED", hint, fmt.Errorf("%s: %w", s.path, err)))
}

// later warns of a value that a template or a variable gives.
func (e *edit) later(file string, s scalar) {
	e.warn(file, s.line, "%s is filled in later: %q; it is left alone", s.path, s.value())
}

func (e *edit) warn(file string, line int, format string, args ...any) {
	e.warnings = append(e.warnings, Warning{file, line, fmt.Sprintf(format, args...)})
}

// refuse notes an error of yamledit at its line.
func (e *edit) refuse(code, hint, file string, err error) {
	line := 0
	if at, ok := errors.AsType[*yamledit.Error](err); ok {
		line, err = at.Line, errors.New(at.Msg)
	}
	e.fault(file, line, fault.New(code, hint, err))
}

// fault notes an error at its place.
func (e *edit) fault(file string, line int, err error) {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		err = f.At(file, line)
	}
	e.faults = append(e.faults, err)
}
