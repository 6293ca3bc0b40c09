package manifest

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/yamledit"
)

// spot is where a path has led to: the walk knows the text, the path and the
// aliases on the way.
type spot struct {
	walk
	node *yaml.Node
	by   []*yaml.Node // the values that items on the way were chosen by
}

// stop says why a path leads no further.
type stop struct {
	code    string
	at      spot
	left    int    // hops that were not taken
	text    string // what is wrong
	wanted  string // the key or value that is not there
	options []hop  // what could be taken instead of the first of them
	instead []hop  // what could be written for all of them
	err     error  // of the text within a string
}

// follow goes along the hops from the roots of a text: a file, or a string in one.
func follow(in *yamledit.File, around spot, hops []hop) (spot, *stop) {
	roots := around.roots(in)
	switch {
	case len(roots) == 0:
		return spot{}, &stop{code: "E_FIELD_MISSING", at: around, left: len(hops), text: around.where() + " is empty"}
	case hops[0].inList() && (len(roots) > 1 || resolved(roots[0].node).Kind != yaml.SequenceNode):
		root, stopped := around.choose(roots, hops, "document")
		if stopped != nil {
			return spot{}, stopped
		}
		return root.follow(hops[1:])
	}
	return inOne(roots, hops)
}

// roots are those of the documents of a text.
func (s spot) roots(in *yamledit.File) (all []spot) {
	docs := in.Documents()
	for i, doc := range docs {
		root := spot{walk{in: in, path: s.path}, doc, s.by} // a document without content is left as it is
		if len(doc.Content) > 0 {
			root.node = doc.Content[0]
		}
		if len(docs) > 1 && s.in == nil {
			root.path = path{item(i)}
		}
		all = append(all, root)
	}
	return all
}

// inOne takes the only one of the documents that has the path, or tells of the
// one that has the most of it.
func inOne(roots []spot, hops []hop) (found spot, farthest *stop) {
	times := 0
	for _, root := range roots {
		end, stopped := root.follow(hops)
		switch {
		case stopped == nil:
			times++
			found = end
		case farthest == nil || stopped.left < farthest.left:
			farthest = stopped
		}
	}
	switch {
	case times == 1:
		return found, nil
	case times > 1:
		return spot{}, &stop{code: "E_FIELD", at: found, left: len(hops), instead: found.chosen(hops),
			text: fmt.Sprintf("%d documents have %s; choose one by its position or a field: [0], [kind=Job]", times, written(hops))}
	}
	return spot{}, farthest
}

// chosen are the hops with the document before them that led here.
func (s spot) chosen(hops []hop) []hop {
	if len(s.path) != 1+len(hops) {
		return nil // of a text within the file
	}
	return append([]hop{{step: s.path[0]}}, hops...)
}

// follow goes along the hops from here.
func (s spot) follow(hops []hop) (spot, *stop) {
	for i, h := range hops {
		s = s.behindAlias()
		left := hops[i:]
		if s.node.Kind == yaml.ScalarNode {
			return s.within(left)
		}
		var stopped *stop
		if s, stopped = s.take(h, left); stopped != nil {
			return spot{}, stopped
		}
	}
	return s, nil
}

// behindAlias is the spot that an alias stands for.
func (s spot) behindAlias() spot {
	if s.node.Kind == yaml.AliasNode {
		s.via = s.route([]*yaml.Node{s.node})
		s.node = s.node.Alias
	}
	return s
}

// within goes on in a string that is YAML itself.
func (s spot) within(hops []hop) (spot, *stop) {
	dead := &stop{code: "E_FIELD_MISSING", at: s, left: len(hops)}
	if s.node.Tag == "!!null" {
		dead.text = s.where() + " has no value"
		return spot{}, dead
	}
	dead.text = fmt.Sprintf("%s is the value %s, and nothing is below it", s.where(), abridged(s.node.Value))
	inner, err := s.in.Within(s.node)
	if err != nil {
		if strings.Contains(s.node.Value, "\n") {
			dead.err = err
		}
		return spot{}, dead
	}
	for _, root := range (spot{}).roots(inner) {
		if root.node.Kind == yaml.ScalarNode {
			return spot{}, dead
		}
	}
	return follow(inner, s, hops)
}

// take makes one hop within a mapping or a list.
func (s spot) take(h hop, hops []hop) (spot, *stop) {
	switch {
	case s.node.Kind == yaml.SequenceNode && h.inList():
		return s.choose(s.items(), hops, "item")
	case s.node.Kind == yaml.SequenceNode:
		stopped := s.missing(hops, fmt.Sprintf("%s is a list of %d, and no mapping; choose an item by its position or a field: [0], [name=VALUE]", s.where(), len(s.node.Content)))
		stopped.instead = append([]hop{{step: item(0)}}, hops...)
		return spot{}, stopped
	}
	fields := s.fields(s.node)
	if !h.inList() {
		for _, f := range fields {
			if f.key == h.key {
				return s.to(key(h.key), f.node, f.via), nil
			}
		}
	}
	stopped := s.missing(hops, fmt.Sprintf("%s has no key %q", s.where(), h.key))
	if h.inList() {
		stopped.text = fmt.Sprintf("%s is a mapping, and no list", s.where())
	}
	stopped.wanted = h.key
	for _, f := range fields {
		stopped.options = append(stopped.options, hop{step: key(f.key)})
	}
	return spot{}, stopped
}

func (s spot) to(next step, n *yaml.Node, via []*yaml.Node) spot {
	return spot{walk{in: s.in, path: s.path.to(next), via: s.route(via)}, n, s.by}
}

func (s spot) missing(hops []hop, text string) *stop {
	return &stop{code: "E_FIELD_MISSING", at: s, left: len(hops), text: text}
}

// where is the path to here, for people.
func (s spot) where() string {
	if len(s.path) == 0 {
		return "the file"
	}
	return s.path.String()
}

// line is that of the spot in its file, 0 for the file as a whole.
func (s spot) line() int {
	if s.node == nil {
		return 0
	}
	return s.in.Line(s.node)
}

// line is the place of the stop.
func (s *stop) line() int {
	if at, ok := errors.AsType[*yamledit.Error](s.err); ok && at.Line > 0 {
		return at.Line
	}
	return s.at.line()
}
