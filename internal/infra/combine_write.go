package infra

import (
	"context"
	"errors"
	"slices"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Chain is a Repo that writes several commits at once, each on the one before: all
// of them, or none. What one of them fulfils, all of them do.
type Chain interface {
	CommitEach(ctx context.Context, on *Snapshot, sets []ChangeSet) ([]Written, error)
}

// commit writes this run's edit, with those that wait.
func (c *combiner) commit(ctx context.Context, repo Repo, on *Snapshot, own ChangeSet) (Written, error) {
	c.writes++
	w, err := c.together(ctx, repo, on, own)
	if errors.Is(err, ErrStale) {
		c.late, c.stale = c.late+1, on.Head
	}
	return w, err
}

func (c *combiner) together(ctx context.Context, repo Repo, on *Snapshot, own ChangeSet) (Written, error) {
	if c.board == nil {
		return repo.Commit(ctx, on, own)
	}
	b, err := c.collect(ctx, on, own, c.others(on))
	if err != nil && (again(err) || ctx.Err() != nil) {
		return Written{}, err
	}
	if err != nil {
		c.logf("what other runs wait for cannot be read: %s", firstLine(err.Error()))
		b = &batch{on: on, sets: []ChangeSet{own}, files: own.Files}
	}
	tidy := slices.Concat(c.own(on), c.old(on))
	fulfilled := slices.Concat(b.taken, b.done, tidy)
	w, err := c.put(ctx, b, fulfilled)
	if err != nil && len(b.taken) > 0 && !again(err) && ctx.Err() == nil {
		// What others ask for must not stand in this run's way.
		c.logf("the edits of %d other runs cannot be written with this one: %s", len(b.taken), firstLine(err.Error()))
		b, fulfilled = &batch{on: on, sets: []ChangeSet{own}, files: own.Files}, tidy
		c.writes++
		w, err = c.put(ctx, b, tidy)
	}
	if err != nil {
		return w, err
	}
	c.mine = nil
	if len(b.taken) > 0 {
		c.logf("edits of other runs that this one wrote as well: %d", len(b.taken))
	}
	// Where the commit leaves the refs, removing them is a write of its own. One of
	// the others does it, which had less to do.
	shared := slices.ContainsFunc(b.taken, func(in Intent) bool { return !in.older(abandoned, c.o.Now()) })
	if !c.board.Clears() && !shared {
		c.clear(ctx, on, fulfilled)
	}
	return w, nil
}

// again reports whether the same write may succeed later.
func again(err error) bool {
	return errors.Is(err, ErrStale) || errors.Is(err, errHeld) || fault.Is(err, "E_GIT_UNREACHABLE") || fault.Is(err, "E_GITHUB_UNREACHABLE")
}

// put writes a batch and gives the commit that holds this run's edit.
func (c *combiner) put(ctx context.Context, b *batch, fulfils []Intent) (Written, error) {
	if c.o.Combine == CombineEach && len(b.sets) > 1 {
		if chain, ok := c.board.(Chain); ok {
			b.sets[0].Fulfils = fulfils
			written, err := chain.CommitEach(ctx, b.on, b.sets)
			if err != nil {
				return Written{}, err
			}
			return written[0], nil
		}
		c.logf("this repository takes one commit at a time: all edits are in one")
	}
	set := b.sets[0]
	set.Files, set.Message, set.Fulfils = b.files, combined(b.sets), fulfils
	return c.board.Commit(ctx, b.on, set)
}

// cleaners is how many of those that finish look whether there is something to clear.
const cleaners = 4

// finish is the end of a run whose edit another run wrote: nothing of it stays
// behind. Where the commit left the refs, the first of the runs that did not write
// clears them for all.
func (c *combiner) finish(ctx context.Context, on *Snapshot) {
	own := c.own(on)
	c.mine = nil
	if len(own) == 0 {
		return
	}
	if c.board.Clears() { // somebody who knows nothing of intents made the same change
		c.clear(ctx, on, own)
		return
	}
	before := c.waiting(on, func(in Intent) bool { return in.Data != nil && in.before(own[0]) })
	if len(before) > cleaners {
		return
	}
	landed, err := c.landed(ctx, on, c.waiting(on, func(in Intent) bool { return in.Data != nil && in.ID != own[0].ID }))
	if err != nil {
		c.logf("what other runs wait for was not looked at: %s", firstLine(err.Error()))
		return
	}
	first := 0
	for _, in := range landed {
		if in.before(own[0]) {
			first++
		}
	}
	if first <= 1 { // the one before is the run that wrote
		c.clear(ctx, on, append(landed, own[0]))
	}
}

// clear removes intents. What stays is removed by who writes next.
func (c *combiner) clear(ctx context.Context, on *Snapshot, done []Intent) {
	if len(done) == 0 {
		return
	}
	if err := c.board.Clear(ctx, on, done); err != nil {
		c.logf("left behind in %s: %s", intentFolder(on.Branch), firstLine(err.Error()))
	}
}

// withdraw takes this run's intent back.
func (c *combiner) withdraw(ctx context.Context, on *Snapshot) {
	if c.mine != nil {
		c.clear(ctx, on, []Intent{*c.mine})
	}
}
