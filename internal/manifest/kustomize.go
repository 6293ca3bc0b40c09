package manifest

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// isKustomization reports a kustomization or component of kustomize, by its
// type or, where it has none, by its file's name.
func isKustomization(file string, root *yaml.Node) bool {
	version, kind := textOf(root, "apiVersion"), textOf(root, "kind")
	if strings.HasPrefix(version, "kustomize.config.k8s.io/") {
		return kind == "Kustomization" || kind == "Component" || kind == "" && isKustomizationName(file)
	}
	return version == "" && isKustomizationName(file)
}

// entry is one of a kustomization's images, or of what is built like one: it
// gives a name of the resources another name, tag or digest.
type entry struct {
	name           scalar // what resources call the image
	newName        scalar // what it is called from there on; node nil where absent
	newTag, digest scalar
	newTagKey      *yaml.Node
	local          bool // of a kustomization among the files, which reaches files
}

// newEntry is the entry that a mapping's fields make. A kustomization's own may
// hold a name alone; elsewhere lists called images hold other things, too.
func newEntry(fields []field, at context) (e entry, ok bool) {
	if at.key != "images" || !at.item {
		return e, false
	}
	e.local = at.source && at.parent == ""
	for _, f := range fields {
		if f.value.node == nil {
			continue
		}
		switch f.key {
		case "name":
			e.name = f.value
		case "newName":
			e.newName = f.value
		case "newTag":
			e.newTag, e.newTagKey = f.value, f.name
		case "digest":
			e.digest = f.value
		}
	}
	sets := e.newName.node != nil || e.newTag.node != nil || e.digest.node != nil
	return e, e.name.node != nil && (e.local || sets)
}

// text is the name that the image has after this entry.
func (e entry) text() scalar {
	if e.newName.node != nil && e.newName.value() != "" {
		return e.newName
	}
	return e.name
}

func (e entry) scalars() []scalar { return []scalar{e.name, e.newName, e.newTag, e.digest} }

func (e entry) names() (ref.Image, error) {
	image, err := ref.ParseImage(e.text().value())
	if err != nil {
		return ref.Image{}, err
	}
	if image.Tag != "" || image.Digest != "" {
		return ref.Image{}, fmt.Errorf("%q carries a tag or a digest, which kustomize never matches", e.text().value())
	}
	// A tag or digest that kustomize would refuse does not make another image.
	if e.newTag.node != nil {
		image.Tag, _ = ref.ParseTag(e.newTag.value())
	}
	if e.digest.node != nil {
		image.Digest, _ = ref.ParseDigest(e.digest.value())
	}
	return image, nil
}

// onlyRenames reports an entry that leaves the tag to what it is applied to, or
// to an entry for the new name.
func (e entry) onlyRenames() bool {
	return e.newName.node != nil && e.newTag.node == nil && e.digest.node == nil
}

func (e entry) moves(to Target) ([]move, error) {
	hasTag, hasDigest := e.newTag.node != nil, e.digest.node != nil
	tag := move{scalar: e.newTag, value: string(to.Image.Tag)}
	digest := move{scalar: e.digest, value: string(to.Image.Digest)}
	switch {
	case !hasTag && (to.Pin == PinBoth || to.Pin == PinTag && !hasDigest):
		return nil, e.lacks("newTag", string(to.Image.Tag))
	case !hasDigest && (to.Pin == PinBoth || to.Pin == PinDigest && !hasTag):
		return nil, e.lacks("digest", string(to.Image.Digest))
	case hasDigest && to.Image.Digest == "":
		return nil, digestUnknown(to, fmt.Sprintf("%q would be left stale", e.digest.value()))
	case hasTag && hasDigest && to.Image.Tag == "":
		return nil, fault.Newf("E_TAG_UNKNOWN", "give the tag, too, or remove the line `newTag:` once",
			"the tag of %s is not known, and %q would be left stale", to.Image, e.newTag.value())
	case hasTag && hasDigest:
		return []move{tag, digest}, nil
	case hasDigest:
		return []move{digest}, nil
	case to.Pin == PinDigest:
		return []move{{scalar: e.newTag, value: digest.value, key: e.newTagKey, rename: "digest"}}, nil
	}
	return []move{tag}, nil
}

// lacks refuses an entry that a line would have to be added to.
func (e entry) lacks(key, value string) error {
	return fault.Newf("E_EDIT_REFUSED",
		fmt.Sprintf("add the line `%s: %q` to this entry once; from then on it is kept up to date", key, value),
		"the entry of %s has no %s", e.text().value(), key)
}
