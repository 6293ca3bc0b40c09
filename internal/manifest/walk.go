package manifest

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/yamledit"
)

// found is what a walk through a file comes upon.
type found struct {
	places []place
	others []other             // values that name the image, whether part of a place or not
	visits map[*yaml.Node]use  // of scalars that aliases share
	inner  map[*yaml.Node]bool // strings whose YAML was walked through, too
}

// other is a value that may name the image outside of every place.
type other struct {
	scalar
	key       bool // it is the key of a field
	asked     bool // under a key that asks for an image
	untouched bool // in an annotation, in text: whatever it says, it is not changed
}

// walk goes through a text as its readers do: aliases and merge keys are
// followed, so that every value is met in every context in which it is used.
type walk struct {
	names *names // what is looked for; nil for every image
	*found
	in   *yamledit.File
	path path
	via  []*yaml.Node
	left int // visits of nodes until the aliases are taken for a bomb
}

// field is a field of a mapping, its own or one that a merge key brings.
type field struct {
	key   string
	name  *yaml.Node // the key
	node  *yaml.Node
	via   []*yaml.Node // aliases that lead to the field, added to those of the mapping
	value scalar       // once it was read; node nil where the field holds no scalar
}

// bomb is how many visits a text may cost for each of its bytes: aliases of
// aliases grow without bounds.
const bomb = 20

// find walks through the documents of a file.
func find(file string, f *yamledit.File, size int, n *names) (*found, error) {
	w := walk{names: n, in: f, left: 1000 + bomb*size, found: &found{visits: map[*yaml.Node]use{}, inner: map[*yaml.Node]bool{}}}
	docs := f.Documents()
	for i, doc := range docs {
		if len(doc.Content) == 0 {
			continue
		}
		w.path = nil
		if len(docs) > 1 {
			w.path = path{item(i)}
		}
		w.value(doc.Content[0], rootContext(file, doc.Content[0]))
	}
	if w.left < 0 {
		return nil, &yamledit.Error{Msg: "the aliases of this file stand for more than can be looked through"}
	}
	return w.found, nil
}

func (w *walk) value(n *yaml.Node, at context) {
	if n.Kind == yaml.AliasNode {
		w.via = append(w.via, n)
		defer func() { w.via = w.via[:len(w.via)-1] }()
		n = n.Alias
	}
	if w.left--; w.left < 0 {
		return
	}
	switch n.Kind {
	case yaml.ScalarNode:
		w.scalar(n, at)
	case yaml.SequenceNode:
		w.sequence(n, at)
	case yaml.MappingNode:
		w.mapping(n, at)
	}
}

// under goes to a value by a step.
func (w *walk) under(s step, n *yaml.Node, at context) {
	w.path = append(w.path, s)
	w.value(n, at)
	w.path = w.path[:len(w.path)-1]
}

func (w *walk) sequence(n *yaml.Node, at context) {
	w.items(n, at)
	in := at.ofItem()
	for i, child := range n.Content {
		w.under(item(i), child, in)
	}
}

func (w *walk) mapping(n *yaml.Node, at context) {
	fields := w.fields(n)
	at = at.enter(n, fields)
	if !at.untouched && at.mayName(fields) {
		w.read(fields)
		w.look(fields, at)
	}
	for _, f := range fields {
		w.key(f, at)
		w.via = append(w.via, f.via...)
		w.under(key(f.key), f.node, at.of(f.key))
		w.via = w.via[:len(w.via)-len(f.via)]
	}
}

// scalarAt is the scalar that a node stands for, by way of aliases.
func (w *walk) scalarAt(n *yaml.Node, at path, via []*yaml.Node) scalar {
	line := w.in.Line(n)
	if n.Kind == yaml.AliasNode {
		via = append(slices.Clip(via), n)
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		return scalar{}
	}
	return scalar{in: w.in, node: n, path: at, line: line, via: via}
}

// scalar takes note of a value.
func (w *walk) scalar(n *yaml.Node, at context) {
	if len(w.in.Aliases(n)) > 0 {
		w.visit(n, at)
	}
	if n.Tag == "!!null" || !w.wants(n.Value) {
		return
	}
	if w.within(n, at) || w.names == nil {
		return
	}
	s := w.scalarAt(n, slices.Clone(w.path), slices.Clone(w.via))
	w.others = append(w.others, other{scalar: s, asked: at.asks(), untouched: at.untouched})
}

// key takes note of a key that may name what is looked for: none is changed.
func (w *walk) key(f field, at context) {
	if w.names == nil || !w.names.in(f.key) {
		return
	}
	if s := w.scalarAt(f.name, w.path.to(key(f.key)), nil); s.node != nil {
		w.others = append(w.others, other{scalar: s, key: true, untouched: at.untouched})
	}
}

// wants reports a text that may name what is looked for.
func (w *walk) wants(text string) bool { return w.names == nil || w.names.in(text) }
