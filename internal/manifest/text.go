package manifest

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/yamledit"
)

// scalar is the value of a field, with the aliases that lead to it.
type scalar struct {
	in   *yamledit.File // the text that it stands in: a file, or a string in one
	node *yaml.Node     // the scalar itself
	path path           // the field
	line int            // of the field in its file; that of an alias where it is one
	via  []*yaml.Node
}

// value is the text without the line breaks that end a block scalar.
func (s scalar) value() string {
	if s.node == nil {
		return ""
	}
	return strings.TrimRight(s.node.Value, "\n")
}

// null reports a field without a value.
func (s scalar) null() bool { return s.node != nil && s.node.Tag == "!!null" }

// empty reports a field that is absent, null or "".
func (s scalar) empty() bool { return s.node == nil || s.null() || s.value() == "" }

// filledLater reports a text that something replaces parts of before it is read:
// a template, a variable.
func filledLater(text string) bool {
	return strings.Contains(text, "{{") || strings.Contains(text, "$")
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

// resolved is the node that an alias stands for, or the node itself.
func resolved(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// textOf is the text of a scalar in a mapping, "" where there is none.
func textOf(n *yaml.Node, key string) string {
	if node := resolved(get(n, key)); node != nil {
		return node.Value
	}
	return ""
}
