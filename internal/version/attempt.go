package version

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/ref"
)

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
