package version

import (
	"context"
	"errors"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Promote makes a git tag of a hidden number, once its image is pushed. It may be
// called again. The hidden ref stays: a claim that is slow would find its place
// free, and take the number once more. It fails with E_VERSION_TAKEN where somebody
// made a tag of that name at another commit.
func Promote(ctx context.Context, store Store, r Request, tag ref.Tag) (Allocation, error) {
	c, err := newClaim(store, r)
	if err != nil {
		return Allocation{}, err
	}
	if err := c.promote(ctx, tag); err != nil {
		return Allocation{}, err
	}
	return c.allocation(tag, false, false), nil
}

func (c *claim) promote(ctx context.Context, tag ref.Tag) error {
	shown := c.request.ref(tag, false)
	err := c.store.Write(ctx, git.Update{Ref: shown, New: c.request.Commit})
	if err == nil {
		return nil
	}
	c.late = true
	view, look := c.look(ctx)
	if look != nil {
		return errors.Join(err, look)
	}
	switch by := view.Refs[shown]; by {
	case c.request.Commit: // by another run of this commit, or the answer was lost
		return nil
	case "":
		return err
	default:
		return fault.Newf("E_VERSION_TAKEN", "see who made the tag, move it away, and run again: the number was claimed as "+c.request.ref(tag, true),
			"%s stands at %s and not at %s", shown, by, c.request.Commit)
	}
}

// Free gives a number back whose image was not pushed anywhere, so that the next
// claim takes it. It reports whether it did: a number that is not the commit's, or
// not the highest, is left as it is, and at worst a gap.
func Free(ctx context.Context, store Store, r Request, tag ref.Tag) (freed bool, err error) {
	view, err := store.Read(ctx, r.scope(true))
	if err != nil {
		return false, err
	}
	versions := r.held(view)
	mine := versions[tag]
	if mine.commit != r.Commit {
		return false, nil
	}
	for other := range versions {
		if n, ok := r.Series.uses(string(other)); ok && n > mine.number {
			return false, nil
		}
	}
	err = store.Write(ctx, r.taken(view, tag)...)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, ErrTaken):
		return false, nil
	}
	// The answer may have been lost alone.
	view, look := store.Read(ctx, r.scope(true))
	if look != nil || len(r.taken(view, tag)) > 0 {
		return false, errors.Join(err, look)
	}
	return true, nil
}

// taken are the updates that take a version away from the commit: its git tag,
// and what is hidden of it.
func (r Request) taken(view *View, tag ref.Tag) (updates []git.Update) {
	for _, hidden := range []bool{false, true} {
		if name := r.ref(tag, hidden); view.Refs[name] == r.Commit {
			updates = append(updates, git.Update{Ref: name, Old: r.Commit})
		}
	}
	return updates
}

// Stands fails with E_VERSION_FREED where a version is not the commit's any more:
// another run of the commit gave it back after its own failure.
//
// A number that is not shown may have been given back, or the view be older than
// its claim: then it is looked at again before that is said.
func Stands(ctx context.Context, store Store, r Request, tag ref.Tag) error {
	c, err := newClaim(store, r)
	if err != nil {
		return err
	}
	c.late = true
	for try := 1; ; try++ {
		view, err := c.look(ctx)
		if err != nil {
			return err
		}
		switch h := r.held(view)[tag]; {
		case h.commit == r.Commit:
			return nil
		case h.commit == "" && try < maxStale:
			c.failures = try
			if err := c.pause(ctx, 0); err != nil {
				return err
			}
			continue
		}
		return fault.Newf("E_VERSION_FREED", "run again, for another number; leave out `on-failure: free` where several jobs number one commit",
			"%s is not the number of %s any more: another run gave it back", tag, r.Commit)
	}
}
