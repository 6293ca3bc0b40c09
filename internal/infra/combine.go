package infra

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Combine is how runs that write at the same time share their commits.
type Combine string

// The ways to share.
const (
	CombineOne  Combine = "one"  // whoever gets through writes all waiting edits as one commit
	CombineEach Combine = "each" // as one commit each, in one push
	CombineOff  Combine = "off"  // every run writes for itself
)

// combiner lets runs that meet write for one another, so that the number of writes
// grows with the number of runs and not with its square.
//
// A run that meets others publishes its edit as an Intent. Of the intents that
// wait, the first leads: its run writes all of them. The others look now and then
// whether theirs is on the branch. Where those before it do not get anywhere, the
// next run leads, so that nobody waits for a run that has died. There is no lock:
// two that lead at the same time meet at the branch, as all writers do.
//
// A run that meets nobody does none of this.
type combiner struct {
	o     Options
	edit  Edit
	board Board // nil: combining is off
	tries *tries

	mine       *Intent // once it is published
	writes     int     // of this run to the branch
	late       int     // of these, that came too late
	stale      string  // the head on which the last of those was made
	ahead      string  // the intents that go before this run's
	aheadSince time.Time
}

// newCombiner is one that does nothing where the repository or the options know
// no combining.
func newCombiner(o Options, repo Repo, edit Edit, t *tries) *combiner {
	c := &combiner{o: o, edit: edit, tries: t}
	if board, ok := repo.(Board); ok && o.Mode == ModeCommit && o.Combine != CombineOff && o.Data != nil && o.Replay != nil && !o.DryRun && (o.Secret != nil || board.Trusting()) {
		c.board = board
	}
	return c
}

// turn is how long to wait until the next look at the branch; 0 lets this run write
// now.
func (c *combiner) turn(ctx context.Context, on *Snapshot, subject string) (time.Duration, error) {
	if c.board == nil {
		return 0, nil
	}
	rivals := c.rivals(on)
	if c.mine == nil {
		if len(rivals) == 0 && !c.crowded(on) {
			return 0, nil
		}
		return c.publish(ctx, on, subject)
	}
	var before []string
	for _, in := range rivals {
		if in.before(*c.mine) {
			before = append(before, in.ID)
		}
	}
	if len(before) == 0 || c.overdue(before) {
		return 0, nil
	}
	idle := c.o.Now().Sub(c.aheadSince) // the longer nothing happens, the less often it is looked
	return jittered(min(max(time.Duration(min(len(before), 3))*c.tries.slot(), idle/4), longest)), nil
}

// crowded reports whether more than one other run is at work: this one came too
// late twice, or two commits or more were made in the time of one attempt.
func (c *combiner) crowded(on *Snapshot) bool {
	return c.late > 1 || c.late > 0 && c.stale != on.Head && !slices.Contains(on.Parents, c.stale)
}

// backoff is how long to wait after an attempt that came to nothing. Where runs
// combine, the second look comes soon: by then it shows what the others do.
func (c *combiner) backoff() time.Duration {
	if c.board != nil && c.late == 2 {
		return jittered(c.tries.slot() / 4)
	}
	return c.tries.backoff()
}

// publish leaves the edit for whoever gets through, and gives others the time to do so
// as well. A host that will not have it is no reason to fail.
func (c *combiner) publish(ctx context.Context, on *Snapshot, subject string) (time.Duration, error) {
	now := c.o.Now()
	in := Intent{ID: newIntentID(now), Since: now, Subject: subject, Writes: c.writes, Data: c.o.Data, Trusted: true}
	if c.o.Secret != nil {
		in.MAC = in.sum(on.Branch, c.o.Secret)
	}
	in, err := c.board.Publish(ctx, on, in)
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if err != nil {
		c.logf("this run cannot leave its edit for others: %s; it writes for itself", firstLine(err.Error()))
		c.board = nil
		return 0, nil
	}
	c.mine = &in
	c.logf("other runs write as well: whoever gets through next writes this edit too (%s)", in.ref(on.Branch))
	return jittered(7 * c.tries.slot() / 2), nil
}

// overdue reports whether the runs that go before this one had the time to write,
// each of them. The list begins anew whenever one of them is done.
func (c *combiner) overdue(before []string) bool {
	now := c.o.Now()
	slices.Sort(before)
	if all := strings.Join(before, " "); all != c.ahead {
		c.ahead, c.aheadSince = all, now
	}
	return now.Sub(c.aheadSince) > time.Duration(min(len(before), mostPassed))*c.patience()
}

// mostPassed is how many runs that died at once are waited for one by one.
const mostPassed = 20

// patience is how long a run may take to write, as long as the attempts of this
// run show.
func (c *combiner) patience() time.Duration { return max(4*c.tries.slot(), 2*time.Second) }

// others are the intents that this run writes with its own.
func (c *combiner) others(on *Snapshot) []Intent {
	return c.waiting(on, func(in Intent) bool {
		return in.Data != nil && !in.older(expired, c.o.Now()) && !c.owns(in)
	})
}

// rivals are those of the others whose runs are there to write them.
func (c *combiner) rivals(on *Snapshot) []Intent {
	return slices.DeleteFunc(c.others(on), func(in Intent) bool { return in.older(abandoned, c.o.Now()) })
}

// old are the intents that nobody wants any more, whoever made them: nothing is
// written for who has them removed.
func (c *combiner) old(on *Snapshot) (all []Intent) {
	for _, in := range on.Waiting {
		made := in.born()
		if c.trusts(on, in) {
			made = in.Since
		}
		if !made.IsZero() && c.o.Now().Sub(made).Abs() > expired && !c.owns(in) {
			all = append(all, in)
		}
	}
	return all
}

// waiting picks among the intents that this run may touch at all.
func (c *combiner) waiting(on *Snapshot, wanted func(Intent) bool) (all []Intent) {
	for _, in := range on.Waiting {
		if c.trusts(on, in) && wanted(in) {
			all = append(all, in)
		}
	}
	return all
}

// trusts reports whether an intent may be written in this run's name.
func (c *combiner) trusts(on *Snapshot, in Intent) bool {
	if c.o.Secret != nil {
		return in.proven(on.Branch, c.o.Secret)
	}
	return in.Trusted
}

func (c *combiner) owns(in Intent) bool { return c.mine != nil && in.ID == c.mine.ID }

// own is this run's intent, if it is still there.
func (c *combiner) own(on *Snapshot) []Intent {
	if i := slices.IndexFunc(on.Waiting, c.owns); i >= 0 {
		return on.Waiting[i : i+1]
	}
	return nil
}

func (c *combiner) logf(format string, args ...any) { fmt.Fprintf(c.o.Log, format+"\n", args...) }

func firstLine(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return first
}
