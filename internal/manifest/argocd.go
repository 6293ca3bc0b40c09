package manifest

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parameters finds the places in the parameters of a Helm source of Argo CD:
// name image.tag, value v1. They win over its values, so that a repository may
// stand there and its tag here.
func (w *walk) parameters(f field, source []field, at context) {
	list := resolved(f.node)
	if list.Kind != yaml.SequenceNode {
		return
	}
	route := f.via
	if f.node.Kind == yaml.AliasNode {
		route = append(route[:len(route):len(route)], f.node)
	}
	byPrefix := map[string][]field{}
	var order []string
	for i, param := range list.Content {
		via := route
		if param.Kind == yaml.AliasNode {
			via = append(via[:len(via):len(via)], param)
			param = param.Alias
		}
		name := textOf(param, "name")
		value := get(param, "value")
		if name == "" || value == nil {
			continue
		}
		s := w.scalarAt(value, w.path.to(key(f.key), item(i), key("value")), w.route(via))
		if s.node == nil {
			continue
		}
		prefix, last := "", name
		if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
			prefix, last = name[:dot], name[dot+1:]
		}
		if byPrefix[prefix] == nil {
			order = append(order, prefix)
		}
		byPrefix[prefix] = append(byPrefix[prefix], field{key: last, value: s})
	}
	for _, prefix := range order {
		group := byPrefix[prefix]
		if len(groups(group, context{key: prefix})) > 0 {
			group = append(group, w.valuesAt(source, prefix)...)
		}
		w.look(group, context{key: prefix, registry: at.registry})
	}
}

// valuesAt are the fields that the values of the same source have at a dotted
// path and that name an image.
func (w *walk) valuesAt(source []field, dotted string) (all []field) {
	for _, f := range source {
		in, root := w.in, resolved(f.node)
		switch {
		case f.key == "valuesObject":
		case f.key == "values" && root.Kind == yaml.ScalarNode:
			inner, err := in.Within(root)
			if err != nil || len(inner.Documents()) != 1 {
				continue
			}
			in, root = inner, inner.Documents()[0].Content[0]
		default:
			continue
		}
		at := w.path.to(key(f.key))
		for part := range strings.SplitSeq(dotted, ".") {
			root, at = resolved(get(root, part)), at.to(key(part))
		}
		values := walk{in: in}
		if root == nil || root.Kind != yaml.MappingNode {
			continue
		}
		for i := 0; i+1 < len(root.Content); i += 2 {
			k := resolved(root.Content[i]).Value
			if _, part := partOf(k); slices.Contains(registryKeys, part) || slices.Contains(nameKeys, part) {
				all = append(all, field{key: k, value: values.scalarAt(root.Content[i+1], at.to(key(k)), nil)})
			}
		}
	}
	return all
}
