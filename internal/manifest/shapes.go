package manifest

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// look finds the places that the fields of a mapping make.
func (w *walk) look(fields []field, at context) {
	if e, ok := newEntry(fields, at); ok {
		w.add(e)
		return
	}
	group, isGroup := newParts(fields, at.registry)
	if isGroup {
		w.add(group)
	}
	for _, f := range fields {
		if at.key == "helm" && f.key == "parameters" {
			w.parameters(f, fields, at)
		}
		if f.value.node == nil || f.value.null() || isGroup && f.value.node == group.name.node {
			continue
		}
		in := at.of(f.key)
		switch {
		case in.untouched:
		case isImageKey(in.key), in.key == "reference" && at.key == "image" && at.parent == "volumes" && at.object:
			w.reference(reference{scalar: f.value, kustomized: at.object}, at.pod || in.key == "reference" || in.pod)
		case at.key == "images" && !at.item:
			w.reference(reference{scalar: f.value}, false)
		}
	}
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
		r := reference{scalar: s}
		if name, _, found := strings.Cut(s.value(), "="); found && at.parent == "kustomize" {
			r.prefix = name + "="
		}
		w.reference(r, false)
	}
}

// reference adds a field with a whole reference. One without a tag counts only
// where it means the image as such: elsewhere the tag is in another field, or
// the image is one to watch and not to run.
func (w *walk) reference(r reference, bareCounts bool) {
	if bareCounts || !r.bare() {
		w.add(r)
	}
}

func (w *walk) add(p place) { w.places = append(w.places, p) }
