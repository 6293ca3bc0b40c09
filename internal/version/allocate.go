package version

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Bounds on what other claims cannot explain. Being outrun by them is not
// bounded: each time somebody got a number, and the context ends it.
const (
	maxLost  = 4  // errors in a row
	maxStale = 10 // views in a row without a ref that is known to exist
)

// Allocate gives the commit its number: the highest that it has, else the next
// one, which is claimed by creating a ref. It may be called by any number of
// processes at once, and again after any of them was killed: no two commits get
// the same number, and a commit does not get two. A claim that ended before
// another one began has the lower number; of commits whose claims meet, an
// ancestor has it.
//
// It fails with E_SERIES and E_COMMIT_UNKNOWN for a request that makes no sense,
// with E_SERIES where the series is used up, with E_VERSION_OLDER where a later
// commit has a number, with E_VERSION_UNKNOWN and E_VERSION_TAKEN where a suffix
// cannot be had, with the Store's faults, and with E_VERSION_STALE where it does
// not show what is there.
func Allocate(ctx context.Context, store Store, r Request) (Allocation, error) {
	c, err := newClaim(store, r)
	if err != nil {
		return Allocation{}, err
	}
	defer c.leave(ctx)
	for lost, stale := 0, 0; ; {
		began := c.now()
		got, err := c.attempt(ctx)
		if !errors.Is(err, errNotYet) {
			c.failures++ // if it is none, nobody asks
		}
		switch {
		case err == nil:
			return got, nil
		case ctx.Err() != nil:
			return Allocation{}, fmt.Errorf("version in %s: %w", r.Series, context.Cause(ctx))
		case errors.Is(err, ErrTaken):
			lost, stale = 0, 0
			c.wait(ctx)
		case errors.Is(err, errNotYet):
		case errors.Is(err, errStale):
			if stale++; stale == maxStale {
				return Allocation{}, fault.New("E_VERSION_STALE", "run again: the repository does not show its newest refs yet", err)
			}
		case final(err):
			return Allocation{}, err
		default:
			if lost++; lost == maxLost {
				return Allocation{}, err
			}
		}
		if err := c.pause(ctx, c.now().Sub(began)); err != nil {
			return Allocation{}, fmt.Errorf("version in %s: %w", r.Series, err)
		}
	}
}

// Peek gives the number that Allocate would give if nobody else asked: it claims
// nothing.
func Peek(ctx context.Context, store Store, r Request) (Allocation, error) {
	c, err := newClaim(store, r)
	if err != nil {
		return Allocation{}, err
	}
	view, err := c.look(ctx)
	if err != nil {
		return Allocation{}, err
	}
	versions := r.held(view)
	if mine, found := c.own(versions); found {
		return c.allocation(mine.tag, mine.hidden, true), nil
	}
	_, err = c.next(ctx, view, versions)
	return c.allocation(c.tried, r.Hidden, false), err
}

// errNotYet says that others, who wait longer, are to write before.
var errNotYet = errors.New("others wait longer")

// errStale says that a view lacks a ref that is known to exist.
var errStale = errors.New("a ref that exists is not shown")

// claim is one call of Allocate.
type claim struct {
	store    Store
	request  Request
	floor    Number // what registries hold
	since    time.Time
	attempts int
	failures int
	stands   Place   // in history
	settled  bool    // it has given others the time to come before it
	tried    ref.Tag // the version that was last asked for
	taken    ref.Tag // the last one that was found to exist
	missed   ref.Tag // the last one that was not had
	late     bool    // views lack what exists
	room     bool    // claims may wait for one another
	turn     turn    // of this one among those that wait
	alone    bool    // it writes for nobody else
	place    string  // the ref by which this one waits; "" before
}

func newClaim(store Store, r Request) (*claim, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	c := &claim{store: store, request: r, floor: r.floor()}
	c.since = c.now()
	return c, nil
}

func (c *claim) now() time.Time {
	if c.request.Now == nil {
		return time.Now()
	}
	return c.request.Now()
}

func (c *claim) allocation(tag ref.Tag, hidden, already bool) Allocation {
	return Allocation{
		Tag: tag, Ref: c.request.ref(tag, hidden), Commit: c.request.Commit,
		Hidden: hidden, Already: already, Attempts: c.attempts,
	}
}

// final reports whether another attempt would fail in the same way.
func final(err error) bool {
	f, ok := errors.AsType[*fault.Fault](err)
	return ok && f.Code != "E_GIT_UNREACHABLE" && f.Code != "E_GITHUB_UNREACHABLE"
}
