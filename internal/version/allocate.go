package version

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
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

// look reads what a claim has to see.
func (c *claim) look(ctx context.Context) (*View, error) {
	c.attempts++
	view, err := c.store.Read(ctx, c.request.scope(c.late))
	if err == nil {
		c.room = view.Room || view.Apart
	}
	return view, err
}

// attempt looks at the refs, and claims the next number if the commit has none.
func (c *claim) attempt(ctx context.Context) (Allocation, error) {
	view, err := c.look(ctx)
	if err != nil {
		return Allocation{}, err
	}
	versions := c.request.held(view)
	if mine, found := c.own(versions); found {
		return c.end(ctx, view, mine)
	}
	if c.late && view.Refs[c.place] == "" {
		c.place = "" // it was taken away
	}
	// A view without the version that was just found to exist is an old one: neither
	// who has that version nor what comes next can be told from it.
	if _, seen := versions[c.taken]; c.taken != "" && !seen {
		c.late = true
		return Allocation{}, fmt.Errorf("%w: %s", errStale, c.taken)
	}
	if err := c.settle(ctx, view, versions); err != nil {
		return Allocation{}, err
	}
	if c.place != "" {
		if all, ancestors := c.ahead(view, versions); !c.turn.here(all, ancestors, c.now()) {
			return Allocation{}, errNotYet
		}
	}
	updates, err := c.next(ctx, view, versions)
	switch {
	case err != nil:
		return Allocation{}, err
	case c.tried == c.taken: // it is shown, so that it would be taken again and again
		return Allocation{}, fault.Newf("E_SERIES", "choose another `series`", "%s is taken, and no other number comes next", c.tried)
	}
	err = c.store.Write(ctx, updates...)
	if len(updates) > 1 && err != nil && final(err) { // somebody else's number may not be written
		c.alone = true
		if updates, err = c.next(ctx, view, versions); err == nil {
			err = c.store.Write(ctx, updates...)
		}
	}
	switch {
	case errors.Is(err, ErrTaken):
		c.late, c.missed = c.tried == c.missed, c.tried
		if len(updates) == 1 { // of several it may be another one
			c.taken = c.tried
		}
		return Allocation{}, fmt.Errorf("%s: %w", c.tried, err)
	case err != nil:
		return Allocation{}, err
	}
	if slices.ContainsFunc(updates, func(u git.Update) bool { return u.Ref == c.place }) {
		c.place = "" // it waits no longer
	}
	return c.allocation(c.tried, c.request.Hidden, false), nil
}

// end ends a claim whose commit has its version, by whoever wrote it.
func (c *claim) end(ctx context.Context, view *View, mine held) (Allocation, error) {
	already := c.place == "" && (mine.tag != c.tried || mine.tag == c.taken)
	if view.Refs[c.place] == "" {
		c.place = ""
	}
	if mine.hidden && !c.request.Hidden {
		if err := c.promote(ctx, mine.tag); err != nil {
			return Allocation{}, err
		}
		mine.hidden = false
	}
	return c.allocation(mine.tag, mine.hidden, already), nil
}

// own is the version that the commit has: the highest of its numbers, or of the
// builds of the number that a suffix asks for.
func (c *claim) own(versions map[ref.Tag]held) (mine held, found bool) {
	if c.request.Suffix != "" {
		return c.ownBuild(versions)
	}
	for tag, h := range versions {
		if _, member := c.request.Series.Number(string(tag)); member && h.commit == c.request.Commit && (!found || h.number > mine.number) {
			mine, found = h, true
		}
	}
	return mine, found
}

// next are the updates that claim the next version for the commit, which it notes
// as tried, and for those that wait.
func (c *claim) next(ctx context.Context, view *View, versions map[ref.Tag]held) ([]git.Update, error) {
	if c.request.Suffix != "" {
		return c.nextBuild(versions)
	}
	numbered := inFallingOrder(c.request.Series, versions)
	if err := c.mayFollow(ctx, view, versions, numbered); err != nil {
		return nil, err
	}
	highest := Number(0)
	for tag := range versions {
		if n, ok := c.request.Series.uses(string(tag)); ok {
			highest = max(highest, n)
		}
	}
	queue, gone := c.queue(ctx, view, versions, numbered)
	var updates []git.Update
	for _, w := range queue {
		highest = max(highest, w.after)
		tag, err := c.request.Series.after(highest)
		if err != nil {
			return nil, err
		}
		if highest++; w.commit == c.request.Commit {
			c.tried = tag
		}
		updates = append(updates, git.Update{Ref: c.request.ref(tag, w.hidden), New: w.commit})
	}
	return append(updates, gone...), nil
}

// mayFollow sees that no commit with a number has this one among its ancestors:
// the highest number is the newest commit.
func (c *claim) mayFollow(ctx context.Context, view *View, versions map[ref.Tag]held, numbered []string) error {
	if c.request.AllowOlder || len(numbered) == 0 {
		return nil
	}
	front, err := c.store.Descendant(ctx, view, c.request.Commit, numbered)
	if err != nil || front == "" {
		return err
	}
	var tag ref.Tag
	for _, h := range versions {
		if h.commit == front && (tag == "" || h.number > versions[tag].number) {
			tag = h.tag
		}
	}
	return fault.Newf("E_VERSION_OLDER",
		"nothing is lost: that version has this commit in it. Deploy it, or say `allow-older: true` to number this one behind it",
		"commit %s is not numbered: %s is %s already and comes after it", c.request.Commit, front, tag)
}

// inFallingOrder are the commits that have numbers, the highest first.
func inFallingOrder(s Series, versions map[ref.Tag]held) []string {
	var members []held
	for tag, h := range versions {
		if _, member := s.Number(string(tag)); member && h.commit != "" {
			members = append(members, h)
		}
	}
	slices.SortFunc(members, func(a, b held) int { return cmp.Compare(b.number, a.number) })
	commits := make([]string, len(members))
	for i, h := range members {
		commits[i] = h.commit
	}
	return commits
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
