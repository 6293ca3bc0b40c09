package manifest

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// fields are those of a mapping as a reader sees them: its own, and those that
// merge keys bring and it has not got itself.
func (w *walk) fields(n *yaml.Node) []field {
	all := make([]field, 0, len(n.Content)/2)
	merges := false
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag == "!!merge" {
			merges = true
			continue
		}
		all = append(all, w.field(n.Content[i], n.Content[i+1], nil))
	}
	if merges {
		all = w.merged(all, n, nil, map[*yaml.Node]bool{n: true})
	}
	return all
}

// merged adds what the merge keys of n bring; of several, the first wins. One
// that was followed has nothing more to bring, however often it is named.
func (w *walk) merged(all []field, n *yaml.Node, via []*yaml.Node, followed map[*yaml.Node]bool) []field {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag != "!!merge" {
			continue
		}
		sources := []*yaml.Node{n.Content[i+1]}
		if sources[0].Kind == yaml.SequenceNode {
			sources = sources[0].Content
		}
		for _, source := range sources {
			all = w.merge(all, source, via, followed)
		}
	}
	return all
}

func (w *walk) merge(all []field, source *yaml.Node, via []*yaml.Node, followed map[*yaml.Node]bool) []field {
	if source.Kind == yaml.AliasNode {
		via = append(slices.Clip(via), source)
		source = source.Alias
	}
	if source.Kind != yaml.MappingNode || followed[source] {
		return all
	}
	followed[source] = true
	for i := 0; i+1 < len(source.Content); i += 2 {
		k := source.Content[i]
		if k.Tag != "!!merge" && !slices.ContainsFunc(all, func(f field) bool { return f.key == resolved(k).Value }) {
			all = append(all, w.field(k, source.Content[i+1], via))
		}
	}
	return w.merged(all, source, via, followed)
}

func (w *walk) field(k, v *yaml.Node, via []*yaml.Node) field {
	return field{key: resolved(k).Value, name: k, node: v, via: via}
}

// read adds the scalars that fields hold.
func (w *walk) read(fields []field) {
	for i, f := range fields {
		if resolved(f.node).Kind == yaml.ScalarNode {
			fields[i].value = w.scalarAt(f.node, w.path.to(key(f.key)), w.route(f.via))
		}
	}
}

// route is the way to here, in memory of its own, with aliases added.
func (w *walk) route(via []*yaml.Node) []*yaml.Node {
	if len(w.via)+len(via) == 0 {
		return nil
	}
	return slices.Concat(w.via, via)
}

// use is how a scalar that aliases share is used.
type use struct {
	times int
	// definition is where it stands, if it may stand there for no more than to be
	// shared; its node is nil otherwise.
	definition scalar
}

// visit counts a use of a shared scalar.
func (w *walk) visit(n *yaml.Node, at context) {
	u := w.visits[n]
	u.times++
	if len(w.via) == 0 && !at.untouched && w.defines() {
		u.definition = w.scalarAt(n, slices.Clone(w.path), nil)
	}
	w.visits[n] = u
}

// defines reports a field that may be there for its anchor's sake: one of an
// extension, as compose calls it, or one whose key says that it holds an image
// or its tag.
func (w *walk) defines() bool {
	if len(w.path) == 0 {
		return false
	}
	last := strings.ToLower(w.path[len(w.path)-1].key)
	for _, word := range []string{"image", "tag", "version"} {
		if strings.Contains(last, word) {
			return true
		}
	}
	return strings.HasPrefix(w.path[0].key, "x-")
}
