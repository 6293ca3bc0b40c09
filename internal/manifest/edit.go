package manifest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/yamledit"
)

// Edit moves every field in the files that names the target's image. A file is
// parsed only if its bytes hold the image's name.
//
// It fails, with all that is wrong at once, with
//
//	E_PIN, E_TAG_UNKNOWN, E_DIGEST_UNKNOWN  the target lacks something
//	E_YAML                                  a file that names the image cannot be read
//	E_EDIT_REFUSED                          a field cannot be changed exactly
//	E_NO_MATCH                              no field names the image
func Edit(files fs.FS, to Target) (*Result, error) {
	if to.Pin == "" {
		to.Pin = PinTag
	}
	if err := to.check(); err != nil {
		return nil, err
	}
	e := edit{to: to, names: newNames(to.Image.Repository), entries: map[string]bool{}, kustomizations: newKustomizations(files)}
	if err := eachFile(files, e.read); err != nil {
		return nil, err
	}
	result := &Result{Files: map[string][]byte{}}
	for _, s := range e.sources {
		e.change(s, result)
	}
	result.Warnings = append(e.warnings, e.unmet...)
	slices.SortStableFunc(result.Warnings, func(a, b Warning) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line)
	})
	switch {
	case len(e.faults) > 0:
		return nil, errors.Join(e.faults...)
	case len(result.Changes) == 0:
		return nil, e.noMatch(files)
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
	unmet    []Warning // of values in a shape that is not understood
	faults   []error

	kustomizations kustomizations
}

// source is a file with places that name the image.
type source struct {
	file   string
	src    []byte
	yaml   *yamledit.File
	places []place
}

// read finds the places of one file.
func (e *edit) read(file string, src []byte) error {
	if isKustomizationName(file) {
		e.kustomizations.add(file)
	}
	line := e.names.line(src)
	if line == 0 {
		return nil
	}
	parsed, err := yamledit.Parse(src)
	if err != nil {
		e.unreadable(file, line, src, err)
		return nil
	}
	s := source{file: file, src: src, yaml: parsed}
	all := places(file, parsed.Documents())
	for _, value := range e.names.unmet(parsed.Documents(), all) {
		e.leftAlone(file, value)
	}
	for _, p := range all {
		if image, ok := p.(entry); ok {
			e.entries[image.name.value()] = true
			e.kustomizations.add(file)
		}
		image, err := p.names()
		switch {
		case err != nil && e.names.line([]byte(p.text().value())) > 0:
			e.unclear(file, p.text(), err)
		case err == nil && image.Repository == e.to.Image.Repository:
			s.places = append(s.places, p)
		}
	}
	if len(s.places) > 0 {
		e.sources = append(e.sources, s)
	}
	return nil
}

// unclear deals with a value that names the image, but is no reference.
func (e *edit) unclear(file string, s scalar, err error) {
	if strings.Contains(s.value(), "{{") || strings.Contains(s.value(), "$") {
		e.warn(file, s.line, "%s is filled in later: %q; it is left alone", s.path, s.value())
		return
	}
	hint := "correct the reference"
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Hint != "" {
		hint = f.Hint
	}
	e.fault(file, s.line, fault.New("E_EDIT_REFUSED", hint, fmt.Errorf("%s: %w", s.path, err)))
}

// change edits one file and adds what comes of it to the result.
func (e *edit) change(s source, result *Result) {
	var moves []move
	for _, p := range s.places {
		if c, ok := p.(container); ok && c.bare() && e.setElsewhere(s.file, c) {
			continue
		}
		some, err := p.moves(e.to)
		if err != nil {
			e.fault(s.file, p.text().line, err)
			continue
		}
		moves = append(moves, some...)
	}
	slices.SortStableFunc(moves, func(a, b move) int { return a.line - b.line })
	for _, m := range moves {
		result.Changes = append(result.Changes, Change{s.file, m.line, m.path.String(), m.scalar.value(), m.value})
	}
	if errs := set(s.yaml, moves); len(errs) > 0 {
		for _, err := range errs {
			e.refuse("E_EDIT_REFUSED", "write the value out at every place, without aliases and tags", s.file, err)
		}
		return
	}
	out, err := s.yaml.Bytes()
	if err != nil {
		e.refuse("E_EDIT_REFUSED", "write the value on one line, in double quotes", s.file, err)
	} else if !bytes.Equal(out, s.src) {
		result.Files[s.file] = out
	}
}

// setElsewhere reports whether a bare reference is left to a kustomization that
// gives it the tag, or may do so.
func (e *edit) setElsewhere(file string, c container) bool {
	if !e.entries[c.value()] {
		return false
	}
	r := e.kustomizations.of(c.value())
	if !r.files[file] && r.blind != "" {
		e.warn(file, c.line, "%s has no tag and is left alone: a kustomization may give it one, but %s", c.path, r.blind)
	}
	return r.files[file] || r.blind != ""
}

// set makes the moves. A value that aliases share changes only if it was met as
// a field that moves where it stands, and by way of every alias.
func set(f *yamledit.File, moves []move) (errs []error) {
	type use struct{ value, alias *yaml.Node } // alias nil: where it stands
	met := map[use]bool{}
	for _, m := range moves {
		if len(m.via) == 0 {
			met[use{m.node, nil}] = true
		}
		for _, alias := range m.via {
			met[use{m.node, alias}] = true
		}
	}
	for _, m := range moves {
		allMeant := met[use{m.node, nil}]
		for _, alias := range f.Aliases(m.node) {
			allMeant = allMeant && met[use{m.node, alias}]
		}
		change := f.Set
		if allMeant {
			change = f.SetShared
		}
		errs = appendError(errs, change(m.node, m.value))
		if m.key != nil {
			errs = appendError(errs, f.Set(m.key, m.rename))
		}
	}
	return errs
}

func appendError(errs []error, err error) []error {
	if err == nil {
		return errs
	}
	return append(errs, err)
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
