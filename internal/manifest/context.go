package manifest

import (
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// context is where a value stands: what its readers take it for.
type context struct {
	key, parent string // the key that it is under, and the key above that; those of the list for its items
	item        bool   // it is an item of a list
	object      bool   // within an object of Kubernetes, or a patch of one
	pod         bool   // it has the fields of a container: an image without a tag is its latest
	services    bool   // within a compose file
	source      bool   // within a kustomization
	untouched   bool   // annotations and other text: nothing here is changed
	head        bool   // it is an object itself
	registry    string // that charts put before every repository, or ""
	op          *operation
	named       string // what a list of names and values calls the value here
}

// The fields of objects that hold containers, or what is built like them: those
// of pods, of Argo Workflows (container, script, sidecars) and of Tekton (steps,
// sidecars, stepTemplate).
var (
	podLists = []string{"containers", "initContainers", "ephemeralContainers", "sidecars", "steps"}
	podMaps  = []string{"container", "script", "stepTemplate"}
)

// textKinds are objects whose values are text or a schema, not images that run.
var textKinds = []string{"ConfigMap", "Secret", "CustomResourceDefinition"}

// kustomizeText are the fields of a kustomization that hold text.
var kustomizeText = []string{"metadata", "configMapGenerator", "secretGenerator", "replacements", "vars"}

// composeKeys are the top-level keys of a compose file, beside those that begin
// with x-.
var composeKeys = []string{"version", "name", "include", "services", "networks", "volumes", "configs", "secrets", "models"}

// rootContext is that of a document.
func rootContext(file string, root *yaml.Node) context {
	switch {
	case isKustomization(file, root):
		return context{source: true}
	case isCompose(root):
		return context{services: true}
	case root.Kind == yaml.SequenceNode && len(root.Content) > 0 && newOperation(root.Content[0]) != nil:
		return context{object: true} // a patch
	}
	return context{}
}

// isObject reports what every Kubernetes object has.
func isObject(n *yaml.Node) bool {
	return textOf(n, "apiVersion") != "" && textOf(n, "kind") != ""
}

// isCompose reports a compose file or a Swarm stack.
func isCompose(n *yaml.Node) bool {
	if services := resolved(get(n, "services")); services == nil || services.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i < len(n.Content); i += 2 {
		if k := n.Content[i].Value; !slices.Contains(composeKeys, k) && !strings.HasPrefix(k, "x-") {
			return false
		}
	}
	return true
}

// enter is the context within a mapping.
func (c context) enter(n *yaml.Node, fields []field) context {
	c.head, c.op, c.named = false, newOperation(n), ""
	if c.item && c.key == "env" {
		c.named = textOf(n, "name")
	}
	if !c.source && isObject(n) {
		c.head, c.object = true, true
		c.untouched = c.untouched || slices.Contains(textKinds, textOf(n, "kind"))
	}
	for _, f := range fields {
		if f.key == "global" {
			c.registry = cmp.Or(globalRegistry(resolved(f.node)), c.registry)
		}
	}
	return c
}

// globalRegistry is the registry that charts put before every repository.
func globalRegistry(global *yaml.Node) string {
	for _, at := range [][]string{{"imageRegistry"}, {"image", "registry"}, {"registry"}} {
		n := global
		for _, key := range at {
			n = resolved(get(n, key))
		}
		if n != nil && n.Kind == yaml.ScalarNode && n.Tag == "!!str" && n.Value != "" {
			return n.Value
		}
	}
	return ""
}

// of is the context of a field's value.
func (c context) of(key string) context {
	in := c
	in.key, in.parent, in.item, in.pod = key, c.key, false, false
	if key == "value" && c.named != "" {
		in.key = c.named // WEB_IMAGE, RELATED_IMAGE_WEB
	}
	switch {
	case c.head && key == "status", c.object && key == "metadata", holdsText(key):
		in.untouched = true // annotations and observations name images, but set none
	case c.source && c.key == "" && slices.Contains(kustomizeText, key):
		in.untouched = true
	case c.op != nil && key == "value":
		in.key, in.parent, in.item = c.op.key, c.op.parent, c.op.item
		in.untouched = in.untouched || c.op.untouched
		in.pod = in.object && in.item && slices.Contains(podLists, in.key)
	case c.services && c.parent == "" && c.key == "services", in.object && slices.Contains(podMaps, key):
		in.pod = true
	}
	return in
}

// ofItem is the context of a list's items.
func (c context) ofItem() context {
	c.pod = c.object && !c.item && slices.Contains(podLists, c.key)
	c.item = true
	return c
}

// holdsText reports a field of any document whose values are text about it.
func holdsText(key string) bool { return endsIn(key, "annotations") || endsIn(key, "labels") }

// mayName is a quick look whether fields are such that look has to see them.
func (c context) mayName(fields []field) bool {
	if c.op != nil || isImageKey(c.named) || isImageStream(fields) || c.key == "helm" || isImagesKey(c.key) || isImageKey(c.key) {
		return true
	}
	for _, f := range fields {
		_, part := partOf(f.key)
		if isImageKey(f.key) || strings.HasPrefix(f.key, "image") || f.key == "reference" || f.key == "set" || slices.Contains(tagKeys, part) || slices.Contains(digestKeys, part) {
			return true
		}
	}
	return false
}

// asks reports a field that is asked for an image's name.
func (c context) asks() bool { return isImageKey(c.key) || c.key == "repository" }

// isImageKey reports a key whose value is an image.
func isImageKey(key string) bool {
	if endsIn(key, "image") {
		return true
	}
	for _, k := range imageKeys {
		if strings.EqualFold(key, k) {
			return true
		}
	}
	const operand = "related_image_" // of an operator, in its environment
	return len(key) > len(operand) && strings.EqualFold(key[:len(operand)], operand)
}

// imageKeys are those that do not end in image.
var imageKeys = []string{
	"imageName", "imageRef", "imageReference", "imageURI", "imageURL",
	"image_name", "image_ref", "image_reference", "image_uri", "image_url",
}

// isImagesKey reports a key below which everything is an image.
func isImagesKey(key string) bool { return endsIn(key, "images") }

// endsIn reports the last letters of a key, in whatever case.
func endsIn(key, letters string) bool {
	at := len(key) - len(letters)
	return at >= 0 && strings.EqualFold(key[at:], letters)
}
