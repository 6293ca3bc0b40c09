package version

import (
	"context"
	"errors"
	"time"

	"github.com/seed-96940006/tagboat/internal/git"
)

// ErrTaken is what Write of a Store fails with where a ref is not as an update
// wants it: it exists already, or is gone.
var ErrTaken = errors.New("the ref is taken")

// Store is a source repository, as far as numbers are claimed in it. A number is a
// ref, which only one can create.
//
// An error that is a fault ends a claim, but for E_GIT_UNREACHABLE and
// E_GITHUB_UNREACHABLE. After any other one the write may have been made all the
// same, so that a claim looks before it tries again.
type Store interface {
	// Read gives the refs of a scope. It may lag behind, if it holds every ref up
	// to some moment: what it lacks is then found to be taken.
	Read(ctx context.Context, s Scope) (*View, error)

	// Write makes all updates or none. Of all that try at once to create one ref,
	// one succeeds; the others fail with ErrTaken, but may succeed with the same
	// commit.
	Write(ctx context.Context, updates ...git.Update) error

	// Descendant gives one of some commits that has another one among its ancestors,
	// the first where that costs nothing, and "" where none has. They are in falling order of their numbers,
	// as a View of this store has them.
	Descendant(ctx context.Context, v *View, commit string, of []string) (string, error)

	// Place tells where the commit of a view's scope stands in history.
	Place(ctx context.Context, v *View, commit string) (Place, error)
}

// Place is where a commit stands in history.
type Place struct {
	Parent string // the first; "" where there is none, or it is not known
	Depth  int    // how many commits it and its ancestors are, so that each of these has less; 0 where that is not known
}

// Scope says what is to be read.
type Scope struct {
	Prefixes []string // of full names: refs/tags/cms/v0.0.
	Waiting  string   // the folder of claims that wait, also one of Prefixes
	Commit   string   // which wants a number: its ancestors will be asked for
	Late     bool     // the last view lacked a ref that exists: look where it must be seen
}

// View is what a store showed.
type View struct {
	Refs  map[string]string // by full name, the commit; of an annotated tag, the one it was put on
	Lines Lines             // what was shown of ancestors on the way
	Room  bool              // claims that meet may wait here for one to write the numbers of all
	Apart bool              // where they wait, each writes its own: the store may lack the commits of others

	dates map[string]time.Time // when commits were committed, where a store was told; what is no commit never was
	since time.Time            // other numbers were committed before; the zero time where that is not known
}
