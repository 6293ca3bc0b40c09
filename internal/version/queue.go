package version

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// maxQueue bounds how many claims one request writes the numbers of.
const maxQueue = 40

// wait puts the claim among those that wait, where a store has room for that. It
// is no harm if that fails: the claim goes on by itself.
func (c *claim) wait(ctx context.Context) {
	if !c.room || c.place != "" || c.request.Suffix != "" {
		return
	}
	place := c.request.scope(false).Waiting + c.waiting().name()
	if err := c.store.Write(ctx, git.Update{Ref: place, New: c.request.Commit}); err == nil {
		c.place = place
	}
}

// leave takes a claim that has come to its end out of those that wait, unless
// whoever wrote its number has done so.
func (c *claim) leave(ctx context.Context) {
	if c.place == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	// What stays does no harm: nobody waits for it when it is old, and on GitHub the
	// next claim takes it away.
	_ = c.store.Write(ctx, git.Update{Ref: c.place, Old: c.request.Commit})
}

// waiting is this claim, as it waits.
func (c *claim) waiting() waiting {
	return waiting{since: c.since, commit: c.request.Commit, depth: c.stands.Depth, older: c.request.AllowOlder, hidden: c.request.Hidden, after: c.floor}
}

// queue are the claims that get the next numbers, this one among them, in the
// order of these, and the updates by which they wait no longer. One that it cannot
// place for certain is left to itself, with all that may come after it in history.
func (c *claim) queue(ctx context.Context, view *View, versions map[ref.Tag]held, numbered []string) (queue []waiting, gone []git.Update) {
	queue = []waiting{c.waiting()}
	if !view.Room || c.alone {
		return queue, nil
	}
	has := map[string]bool{c.request.Commit: true}
	for _, commit := range numbered {
		has[commit] = true
	}
	for _, w := range c.others(view) {
		if len(gone) == 2*maxQueue || w.since.After(c.now()) {
			break
		}
		leave := git.Update{Ref: c.request.scope(false).Waiting + w.name(), Old: w.commit}
		switch {
		case has[w.commit], c.since.Sub(w.since) > waitingLife:
			gone = append(gone, leave)
			continue
		case len(queue) == maxQueue:
			continue
		}
		follows, known := c.follows(ctx, view, w, numbered)
		if !known {
			break
		}
		if follows { // or it is refused, as it will find out
			queue, gone, has[w.commit] = append(queue, w), append(gone, leave), true
		}
	}
	if c.place != "" && !slices.ContainsFunc(gone, func(u git.Update) bool { return u.Ref == c.place }) {
		gone = append(gone, git.Update{Ref: c.place, Old: c.request.Commit}) // or somebody numbers the commit once more
	}
	slices.SortFunc(queue, before)
	return queue, gone
}

// others are the claims that wait, in the order of their numbers.
func (c *claim) others(view *View) (all []waiting) {
	folder := c.request.scope(false).Waiting
	for name, commit := range view.Refs {
		if rest, ok := strings.CutPrefix(name, folder); ok {
			if w, ok := parseWaiting(rest); ok && w.commit == commit {
				all = append(all, w)
			}
		}
	}
	slices.SortFunc(all, before)
	return all
}

// follows reports whether no commit with a number has the one that waits among its
// ancestors, if that can be told without requests: whoever waits asks for itself.
func (c *claim) follows(ctx context.Context, view *View, w waiting, numbered []string) (follows, known bool) {
	if w.older || len(numbered) == 0 {
		return true, true
	}
	if _, known := view.Lines.Before(w.commit, numbered[0]); !known {
		return false, false
	}
	front, err := c.store.Descendant(ctx, view, w.commit, numbered)
	return front == "", err == nil
}

// before is the order of those that wait: that of history, in which a commit is
// deeper than its ancestors, and then the longest.
func before(a, b waiting) int {
	return cmp.Or(cmp.Compare(a.place(), b.place()), a.since.Compare(b.since), strings.Compare(a.commit, b.commit))
}

// place is the depth; what has none comes last.
func (w waiting) place() int {
	if w.depth == 0 {
		return math.MaxInt
	}
	return w.depth
}

// ahead is how many other commits' claims wait before this one, and how many of
// them may be of its ancestors.
func (c *claim) ahead(view *View, versions map[ref.Tag]held) (all, ancestors int) {
	has := map[string]bool{c.request.Commit: true}
	for _, h := range versions {
		has[h.commit] = true
	}
	mine := c.waiting()
	for _, w := range c.others(view) {
		if has[w.commit] || before(w, mine) > 0 || c.since.Sub(w.since) > waitingLife {
			continue
		}
		has[w.commit] = true
		if all++; w.place() < mine.place() {
			ancestors++
		}
	}
	return all, ancestors
}
