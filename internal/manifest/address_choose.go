package manifest

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// items are those of a list.
func (s spot) items() (all []spot) {
	for i, child := range s.node.Content {
		all = append(all, s.to(item(i), child, nil))
	}
	return all
}

// choose takes the item that the first hop means, of a list or of the documents.
func (s spot) choose(items []spot, hops []hop, noun string) (spot, *stop) {
	h := hops[0]
	if h.field == nil {
		if h.index < len(items) {
			return items[h.index], nil
		}
		return spot{}, s.missing(hops, fmt.Sprintf("%s has no %s %s, but %d, from [0]", s.where(), noun, h, len(items)))
	}
	var found []spot
	stopped := s.missing(hops, "")
	stopped.wanted = h.value
	for _, it := range items {
		switch by := it.valueOf(h.field); {
		case by.node == nil:
		case by.value() == h.value:
			it.by = append(slices.Clip(it.by), by.node)
			found = append(found, it)
		default:
			stopped.options = append(stopped.options, hop{step: step{index: -1}, field: h.field, value: by.value()})
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		stopped.text = fmt.Sprintf("%s has no %s %s", s.where(), noun, h)
		if len(stopped.options) == 0 {
			stopped.text += ", and none with that field"
		}
		return spot{}, stopped
	}
	lines := make([]string, len(found))
	for i, it := range found {
		lines[i] = fmt.Sprint(it.in.Line(it.node))
	}
	first := slices.IndexFunc(items, func(it spot) bool { return it.node == found[0].node })
	return spot{}, &stop{code: "E_FIELD", at: found[1], left: len(hops), instead: append([]hop{{step: item(first)}}, hops[1:]...),
		text: fmt.Sprintf("%s has %d %ss %s, on lines %s; choose one by its position", s.where(), len(found), noun, h, strings.Join(lines, ", "))}
}

// valueOf is the value of a field of an item; its node is nil where it has none.
func (s spot) valueOf(keys []string) scalar {
	for _, k := range keys {
		s = s.behindAlias()
		if s.node.Kind != yaml.MappingNode {
			return scalar{}
		}
		next, stopped := s.take(hop{step: key(k)}, nil)
		if stopped != nil {
			return scalar{}
		}
		s = next
	}
	return s.scalarAt(s.node, s.path, nil)
}
