package manifest

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// isObject reports what every Kubernetes object has.
func isObject(n *yaml.Node) bool {
	return textOf(n, "apiVersion") != "" && textOf(n, "kind") != ""
}

// podWalk finds containers and image volumes by their shape, wherever an object
// holds a pod's fields: a list of kinds would miss every custom resource.
type podWalk struct {
	path  path
	found []place
}

func (w *podWalk) walk(n *yaml.Node) {
	switch n.Kind {
	case yaml.SequenceNode:
		for i, child := range n.Content {
			w.into(item(i), child)
		}
	case yaml.MappingNode:
		object := isObject(n)
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i].Value, n.Content[i+1]
			if object && (name == "metadata" || name == "status") {
				continue // annotations and observations name images, but set none
			}
			w.look(name, value)
			w.into(key(name), value)
		}
	}
}

func (w *podWalk) into(s step, n *yaml.Node) {
	if len(n.Content) > 0 {
		w.path = append(w.path, s)
		w.walk(n)
		w.path = w.path[:len(w.path)-1]
	}
}

// look takes the images out of a pod's lists.
func (w *podWalk) look(name string, list *yaml.Node) {
	var fields []string
	switch name {
	case "containers", "initContainers", "ephemeralContainers":
		fields = []string{"image"}
	case "volumes":
		fields = []string{"image", "reference"}
	default:
		return
	}
	list, via := follow(list, nil)
	if list.Kind != yaml.SequenceNode {
		return
	}
	for i, node := range list.Content {
		at, via := w.path.to(key(name), item(i)), via
		for _, field := range fields {
			node, via = follow(node, via)
			node = get(node, field)
			at = at.to(key(field))
		}
		if s, ok := scalarAt(node, at, via); ok {
			w.found = append(w.found, container{s})
		}
	}
}

// container is a field that holds a whole reference: name[:tag][@digest].
type container struct{ scalar }

func (c container) text() scalar { return c.scalar }

func (c container) names() (ref.Image, error) { return ref.ParseImage(c.value()) }

func (c container) nodes() []*yaml.Node { return []*yaml.Node{c.node} }

// bare reports a reference without a tag and a digest.
func (c container) bare() bool {
	image, err := c.names()
	return err == nil && image.Tag == "" && image.Digest == ""
}

func (c container) moves(to Target) ([]move, error) {
	old, err := c.names()
	if err != nil {
		return nil, err
	}
	name := c.value()
	if old.Digest != "" {
		name = strings.TrimSuffix(name, "@"+string(old.Digest))
	}
	if old.Tag != "" {
		name = strings.TrimSuffix(name, ":"+string(old.Tag))
	}
	pin := to.Pin
	if old.Digest != "" && pin == PinTag {
		if to.Image.Digest == "" {
			return nil, digestUnknown(to, fmt.Sprintf("%q would be left with a stale one", c.value()))
		}
		pin = PinDigest
		if old.Tag != "" {
			pin = PinBoth
		}
	}
	return []move{{scalar: c.scalar, value: name + suffix(to.Image, pin)}}, nil
}

// suffix is what comes after the name.
func suffix(image ref.Image, pin Pin) string {
	switch pin {
	case PinDigest:
		return "@" + string(image.Digest)
	case PinBoth:
		return ":" + string(image.Tag) + "@" + string(image.Digest)
	}
	return ":" + string(image.Tag)
}
