package version

import (
	"cmp"
	"context"
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
	// What stays there does no harm: it is taken away when it is old.
	_ = c.store.Write(ctx, git.Update{Ref: c.place, Old: c.request.Commit})
}

// waiting is this claim, as it waits.
func (c *claim) waiting() waiting {
	return waiting{since: c.since, commit: c.request.Commit, older: c.request.AllowOlder, hidden: c.request.Hidden, after: c.floor}
}

// queue are the claims that get the next numbers, this one among them, in the
// order of these, and the updates by which they wait no longer. Those that it
// cannot place for certain are left to themselves.
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
		if len(gone) == 2*maxQueue {
			break
		}
		leave := git.Update{Ref: c.request.scope(false).Waiting + w.name(), Old: w.commit}
		switch {
		case has[w.commit], c.since.Sub(w.since) > waitingLife:
			gone = append(gone, leave)
		case len(queue) == maxQueue || !c.follows(ctx, view, w, numbered):
		case !slices.ContainsFunc(queue, func(other waiting) bool { return !ordered(view, w, other) }):
			queue, gone, has[w.commit] = append(queue, w), append(gone, leave), true
		}
	}
	return inOrder(view, queue), gone
}

// others are the claims that wait, the longest first.
func (c *claim) others(view *View) (all []waiting) {
	folder := c.request.scope(false).Waiting
	for name, commit := range view.Refs {
		if rest, ok := strings.CutPrefix(name, folder); ok {
			if w, ok := parseWaiting(rest); ok && w.commit == commit {
				all = append(all, w)
			}
		}
	}
	slices.SortFunc(all, first)
	return all
}

// follows reports whether it is certain that no commit with a number has the one
// that waits among its ancestors.
func (c *claim) follows(ctx context.Context, view *View, w waiting, numbered []string) bool {
	if w.older || len(numbered) == 0 {
		return true
	}
	if _, known := view.Lines.Before(w.commit, numbered[0]); !known {
		return false // it would cost requests; whoever waits asks for itself
	}
	front, err := c.store.Descendant(ctx, view, w.commit, numbered)
	return err == nil && front == ""
}

// ordered reports whether it is known which of two comes first.
func ordered(view *View, a, b waiting) bool {
	_, known := view.Lines.Before(a.commit, b.commit)
	return known || a.older && b.older
}

func first(a, b waiting) int {
	return cmp.Or(a.since.Compare(b.since), strings.Compare(a.commit, b.commit))
}

// inOrder puts ancestors first, and then those that wait longer.
func inOrder(view *View, queue []waiting) []waiting {
	slices.SortFunc(queue, first)
	ordered := make([]waiting, 0, len(queue))
	for len(queue) > 0 {
		i := slices.IndexFunc(queue, func(w waiting) bool {
			return !slices.ContainsFunc(queue, func(other waiting) bool {
				before, _ := view.Lines.Before(other.commit, w.commit)
				return before
			})
		})
		i = max(i, 0) // no line goes round
		ordered, queue = append(ordered, queue[i]), slices.Delete(queue, i, i+1)
	}
	return ordered
}

// ahead is how many other commits' claims wait longer than this one.
func (c *claim) ahead(view *View, versions map[ref.Tag]held) int {
	has := map[string]bool{}
	for _, h := range versions {
		has[h.commit] = true
	}
	mine := c.waiting()
	longer := map[string]bool{}
	for _, w := range c.others(view) {
		if w.commit != mine.commit && !has[w.commit] && first(w, mine) < 0 && c.since.Sub(w.since) <= waitingLife {
			longer[w.commit] = true
		}
	}
	return len(longer)
}
