package version

import (
	"context"
	"errors"
)

// ErrTaken is what Create of a Store fails with where the tag exists.
var ErrTaken = errors.New("the tag is taken")

// Store is a repository's tags, as far as numbers are claimed with them. Tags are
// named without refs/tags/.
//
// An error that is a fault ends a claim, but for E_GIT_UNREACHABLE. After any
// other one the tag may have been created all the same, so that a claim looks
// before it tries again.
//
// A list may lag behind if it holds every tag up to some moment: what it lacks
// is then found to be taken. Only where somebody left out numbers by hand may a
// late list let a commit have a second one; git's lists are never late.
type Store interface {
	// List gives the tags that begin with prefix, and the commit that each
	// stands for; of an annotated tag, the one it was put on.
	List(ctx context.Context, prefix string) (map[string]string, error)
	// Create makes a tag at a commit. Of all that try at once, one succeeds; the
	// others fail with ErrTaken, but may succeed with the same commit.
	Create(ctx context.Context, tag, commit string) error
}
