package manifest

import (
	"bytes"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/yamledit"
)

// change edits one file and adds what comes of it to the result.
func (e *edit) change(s source, result *Result) {
	if s.text != nil {
		e.changeText(s.text, result)
		return
	}
	var moves []move
	for _, p := range s.places {
		some, err := e.moves(s, p)
		if err != nil {
			e.fault(s.file, p.text().line, err)
			continue
		}
		moves = append(moves, some...)
	}
	moves = s.withDefinitions(once(moves))
	e.choicesStay(s, moves)
	slices.SortStableFunc(moves, func(a, b move) int { return a.line - b.line })
	for _, m := range moves {
		result.Changes = append(result.Changes, Change{s.file, m.line, m.path.String(), m.scalar.value(), m.value})
	}
	if errs := s.set(moves); len(errs) > 0 {
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

// once leaves one of the moves that bring a field to the same value.
func once(moves []move) []move {
	seen := map[fieldID]string{}
	return slices.DeleteFunc(moves, func(m move) bool {
		value, ok := seen[m.id()]
		seen[m.id()] = m.value
		return ok && value == m.value && m.key == nil
	})
}

// moves are those of a place. What an address or a marker says of a field goes
// before what its shape says.
func (e *edit) moves(s source, p place) ([]move, error) {
	if _, ok := p.(said); ok {
		return p.moves(e.to)
	}
	r, whole := p.(reference)
	if whole && (s.said[r.id()] || r.kustomized && r.bare() && e.setElsewhere(s.file, r.scalar)) {
		return nil, nil
	}
	if renames, ok := p.(entry); ok && renames.local && renames.onlyRenames() && e.setElsewhere(s.file, renames.newName) {
		return nil, nil
	}
	if group, ok := p.(parts); ok {
		if later := group.later(); later.node != nil {
			if !s.said[later.id()] {
				e.later(s.file, later)
			}
			return nil, nil
		}
	}
	all, err := p.moves(e.to)
	if err != nil && s.allSaid(p) {
		return nil, nil
	}
	return slices.DeleteFunc(all, func(m move) bool { return s.said[m.id()] }), err
}

// choicesStay refuses an address that chooses an item by a value which this very
// edit changes: the next one would not find it.
func (e *edit) choicesStay(s source, moves []move) {
	for _, p := range s.places {
		field, _ := p.(said)
		if len(field.chosenBy) == 0 {
			continue
		}
		for _, m := range moves {
			if m.value != m.scalar.value() && slices.Contains(field.chosenBy, m.node) {
				e.fault(s.file, field.line, fault.Newf("E_FIELD", "choose the item by its position, or by a field that stays",
					"the address of %s chooses an item by %s, which this edit changes", field.path, m.path))
			}
		}
	}
}

// setElsewhere reports whether a name without a tag is left to a kustomization
// that gives it one, or may do so.
func (e *edit) setElsewhere(file string, c scalar) bool {
	if !e.entries[c.value()] {
		return false
	}
	r := e.kustomizations.of(c.value())
	if !r.files[file] && r.blind != "" {
		e.warn(file, c.line, "%s has no tag and is left alone: a kustomization may give it one, but %s", c.path, r.blind)
	}
	return r.files[file] || r.blind != ""
}

// set makes the moves. A value that aliases share changes only if it moves in
// every field that it is used in.
func (s source) set(moves []move) (errs []error) {
	count := map[*yaml.Node]int{}
	values := map[*yaml.Node]move{}
	for _, m := range moves {
		count[m.node]++
		if first, ok := values[m.node]; ok && first.value != m.value {
			errs = append(errs, &yamledit.Error{Line: m.line, Msg: fmt.Sprintf("one value is to be %q as %s and %q as %s", first.value, first.path, m.value, m.path)})
		}
		values[m.node] = m
	}
	for _, m := range moves {
		change := m.in.Set
		if count[m.node] == s.found.visits[m.node].times {
			change = m.in.SetShared
		}
		errs = appendError(errs, change(m.node, m.value))
		if m.key != nil {
			errs = appendError(errs, m.in.Set(m.key, m.rename))
		}
	}
	return errs
}

// withDefinitions adds, for values that move in every field but one that may be
// there for its anchor's sake, that one: it moves with them.
func (s source) withDefinitions(moves []move) []move {
	count := map[*yaml.Node]int{}
	for _, m := range moves {
		count[m.node]++
	}
	for _, m := range moves {
		u := s.found.visits[m.node]
		if u.definition.node != nil && count[m.node] == u.times-1 && !s.stands(m.node) {
			count[m.node]++
			moves = append(moves, move{scalar: u.definition, value: m.value})
		}
	}
	return moves
}

// stands reports whether a value is part of a place where it stands.
func (s source) stands(n *yaml.Node) bool {
	for _, p := range slices.Concat(s.places, s.found.places) {
		for _, part := range p.scalars() {
			if part.node == n && len(part.via) == 0 {
				return true
			}
		}
	}
	return false
}

func appendError(errs []error, err error) []error {
	if err == nil {
		return errs
	}
	return append(errs, err)
}
