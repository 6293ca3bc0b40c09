package manifest

import (
	"strings"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// reference is a field that holds a whole reference: name[:tag][@digest].
type reference struct {
	scalar
	prefix string // what stands before the reference: docker://, or "web=" among the images of an Argo CD source
	name   string // what is written as * there, in "web=*:v1"
	// kustomized reports a field that a kustomization may give its tag.
	kustomized bool
}

func (r reference) text() scalar { return r.scalar }

func (r reference) written() string { return r.name + strings.TrimPrefix(r.value(), r.prefix) }

func (r reference) names() (ref.Image, error) { return ref.ParseImage(r.written()) }

func (r reference) scalars() []scalar { return []scalar{r.scalar} }

// bare reports a reference without a tag and a digest.
func (r reference) bare() bool {
	image, err := r.names()
	return err == nil && image.Tag == "" && image.Digest == ""
}

func (r reference) moves(to Target) ([]move, error) {
	old, err := r.names()
	if err != nil {
		return nil, err
	}
	pin, err := pinFor(r.written(), old, to)
	if err != nil {
		return nil, err
	}
	return []move{{scalar: r.scalar, value: r.prefix + strings.TrimPrefix(spelled(r.written(), old), r.name) + suffix(to.Image, pin)}}, nil
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
