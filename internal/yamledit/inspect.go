package yamledit

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// inspect refuses duplicate keys under n, and notes whether there is an alias.
func (f *File) inspect(n *yaml.Node) error {
	switch n.Kind {
	case yaml.AliasNode:
		f.aliased = true
	case yaml.MappingNode:
		if err := f.uniqueKeys(n); err != nil {
			return err
		}
	}
	for _, child := range n.Content {
		if err := f.inspect(child); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) uniqueKeys(n *yaml.Node) error {
	second, first := duplicate(n)
	if second == nil {
		return nil
	}
	key, _ := keyText(second)
	return f.errorf(second, "the key %q stands here a second time; the first is on line %d", key, f.Line(first))
}

// Aliases are the alias nodes through which a scalar is reached from elsewhere
// in the file: those of its own anchor, and those of a collection around it.
func (f *File) Aliases(n *yaml.Node) []*yaml.Node {
	if f.aliased && f.shared == nil {
		f.shared = map[*yaml.Node]*users{}
		targets := map[*yaml.Node][]*yaml.Node{}
		for _, doc := range f.docs {
			findAliases(doc, targets)
		}
		for _, doc := range f.docs {
			f.share(doc, targets, nil)
		}
	}
	return f.shared[n].all()
}

// users are the aliases of a node, and of what is around it.
type users struct {
	aliases []*yaml.Node
	around  *users // nil for none
}

// all are the aliases, those of what is around first.
func (u *users) all() []*yaml.Node {
	switch {
	case u == nil:
		return nil
	case u.around == nil:
		return u.aliases
	}
	return slices.Concat(u.around.all(), u.aliases)
}

func findAliases(n *yaml.Node, targets map[*yaml.Node][]*yaml.Node) {
	if n.Kind == yaml.AliasNode {
		targets[n.Alias] = append(targets[n.Alias], n)
	}
	for _, child := range n.Content {
		findAliases(child, targets)
	}
}

// share notes for every scalar under n the aliases of n and of what is around it.
func (f *File) share(n *yaml.Node, targets map[*yaml.Node][]*yaml.Node, around *users) {
	if own := targets[n]; len(own) > 0 {
		around = &users{own, around}
	}
	if n.Kind == yaml.ScalarNode && around != nil {
		f.shared[n] = around
	}
	for _, child := range n.Content {
		f.share(child, targets, around)
	}
}

// fewKeys is the size up to which comparing all pairs beats a hash map.
const fewKeys = 8

// duplicate finds two scalar keys of a mapping that have the same text, whatever
// their tags: in JSON, 1 and "1" are one key.
func duplicate(n *yaml.Node) (second, first *yaml.Node) {
	if len(n.Content) <= 2*fewKeys {
		for i := 2; i < len(n.Content); i += 2 {
			for j := 0; j < i; j += 2 {
				if sameKey(n.Content[i], n.Content[j]) {
					return n.Content[i], n.Content[j]
				}
			}
		}
		return nil, nil
	}
	seen := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key, ok := keyText(n.Content[i])
		if !ok {
			continue
		}
		if first := seen[key]; first != nil {
			return n.Content[i], first
		}
		seen[key] = n.Content[i]
	}
	return nil, nil
}

func sameKey(a, b *yaml.Node) bool {
	x, ok := keyText(a)
	if !ok {
		return false
	}
	y, ok := keyText(b)
	return ok && x == y
}

// keyText is the text of a scalar key, also of one that an alias brings.
func keyText(n *yaml.Node) (string, bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n.Value, n.Kind == yaml.ScalarNode
}
