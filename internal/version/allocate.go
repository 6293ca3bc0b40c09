package version

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Request says which commit wants a number.
type Request struct {
	Series Series
	Prefix string // stands before the version in git tags alone: cms/ for cms/v0.0.7
	Commit string // full object id

	// Pause waits before a further attempt, the number of which it is told; nil
	// waits a random time, of at most 200 ms at first and 4 s later.
	Pause func(ctx context.Context, attempt int) error
}

// Allocation is the number of a commit.
type Allocation struct {
	Tag      ref.Tag // v0.0.7, for the image
	Ref      string  // refs/tags/cms/v0.0.7
	Commit   string
	Already  bool // the commit had the number before
	Attempts int  // how often the tags were looked at
}

// Bounds on what other claims cannot explain. Being outrun by them is not
// bounded: each time somebody got a number, and the context ends it.
const (
	maxLost  = 4  // errors in a row
	maxStale = 10 // lists in a row without a tag that is known to exist
)

// Allocate gives the commit its number: the highest that it has, else the next
// one, which is claimed by creating its tag. It may be called by any number of
// processes at once, and again after any of them was killed: no two commits get
// the same number, and a commit does not get two.
//
// It fails with E_SERIES and E_COMMIT_UNKNOWN for a request that makes no sense,
// with E_SERIES where the series is used up, with the Store's faults, and with
// E_VERSION_STALE where the list does not show what is there.
func Allocate(ctx context.Context, store Store, r Request) (Allocation, error) {
	c := claim{store: store, request: r}
	if err := c.check(); err != nil {
		return Allocation{}, err
	}
	pause := r.Pause
	if pause == nil {
		pause = jitter
	}
	for lost, stale := 0, 0; ; {
		got, err := c.attempt(ctx)
		switch {
		case err == nil:
			return got, nil
		case ctx.Err() != nil:
			return Allocation{}, fmt.Errorf("version in %s: %w", r.Series, context.Cause(ctx))
		case errors.Is(err, ErrTaken):
			lost, stale = 0, 0
		case errors.Is(err, errStale):
			if stale++; stale == maxStale {
				return Allocation{}, fault.New("E_VERSION_STALE", "run again: the repository does not show its newest tags yet", err)
			}
		case final(err):
			return Allocation{}, err
		default:
			if lost++; lost == maxLost {
				return Allocation{}, err
			}
		}
		if err := pause(ctx, c.attempts); err != nil {
			return Allocation{}, fmt.Errorf("version in %s: %w", r.Series, err)
		}
	}
}

// Peek gives the number that Allocate would give if nobody else asked: it claims
// nothing.
func Peek(ctx context.Context, store Store, r Request) (Allocation, error) {
	c := claim{store: store, request: r}
	if err := c.check(); err != nil {
		return Allocation{}, err
	}
	tags, err := c.look(ctx)
	if err != nil {
		return Allocation{}, err
	}
	if tag, found := c.own(tags); found {
		return c.allocation(tag, true), nil
	}
	next, err := Next(r.Series, names(tags))
	if err != nil {
		return Allocation{}, err
	}
	return c.allocation(next, false), nil
}

// errStale says that the list lacks a tag that is known to exist.
var errStale = errors.New("the list of tags lacks one that exists")

// claim is one call of Allocate.
type claim struct {
	store    Store
	request  Request
	attempts int
	tried    ref.Tag // the tag that was last asked for
	taken    ref.Tag // the last one that was found to exist
}

// attempt looks at the tags, and claims the next number if the commit has none.
func (c *claim) attempt(ctx context.Context) (Allocation, error) {
	tags, err := c.look(ctx)
	if err != nil {
		return Allocation{}, err
	}
	if tag, found := c.own(tags); found {
		return c.allocation(tag, tag != c.tried || tag == c.taken), nil
	}
	// A list without the tag that was just found to exist is an old one: neither
	// who has that tag nor what comes next can be told from it.
	if _, seen := tags[c.taken]; c.taken != "" && !seen {
		return Allocation{}, fmt.Errorf("%w: %s", errStale, c.taken)
	}
	next, err := Next(c.request.Series, names(tags))
	switch {
	case err != nil:
		return Allocation{}, err
	case next == c.taken: // it is listed, so that it would be taken again and again
		return Allocation{}, fault.Newf("E_SERIES", "choose another `series`", "%s is taken, and no other number comes next", next)
	}
	c.tried = next
	err = c.store.Create(ctx, c.request.Prefix+string(c.tried), c.request.Commit)
	switch {
	case errors.Is(err, ErrTaken):
		c.taken = c.tried
		return Allocation{}, fmt.Errorf("%s: %w", c.tried, err)
	case err != nil:
		return Allocation{}, err
	}
	return c.allocation(c.tried, false), nil
}

// look lists the series' tags without their prefix.
func (c *claim) look(ctx context.Context) (map[ref.Tag]string, error) {
	c.attempts++
	listed, err := c.store.List(ctx, c.request.Prefix+c.request.Series.String()+".")
	if err != nil {
		return nil, err
	}
	tags := make(map[ref.Tag]string, len(listed))
	for name, commit := range listed {
		tags[ref.Tag(name[len(c.request.Prefix):])] = commit
	}
	return tags, nil
}

// own is the highest number that the commit has.
func (c *claim) own(tags map[ref.Tag]string) (tag ref.Tag, found bool) {
	var highest Number
	for name, commit := range tags {
		n, member := c.request.Series.Number(string(name))
		if member && commit == c.request.Commit && (!found || n > highest) {
			tag, highest, found = name, n, true
		}
	}
	return tag, found
}

func (c *claim) allocation(tag ref.Tag, already bool) Allocation {
	return Allocation{
		Tag: tag, Ref: "refs/tags/" + c.request.Prefix + string(tag),
		Commit: c.request.Commit, Already: already, Attempts: c.attempts,
	}
}

var (
	commitForm = pattern.New(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
	prefixForm = pattern.New(`^([A-Za-z0-9_]([A-Za-z0-9_-]|\.[A-Za-z0-9_-])*[/-]?)*$`)
)

func (c *claim) check() error {
	var errs []error
	if !prefixForm.MatchString(c.request.Prefix) {
		errs = append(errs, fault.Newf("E_SERIES", "a prefix is made of A-Z a-z 0-9 _ - . and /, such as cms/", "%q cannot stand before a version in a git tag", c.request.Prefix))
	}
	if !commitForm.MatchString(c.request.Commit) {
		errs = append(errs, fault.Newf("E_COMMIT_UNKNOWN", "write the full id of a commit: 40 hex digits, as git rev-parse prints it", "%q is no commit", c.request.Commit))
	}
	return errors.Join(errs...)
}

// final reports whether another attempt would fail in the same way.
func final(err error) bool {
	f, ok := errors.AsType[*fault.Fault](err)
	return ok && f.Code != "E_GIT_UNREACHABLE"
}

func names(tags map[ref.Tag]string) []string {
	list := make([]string, 0, len(tags))
	for name := range tags {
		list = append(list, string(name))
	}
	return list
}
