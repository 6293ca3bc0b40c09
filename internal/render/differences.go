package render

import (
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// difference is a field that differs; old or new is nil where there is none.
type difference struct {
	field    string // from the node that was compared
	old, new *yaml.Node
}

// differences compares leaf by leaf.
func differences(old, new *yaml.Node) (all []difference) {
	old, new = solid(old), solid(new)
	switch {
	case old == nil && new == nil:
	case old == nil || new == nil || old.Kind != new.Kind:
		return []difference{{old: old, new: new}}
	case old.Kind == yaml.MappingNode:
		fields := map[string]*yaml.Node{}
		for i := 0; i+1 < len(new.Content); i += 2 {
			fields[new.Content[i].Value] = new.Content[i+1]
		}
		for i := 0; i+1 < len(old.Content); i += 2 {
			key := old.Content[i].Value
			all = append(all, under(differences(old.Content[i+1], fields[key]), keyStep, key)...)
			delete(fields, key)
		}
		for i := 0; i+1 < len(new.Content); i += 2 {
			key := new.Content[i].Value
			all = append(all, under(differences(nil, fields[key]), keyStep, key)...)
		}
	case old.Kind == yaml.SequenceNode:
		for i := range max(len(old.Content), len(new.Content)) {
			all = append(all, under(differences(item(old, i), item(new, i)), itemStep, i)...)
		}
	case old.Value != new.Value || old.ShortTag() != new.ShortTag():
		return []difference{{old: old, new: new}}
	}
	return all
}

// under puts a step before the fields; most often there are none.
func under[T any](below []difference, step func(T) string, at T) []difference {
	for i := range below {
		below[i].field = step(at) + below[i].field
	}
	return below
}

// solid is the node that stands for itself.
func solid(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n != nil && n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	return n
}

func item(list *yaml.Node, i int) *yaml.Node {
	if i < len(list.Content) {
		return list.Content[i]
	}
	return nil
}

var wordForm = pattern.New(`^[A-Za-z0-9_-]+$`)

// keyStep is a key in the form of manifest.Change.Field.
func keyStep(key string) string {
	if wordForm.MatchString(key) {
		return "." + key
	}
	return "." + strconv.Quote(key)
}

func itemStep(i int) string { return "[" + strconv.Itoa(i) + "]" }
