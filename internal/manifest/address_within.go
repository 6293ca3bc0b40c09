package manifest

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// openSaid puts the values within a text in the place of it where some of them
// are addressed or marked: the text names the image, and only the rest of it is
// left alone.
func (s *source) openSaid(n *names) {
	var inner [][]step
	for _, p := range slices.Concat(s.places, s.others) {
		if at := p.text(); at.in != s.yaml {
			inner = append(inner, at.path)
		}
	}
	if len(inner) == 0 {
		return
	}
	var all []other
	for _, o := range s.found.others {
		all = append(all, o.opened(n, inner)...)
	}
	s.found.others = all
}

// opened are the values within a text that lies on one of the paths, or the text.
func (o other) opened(n *names, paths [][]step) (all []other) {
	on := func(p []step) bool { return len(p) > len(o.path) && slices.Equal(p[:len(o.path)], o.path) }
	if !slices.ContainsFunc(paths, on) {
		return []other{o}
	}
	inner, err := o.in.Within(o.node)
	if err != nil {
		return []other{o}
	}
	below := walk{names: n, in: inner, left: 1000 + bomb*len(o.node.Value), found: &found{visits: map[*yaml.Node]use{}, inner: map[*yaml.Node]bool{}}}
	for _, doc := range inner.Documents() {
		for _, root := range doc.Content {
			below.path, below.via = slices.Clone(o.path), nil
			below.value(root, context{untouched: o.untouched})
		}
	}
	for _, o := range below.others {
		all = append(all, o.opened(n, paths)...)
	}
	return all
}
