package infra

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Mode is how changes are written, in the words of the input infra-mode.
type Mode string

// The modes.
const (
	ModeCommit  Mode = "commit"       // a commit on the branch
	ModePropose Mode = "pull-request" // a commit on a branch of its own, for a pull request
	ModeFiles   Mode = "files"        // a plain folder, edited in place
)

// Options say how Apply writes.
type Options struct {
	Mode     Mode          // "" is ModeCommit
	DryRun   bool          // read and edit, write nothing
	Deadline time.Duration // for all attempts together; 0 is 5 minutes
	Log      io.Writer     // says why there is another attempt; nil discards

	Proposal Proposal // for ModePropose alone, which needs its branch

	// Combine, Data and Replay let runs that meet write for one another, in
	// ModeCommit and where the Repo is a Board. Without both Data and Replay each run
	// writes for itself.
	Combine Combine                                // "" is CombineOne
	Data    []byte                                 // this run's edit as JSON, for the Replay of others
	Replay  func(data []byte) (Paths, Edit, error) // makes of another run's Data what that run would do

	// Secret is what runs that may write for one another have in common, such as the
	// key of their App. Nothing of it is written anywhere: it signs the data.
	Secret []byte

	// Slot, Data and Replay let edits share a proposal: each has a slot of its own, in
	// which a newer one takes the place of an older one. "" shares nothing.
	Slot string

	Now   func() time.Time                           // nil is time.Now
	Sleep func(context.Context, time.Duration) error // nil waits
}

// Result is what Apply did. Where another run wrote the edit (Written.Joined),
// Snapshot, Files and Diff are those of the last attempt in which there was
// something to do.
type Result struct {
	Written  Written   // zero where a dry run would have written
	Snapshot *Snapshot // what the edit was made on, the last time
	Attempts int       // 1 where nobody got in the way
	Files    []string  // that change, sorted; none: it was already so
	Diff     string    // of these files, as git shows it
}

// Apply reads the repository, lets edit decide, and writes what it changed. When
// somebody else wrote in between, it reads and edits again: no edit is lost,
// neither theirs nor this one. Where many write at once, and the options allow it,
// one run writes the edits of all that wait. Apply gives up at the deadline with
// E_INFRA_BUSY, and with E_INFRA_STUCK where the remote refuses again and again
// although nobody wrote.
func Apply(ctx context.Context, repo Repo, o Options, edit Edit) (*Result, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	a := &applying{o: o, repo: repo, edit: edit, tries: tries{until: o.Now().Add(o.Deadline)}}
	a.combine = newCombiner(o, repo, edit, &a.tries)
	within, cancel := context.WithTimeoutCause(ctx, o.Deadline, fault.Newf("E_INFRA_BUSY", "look at the host's status page, then run again", "no answer within %s", o.Deadline))
	defer cancel()
	res, err := a.run(within)
	if err != nil {
		a.withdraw(ctx)
		return nil, err
	}
	res.Attempts = a.tries.count
	return res, nil
}

// applying is one call of Apply.
type applying struct {
	o       Options
	repo    Repo
	edit    Edit
	tries   tries
	combine *combiner
	last    *Result // of the last attempt that had something to do
}

// run tries until it is done, or nothing is to be hoped for.
func (a *applying) run(ctx context.Context) (*Result, error) {
	for {
		a.tries.count++
		res, err := a.try(ctx)
		if err == nil {
			return res, nil
		}
		if res != nil {
			a.tries.saw(res.Snapshot)
		}
		wait := a.combine.backoff()
		if err := a.tries.again(err, a.o.Now().Add(wait)); err != nil {
			return nil, err
		}
		fmt.Fprintf(a.o.Log, "attempt %d: %s; trying again in %s\n", a.tries.count, firstLine(err.Error()), wait.Round(time.Millisecond))
		if err := a.o.Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// try is one attempt to write, when it is this run's turn. With an error of the
// write, the result says what it was based on.
func (a *applying) try(ctx context.Context) (*Result, error) {
	for {
		start := a.o.Now()
		res, c, err := a.decide(ctx)
		switch {
		case err != nil:
			return nil, err
		case a.o.Mode == ModePropose && !a.o.DryRun:
			return a.propose(ctx, res, c)
		case len(res.Files) == 0:
			return a.nothing(ctx, res), nil
		case a.o.DryRun:
			return res, nil
		}
		a.last = res
		wait, err := a.combine.turn(ctx, res.Snapshot, firstLine(c.Message))
		if err != nil {
			return nil, err
		}
		if wait == 0 {
			res.Written, err = a.combine.commit(ctx, a.repo, res.Snapshot, c)
			a.tries.pace = a.o.Now().Sub(start)
			return res, err
		}
		if a.o.Now().Add(wait).After(a.tries.until) {
			return nil, a.tries.busy(errors.New("the runs before this one do not get through either"))
		}
		if err := a.o.Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// decide reads and edits.
func (a *applying) decide(ctx context.Context) (*Result, ChangeSet, error) {
	on, err := a.repo.Read(ctx)
	if err != nil {
		return nil, ChangeSet{}, err
	}
	res := &Result{Snapshot: on}
	c, err := a.edit(on)
	if err != nil {
		return nil, c, err
	}
	if c.Files, err = differing(on.Files, c.Files); err != nil {
		return nil, c, err
	}
	res.Files = sortedKeys(c.Files)
	res.Diff, err = Diff(on.Files, c.Files)
	return res, c, err
}

// nothing is the end of a run whose edit has nothing left to do.
func (a *applying) nothing(ctx context.Context, res *Result) *Result {
	on := res.Snapshot
	if a.combine.mine == nil || a.last == nil {
		res.Written = Written{Commit: on.Head, Branch: on.Branch}
		return res
	}
	a.combine.finish(ctx, on)
	fmt.Fprintln(a.o.Log, "another run wrote this edit with its own")
	a.last.Written = Written{Commit: on.Head, Branch: on.Branch, Changed: true, Joined: true}
	return a.last
}

// withdraw is the end of a run that failed: it says so, and nobody should do later
// what it was asked for.
func (a *applying) withdraw(ctx context.Context) {
	if a.last == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	a.combine.withdraw(ctx, a.last.Snapshot)
}

// farewell is how long a run that ends early may take to withdraw its edit; a
// cancelled job is killed after a few seconds.
const farewell = 3 * time.Second

// complete fills in what was left out.
func (o *Options) complete() error {
	switch o.Mode {
	case "":
		o.Mode = ModeCommit
	case ModeCommit, ModePropose, ModeFiles:
	default:
		return fault.Newf("E_INFRA_MODE", "set `infra-mode` to pull-request, commit or files", "there is no mode %q", o.Mode)
	}
	switch o.Combine {
	case "", CombineOne, CombineEach, CombineOff:
	default:
		return fmt.Errorf("there is no way %q to combine writers", o.Combine)
	}
	if o.Mode == ModePropose && o.Proposal.Branch == "" {
		return errors.New("a proposal needs a branch")
	}
	if o.Deadline == 0 {
		o.Deadline = 5 * time.Minute
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return nil
}

// differing is the files whose new content is not what was read.
func differing(files fs.FS, changed map[string][]byte) (map[string][]byte, error) {
	differ := map[string][]byte{}
	for name, after := range changed {
		before, err := fs.ReadFile(files, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err != nil || !bytes.Equal(before, after) {
			differ[name] = after
		}
	}
	return differ, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
