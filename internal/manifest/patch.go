package manifest

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// operation is one of a JSON patch (RFC 6902): where its value goes to, or what
// it wants to find there.
type operation struct {
	key, parent string // the last two keys of its path
	item        bool   // the value is an item of the list under key
	untouched   bool   // it sets nothing that runs
}

// newOperation is nil where n is no operation with a value.
func newOperation(n *yaml.Node) *operation {
	op, path := textOf(n, "op"), textOf(n, "path")
	if op == "" || !strings.HasPrefix(path, "/") {
		return nil
	}
	o := new(operation)
	for _, part := range strings.Split(path[1:], "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		if _, err := strconv.Atoi(part); err == nil || part == "-" {
			o.item = true
			continue
		}
		o.key, o.parent, o.item = part, o.key, false
		o.untouched = o.untouched || holdsText(part) || part == "metadata" || part == "status" && o.parent == ""
	}
	return o
}

// innerKeys are the fields whose string is YAML to those who read it: patches of
// kustomizations, values in Applications of Argo CD, in HelmCharts of k3s, and
// elements in ApplicationSets.
var innerKeys = []string{"patch", "valuesContent", "elementsYaml"}

// within goes through a string that is YAML itself, and reports whether it was one.
func (w *walk) within(n *yaml.Node, at context) bool {
	in := context{untouched: at.untouched}
	switch {
	case at.untouched:
		return false
	case at.key == "patch", at.key == "patchesStrategicMerge" && at.item:
		in.object = true
	case at.key == "manifest" && at.parent == "resource", strings.HasSuffix(at.key, "Containers"):
		// of a Workflow; a list that charts paste into a pod
	case slices.Contains(innerKeys, at.key), at.key == "values" && at.parent == "helm":
	default:
		return false
	}
	inner, err := w.in.Within(n)
	if err != nil || len(inner.Documents()) == 0 {
		return false
	}
	below := walk{names: w.names, found: w.found, in: inner, left: w.left}
	for _, doc := range inner.Documents() {
		for _, root := range doc.Content {
			if root.Kind == yaml.ScalarNode {
				return false // the name of a file
			}
			below.path, below.via = slices.Clone(w.path), nil
			below.value(root, in)
		}
	}
	w.left = below.left
	w.inner[n] = true
	return true
}
