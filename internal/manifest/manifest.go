// Package manifest finds the fields that name an image in the files that deploy
// it, and says how each of them changes. It is pure: files come in as an fs.FS,
// new bytes go out, and every change is made by yamledit, which proves it.
//
// It knows the shapes in which Kubernetes, kustomize, Helm, Argo CD, Flux and
// compose name images, in whatever kind of object. It leaves everything else
// alone, and tells of what else names the image: annotations, text, keys, shapes
// that it does not know. Comments do not count.
package manifest

import (
	"errors"
	"fmt"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Pin says how a reference names its image.
type Pin string

// The ways to pin. A digest that stands in a file is brought up to date with
// any of them: it is never left stale beside a new tag.
const (
	PinTag    Pin = "tag"    // name:tag; also the meaning of ""
	PinDigest Pin = "digest" // name@digest
	PinBoth   Pin = "both"   // name:tag@digest
)

// Of is the image with what the pin names: its tag, its digest, or both.
func (p Pin) Of(image ref.Image) ref.Image {
	switch p {
	case PinDigest:
		image.Tag = ""
	case PinTag, "":
		image.Digest = ""
	}
	return image
}

// Change is one field that names the image.
//
// Field is the path in the file as it was read: keys after dots, positions in
// brackets, keys that are not plain words in quotes. In a file of several
// documents the position of the document, from 0, comes first: [1].spec.image.
type Change struct {
	File  string `json:"file"`  // slash-separated, from the root of the files
	Line  int    `json:"line"`  // 1-based
	Field string `json:"field"` // .spec.template.spec.containers[0].image
	Old   string `json:"old"`   // the field's value before: nginx:1.27
	New   string `json:"new"`   // and after; the same as Old where it was already so
}

// Target is what references are moved to.
type Target struct {
	Image ref.Image // repository, tag, and digest where it is known
	Pin   Pin
	Leave bool // values that still name the image as it was are warnings, no errors

	Fields     []Address // explicit addresses, moved beside what is found
	FieldsOnly bool      // nothing is looked for: only Fields move, and leftovers are nobody's concern
}

// Warning is something that names the image and was left alone.
type Warning struct {
	File string `json:"file"` // slash-separated, from the root of the files
	Line int    `json:"line"` // 1-based; 0 for the file as a whole
	Text string `json:"text"`
}

// String is the text after its place, as compilers print it.
func (w Warning) String() string {
	if w.Line == 0 {
		return w.File + ": " + w.Text
	}
	return fmt.Sprintf("%s:%d: %s", w.File, w.Line, w.Text)
}

// Result is what an edit comes to.
type Result struct {
	Changes  []Change          // every field that names the image, by file and line
	Files    map[string][]byte // new content of the files whose bytes change
	Warnings []Warning         // by file and line
}

// Changed reports whether any file has new bytes.
func (r *Result) Changed() bool { return len(r.Files) > 0 }

// check reports everything that the target lacks for its pin.
func (t Target) check() error {
	if t.Image.Repository == (ref.Repository{}) {
		return fault.Newf("E_IMAGE_NAME", "give the image that manifests name", "no image is given")
	}
	var lacks []error
	name := t.Image.Repository
	if t.Pin != PinTag && t.Pin != PinDigest && t.Pin != PinBoth {
		lacks = append(lacks, fault.Newf("E_PIN", "pin is one of tag, digest, both", "%q is not a way to pin %s", t.Pin, name))
	}
	if t.Pin != PinDigest && t.Image.Tag == "" {
		lacks = append(lacks, fault.Newf("E_TAG_UNKNOWN", "give the tag that manifests are to name", "pin %q needs a tag of %s", t.Pin, name))
	}
	if (t.Pin == PinDigest || t.Pin == PinBoth) && t.Image.Digest == "" {
		lacks = append(lacks, digestUnknown(t, fmt.Sprintf("pin %q needs it", t.Pin)))
	}
	return errors.Join(lacks...)
}

func digestUnknown(t Target, why string) *fault.Fault {
	return fault.Newf("E_DIGEST_UNKNOWN",
		"give the digest that the push printed (`deploy-ref: name:tag@sha256:…`), or let it be looked up (`verify-image: always`)",
		"the digest of %s is not known, and %s", t.Image, why)
}
