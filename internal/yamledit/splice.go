package yamledit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// splice is the new text of a span.
type splice struct {
	span
	text string
}

// change is a scalar that gets another value.
type change struct {
	node *yaml.Node
	around
	value string
	inner *File // the file within the scalar that makes its value; nil for one that was set
}

// changes are what was asked for, in the order of the source. Those within a
// scalar get their value by splices.
func (f *File) changes() ([]change, error) {
	all := make([]change, 0, len(f.edits))
	for n, value := range f.edits {
		all = append(all, change{node: n, value: value})
	}
	for n, inner := range f.within {
		if inner.touched() {
			all = append(all, change{node: n, inner: inner})
		}
	}
	slices.SortFunc(all, func(a, b change) int { return order(a.node, b.node) })
	for i := range all {
		var found bool
		if all[i].around, found = f.find(all[i].node); !found && hasText(all[i].node) {
			return nil, f.placed(errorf(0, "a node that was set is not of this file"))
		}
		if i > 0 && all[i].node == all[i-1].node {
			return nil, f.errorf(all[i].node, "the value was set as a whole, and so was something within it")
		}
	}
	return all, nil
}

// touched reports that something was set in the file, or in a file within it.
func (f *File) touched() bool {
	if len(f.edits) > 0 {
		return true
	}
	for _, inner := range f.within {
		if inner.touched() {
			return true
		}
	}
	return false
}

// order compares two nodes by where they begin.
func order(a, b *yaml.Node) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// around is what a scalar stands in.
type around struct {
	isKey  bool
	inFlow bool // within [] or {}, where a plain scalar may hold less
}

// find goes down to a node that has some text. What begins last before it, or
// with it, is around it; only nodes without text begin where another does.
func (f *File) find(n *yaml.Node) (at around, found bool) {
	parent, among := yaml.Kind(0), f.docs
	for {
		i := sort.Search(len(among), func(i int) bool { return order(among[i], n) > 0 }) - 1
		if i < 0 {
			return at, false
		}
		at.isKey = parent == yaml.MappingNode && i%2 == 0
		if among[i] == n {
			return at, true
		}
		at.inFlow = among[i].Style&yaml.FlowStyle != 0
		parent, among = among[i].Kind, among[i].Content
	}
}

// splices are the changes as spans of the source and their new text, in the
// order of the source.
func (f *File) splices(changes []change, mustBeJSON bool) (all []splice, err error) {
	for i := range changes {
		c, some := &changes[i], []splice(nil)
		if c.inner == nil {
			some, err = f.whole(c, mustBeJSON)
		} else {
			some, err = f.partly(c)
		}
		if err != nil {
			return nil, err
		}
		if len(all) > 0 && len(some) > 0 && some[0].from < all[len(all)-1].to {
			return nil, f.errorf(c.node, "the value overlaps another that was set")
		}
		all = append(all, some...)
	}
	return all, nil
}

// whole is the splice of a scalar that was set, if it needs one.
func (f *File) whole(c *change, mustBeJSON bool) ([]splice, error) {
	if already(c.node, c.value) {
		return nil, nil
	}
	where, err := f.locate(c.node)
	if err != nil {
		return nil, err
	}
	text, err := f.write(c, mustBeJSON)
	if err != nil || text == string(f.src[where.from:where.to]) {
		return nil, err
	}
	return []splice{{where, text}}, nil
}

// partly is the splices within a scalar, and makes its value. A plain scalar
// must stay one for every reader.
func (f *File) partly(c *change) ([]splice, error) {
	out, splices, err := c.inner.result()
	if err != nil {
		return nil, err
	}
	c.value = string(out)
	plain := style(c.node) == 0 && len(splices) > 0
	if plain && !(canBePlain(strings.ReplaceAll(c.value, "\n", " "), c.inFlow) && !looksTyped(c.value)) {
		return nil, f.errorf(c.node, "the new text %q cannot stand without quotes; write the value in quotes", c.value)
	}
	for i, s := range splices {
		splices[i] = splice{c.inner.in.text.source(s.span), embedded(style(c.node), s.text)}
	}
	return splices, nil
}

// isJSON reports that a file is JSON and must stay so: JSON has no unquoted strings.
func isJSON(src []byte) bool {
	text := bytes.TrimPrefix(src, []byte("\uFEFF"))
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[') && json.Valid(text)
}

// apply replaces spans, which are in order and do not overlap.
func apply(src []byte, splices []splice) []byte {
	var out bytes.Buffer
	out.Grow(len(src) + 64*len(splices))
	from := 0
	for _, s := range splices {
		out.Write(src[from:s.from])
		out.WriteString(s.text)
		from = s.to
	}
	out.Write(src[from:])
	return out.Bytes()
}
