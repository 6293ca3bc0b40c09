package manifest

import (
	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// place is where a file names an image: a field with a whole reference, fields
// that hold its parts, an entry of a kustomization, a field that was addressed.
type place interface {
	// names is the image, or the error of a text that cannot be read as one.
	names() (ref.Image, error)
	// text is what names the image, as written.
	text() scalar
	// scalars are those that the place is made of; absent ones have no node.
	scalars() []scalar
	// moves are the edits that bring the place to the target.
	moves(to Target) ([]move, error)
}

// move is the edit of one field.
type move struct {
	scalar
	value  string
	key    *yaml.Node // to be renamed, or nil
	rename string
}
