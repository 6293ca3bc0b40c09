package yamledit

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// inspect refuses duplicate keys and notes which scalars aliases share.
func (f *File) inspect() error {
	targets := map[*yaml.Node][]*yaml.Node{}
	for _, doc := range f.docs {
		if err := inspectNode(doc, targets); err != nil {
			return err
		}
	}
	if len(targets) == 0 {
		return nil
	}
	f.aliases = map[*yaml.Node][]*yaml.Node{}
	for _, doc := range f.docs {
		f.share(doc, targets, nil)
	}
	return nil
}

func inspectNode(n *yaml.Node, targets map[*yaml.Node][]*yaml.Node) error {
	switch n.Kind {
	case yaml.AliasNode:
		targets[n.Alias] = append(targets[n.Alias], n)
	case yaml.MappingNode:
		if err := uniqueKeys(n); err != nil {
			return err
		}
	}
	for _, child := range n.Content {
		if err := inspectNode(child, targets); err != nil {
			return err
		}
	}
	return nil
}

// share notes for every scalar under n the aliases of n and of what is around it.
func (f *File) share(n *yaml.Node, targets map[*yaml.Node][]*yaml.Node, around []*yaml.Node) {
	if own := targets[n]; len(own) > 0 {
		around = slices.Concat(around, own)
	}
	if n.Kind == yaml.ScalarNode && len(around) > 0 {
		f.aliases[n] = around
	}
	for _, child := range n.Content {
		f.share(child, targets, around)
	}
}

// fewKeys is the size up to which comparing all pairs beats a hash map.
const fewKeys = 8

// uniqueKeys refuses a mapping in which two scalar keys have the same text,
// whatever their tags: in JSON, 1 and "1" are one key.
func uniqueKeys(n *yaml.Node) error {
	if len(n.Content) <= 2*fewKeys {
		for i := 2; i < len(n.Content); i += 2 {
			for j := 0; j < i; j += 2 {
				if key, ok := sameKey(n.Content[i], n.Content[j]); ok {
					return twice(key, n.Content[i], n.Content[j])
				}
			}
		}
		return nil
	}
	seen := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key, ok := keyText(n.Content[i])
		if !ok {
			continue
		}
		if first := seen[key]; first != nil {
			return twice(key, n.Content[i], first)
		}
		seen[key] = n.Content[i]
	}
	return nil
}

func twice(key string, second, first *yaml.Node) error {
	return errorf(second.Line, "the key %q stands here a second time; the first is on line %d", key, first.Line)
}

func sameKey(a, b *yaml.Node) (string, bool) {
	x, ok := keyText(a)
	if !ok {
		return "", false
	}
	y, ok := keyText(b)
	return x, ok && x == y
}

// keyText is the text of a scalar key, also of one that an alias brings.
func keyText(n *yaml.Node) (string, bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n.Value, n.Kind == yaml.ScalarNode
}
