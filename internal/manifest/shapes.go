package manifest

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// look finds the places that the fields of a mapping make.
func (w *walk) look(fields []field, at context) {
	if e, ok := newEntry(fields, at); ok {
		w.add(e)
		return
	}
	if name, _ := first(fields, []string{"name"}); isImageStream(fields) && name.node != nil {
		w.reference(reference{scalar: name}, false)
		return
	}
	grouped := map[*yaml.Node]bool{} // names of parts
	for _, g := range groups(fields, at) {
		if p, ok := newParts(g, at.registry); ok {
			p.stale = strayDigest(fields, p, at)
			w.add(p)
			grouped[p.name.node] = true
		}
	}
	for _, f := range fields {
		if at.key == "helm" && f.key == "parameters" || f.key == "set" {
			w.parameters(f, fields, at)
		}
		if f.value.node == nil || f.value.null() || grouped[f.value.node] {
			continue
		}
		in := at.of(f.key)
		switch {
		case in.untouched:
		case isImageKey(in.key), in.key == "reference" && at.key == "image" && at.parent == "volumes" && at.object:
			w.reference(reference{scalar: f.value, kustomized: at.object}, at.pod || in.key == "reference" || in.pod)
		case holdsWhole(in.key, at), at.key == "images" && !at.item:
			w.reference(reference{scalar: f.value}, false)
		}
	}
}

// isImageStream reports what an ImageStream or a build of OpenShift takes an image from.
func isImageStream(fields []field) bool {
	return slices.ContainsFunc(fields, func(f field) bool { return f.key == "kind" && resolved(f.node).Value == "DockerImage" })
}

// wholeKeys are those under a key of an image that may hold all of its reference.
var wholeKeys = []string{"name", "repository", "reference", "ref", "url", "uri", "full"}

// holdsWhole reports a key that may hold a whole reference, although it does not
// say so by itself: image.name, imageDataplane.
func holdsWhole(key string, at context) bool {
	if isImageKey(at.key) && !at.item {
		return slices.Contains(wholeKeys, key)
	}
	_, part := partOf(key)
	of, found := strings.CutPrefix(key, "image")
	return found && part == "" && of != "" && of[0] >= 'A' && of[0] <= 'Z'
}

// items finds the places that the scalars of a list make.
func (w *walk) items(n *yaml.Node, at context) {
	if !isImagesKey(at.key) || at.untouched {
		return
	}
	for i, child := range n.Content {
		s := w.scalarAt(child, w.path.to(item(i)), w.route(nil))
		if s.node == nil || s.null() {
			continue
		}
		w.reference(renaming(s, at), false)
	}
}

// renaming is an item of a list of images; one of an Argo CD source may begin with
// the name that it gives another: old=new:v1. A * for that keeps it.
func renaming(s scalar, at context) reference {
	name, image, found := strings.Cut(s.value(), "=")
	switch {
	case !found || at.parent != "kustomize":
		return reference{scalar: s}
	case strings.HasPrefix(image, "*"):
		return reference{scalar: s, prefix: name + "=*", name: name}
	}
	return reference{scalar: s, prefix: name + "="}
}

// reference adds a field with a whole reference. One without a tag counts only
// where it means the image as such: elsewhere the tag is in another field, or
// the image is one to watch and not to run.
func (w *walk) reference(r reference, bareCounts bool) {
	if r.prefix == "" {
		r.prefix = scheme(r.value())
	}
	if bareCounts || !r.bare() {
		w.add(r)
	}
}

func (w *walk) add(p place) { w.places = append(w.places, p) }
