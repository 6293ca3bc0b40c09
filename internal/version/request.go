package version

import (
	"context"
	"errors"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Request says which commit wants a number.
type Request struct {
	Series Series
	Prefix string // stands before the version in git tags alone: cms/ for cms/v0.0.7
	Commit string // full object id

	// Existing are tags of the image's registries: what they hold is taken, too.
	Existing []ref.Tag

	// Suffix asks for a further build of an old number instead of a new one:
	// v0.0.417 gives v0.0.417-1, then -2; v0.0.417-2 gives just that. "" does not.
	Suffix string

	AllowOlder bool // number the commit also where a later one has a number
	Hidden     bool // claim below refs/tagboat/versions/, where Promote makes a git tag of it

	// Pause waits before a further attempt, the number of which it is told; nil
	// waits a random time, which grows with the attempts and with what they take.
	Pause func(ctx context.Context, attempt int) error
	Now   func() time.Time // nil is time.Now
}

// Allocation is the number of a commit.
type Allocation struct {
	Tag      ref.Tag // v0.0.7, for the image
	Ref      string  // refs/tags/cms/v0.0.7
	Commit   string
	Hidden   bool // it is no git tag yet
	Already  bool // the commit had the number before
	Attempts int  // how often the refs were looked at
}

var (
	commitForm = pattern.New(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
	prefixForm = pattern.New(`^([A-Za-z0-9_]([A-Za-z0-9_-]|\.[A-Za-z0-9_-])*[/-]?)*$`)
)

// check finds all that makes no sense in a request.
func (r Request) check() error {
	var errs []error
	if !prefixForm.MatchString(r.Prefix) {
		errs = append(errs, fault.Newf("E_SERIES", "a prefix is made of A-Z a-z 0-9 _ - . and /, such as cms/", "%q cannot stand before a version in a git tag", r.Prefix))
	}
	if !commitForm.MatchString(r.Commit) {
		errs = append(errs, fault.Newf("E_COMMIT_UNKNOWN", "write the full id of a commit: 40 hex digits, as git rev-parse prints it", "%q is no commit", r.Commit))
	}
	return errors.Join(append(errs, r.Series.CheckSuffix(r.Suffix))...)
}

// floor is the highest number that registries hold; 0 where they hold none.
func (r Request) floor() (highest Number) {
	for _, tag := range r.Existing {
		if n, ok := r.Series.uses(string(tag)); ok {
			highest = max(highest, n)
		}
	}
	return highest
}
