package infra

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
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

	Now   func() time.Time                           // nil is time.Now
	Sleep func(context.Context, time.Duration) error // nil waits
}

// Result is what Apply did.
type Result struct {
	Written  Written   // zero where a dry run would have written
	Snapshot *Snapshot // what the edit was made on, the last time
	Attempts int       // 1 where nobody got in the way
	Files    []string  // that change, sorted; none: it was already so
	Diff     string    // of these files, as git shows it
}

// Apply reads the repository, lets edit decide, and writes what it changed. When
// somebody else wrote in between, it reads and edits again: no edit is lost,
// neither theirs nor this one. It gives up at the deadline with E_INFRA_BUSY, and
// with E_INFRA_STUCK where the remote refuses again and again although nobody
// wrote.
func Apply(ctx context.Context, repo Repo, o Options, edit Edit) (*Result, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	t := tries{until: o.Now().Add(o.Deadline)}
	ctx, cancel := context.WithTimeoutCause(ctx, o.Deadline, fault.Newf("E_INFRA_BUSY", "look at the host's status page, then run again", "no answer within %s", o.Deadline))
	defer cancel()
	for {
		t.count++
		res, err := o.try(ctx, repo, edit)
		if err == nil {
			res.Attempts = t.count
			return res, nil
		}
		if res != nil {
			t.saw(res.Snapshot.Head)
		}
		wait := t.backoff()
		if err := t.again(err, o.Now().Add(wait)); err != nil {
			return nil, err
		}
		why, _, _ := strings.Cut(err.Error(), "\n")
		fmt.Fprintf(o.Log, "attempt %d: %s; trying again in %s\n", t.count, why, wait.Round(time.Millisecond))
		if err := o.Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// complete fills in what was left out.
func (o *Options) complete() error {
	switch o.Mode {
	case "":
		o.Mode = ModeCommit
	case ModeCommit, ModePropose, ModeFiles:
	default:
		return fault.Newf("E_INFRA_MODE", "set `infra-mode` to pull-request, commit or files", "there is no mode %q", o.Mode)
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

// try is one attempt; with an error of the write, the result says what it was
// based on.
func (o Options) try(ctx context.Context, repo Repo, edit Edit) (*Result, error) {
	on, err := repo.Read(ctx)
	if err != nil {
		return nil, err
	}
	res := &Result{Snapshot: on}
	c, err := edit(on)
	if err != nil {
		return nil, err
	}
	if c.Files, err = differing(on.Files, c.Files); err != nil {
		return nil, err
	}
	res.Files = sortedKeys(c.Files)
	if res.Diff, err = Diff(on.Files, c.Files); err != nil {
		return nil, err
	}
	if len(c.Files) == 0 {
		res.Written = Written{Commit: on.Head, Branch: on.Branch}
		return res, nil
	}
	if o.DryRun {
		return res, nil
	}
	if o.Mode == ModePropose {
		res.Written, err = repo.Propose(ctx, on, o.Proposal, c)
	} else {
		res.Written, err = repo.Commit(ctx, on, c)
	}
	return res, err
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
