package manifest

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// place is where a file names an image: a container's reference, or an entry of
// a kustomization.
type place interface {
	// names is the image, or the error of a text that cannot be read as one.
	names() (ref.Image, error)
	// text is what names the image, as written.
	text() scalar
	// nodes are the scalars that the place is made of.
	nodes() []*yaml.Node
	// moves are the edits that bring the place to the target.
	moves(to Target) ([]move, error)
}

// scalar is the value of a field, with the aliases that lead to it.
type scalar struct {
	node *yaml.Node // the scalar itself
	path path       // the field
	line int        // of the field; that of an alias where it is one
	via  []*yaml.Node
}

// value is the text without the line breaks that end a block scalar.
func (s scalar) value() string { return strings.TrimRight(s.node.Value, "\n") }

// move is the edit of one field.
type move struct {
	scalar
	value  string
	key    *yaml.Node // to be renamed, or nil
	rename string
}

// places finds all that names an image in the documents of a file.
func places(file string, docs []*yaml.Node) (all []place) {
	for i, doc := range docs {
		if len(doc.Content) == 0 {
			continue
		}
		root, at := doc.Content[0], path(nil)
		if len(docs) > 1 {
			at = path{item(i)}
		}
		if isKustomization(file, root) {
			all = append(all, entries(root, at)...)
		} else if isObject(root) {
			w := podWalk{path: at}
			w.walk(root)
			all = append(all, w.found...)
		}
	}
	return all
}

// get is the value of a key, or nil where n is no mapping or has no such key.
// It does not look through merge keys: what they bring is found where it stands.
func get(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// follow gives the node that an alias stands for, and the alias added to via.
func follow(n *yaml.Node, via []*yaml.Node) (*yaml.Node, []*yaml.Node) {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias, append(via[:len(via):len(via)], n)
	}
	return n, via
}

// scalarAt is the scalar that a field holds, or false.
func scalarAt(n *yaml.Node, at path, via []*yaml.Node) (scalar, bool) {
	node, via := follow(n, via)
	if node == nil || node.Kind != yaml.ScalarNode {
		return scalar{}, false
	}
	return scalar{node, at, n.Line, via}, true
}

// textOf is the text of a scalar in a mapping, "" where there is none.
func textOf(n *yaml.Node, key string) string {
	if node, _ := follow(get(n, key), nil); node != nil {
		return node.Value
	}
	return ""
}
