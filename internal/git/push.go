package git

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/run"
)

// Update is one ref that a push moves, and what it must hold for that.
type Update struct {
	Ref string // full name: refs/heads/main, refs/tags/v0.0.1
	New string // the object it shall name; "" deletes it
	Old string // the object it must name now; "" means that there must be no such ref
}

// Status says what became of an Update.
type Status string

// What becomes of an Update.
const (
	Done    Status = "done"       // the ref names New by this push
	Same    Status = "up to date" // it did so already
	Stale   Status = "stale"      // it named something else than Old, and was left alone
	Exists  Status = "exists"     // there was such a ref, where Old is ""; it was left alone
	Refused Status = "refused"    // the remote did not want it: Err says why
)

// Result is what became of one Update.
type Result struct {
	Ref    string
	Status Status
	Reason string // git's or the remote's reason, where it has any
	Said   string // what the remote wrote beside it, to people: lines without "remote:"
	Now    string // what the ref held after the push, where it was looked at because the answer left that open
	Still  bool   // it was looked at and held Old: no race was lost, somebody is at work on the ref or it is broken
	Err    error  // for Refused: a fault, E_GIT_PROTECTED, E_GIT_CHECKED_OUT or E_GIT_REFUSED for instance
}

// Push moves refs of a remote by compare-and-swap: each Update holds or is left
// alone by itself, whatever the order of commits, and the results stand in the
// order of the updates.
//
// It fails where nothing is known of the refs. An answer that got lost on its
// way, or that a repeated request spoiled, is no failure: Push looks at what the
// refs hold before it says so.
func (r Repo) Push(ctx context.Context, remote Remote, updates ...Update) ([]Result, error) {
	return r.push(ctx, remote, nil, updates)
}

// PushAtomic is Push of updates that all hold, or are all left alone. A host that
// cannot do that makes it fail with ErrNotAtomic, and nothing was moved.
func (r Repo) PushAtomic(ctx context.Context, remote Remote, updates ...Update) ([]Result, error) {
	results, err := r.push(ctx, remote, []string{"--atomic"}, updates)
	if strings.Contains(stderr(err), "does not support --atomic") {
		return nil, fmt.Errorf("%w: %w", ErrNotAtomic, err)
	}
	return results, err
}

// ErrNotAtomic is in the error of an atomic push to a host that knows none.
var ErrNotAtomic = errors.New("the host moves refs one by one only")

func (r Repo) push(ctx context.Context, remote Remote, options []string, updates []Update) ([]Result, error) {
	if len(updates) == 0 {
		return nil, nil // without refs, git would push what its configuration says
	}
	args := append([]string{"push", "--porcelain", "--no-progress"}, options...)
	for _, u := range updates {
		args = append(args, "--force-with-lease="+u.Ref+":"+u.Old)
	}
	args = append(args, "--", remote.URL)
	for _, u := range updates {
		args = append(args, u.New+":"+u.Ref)
	}
	var out strings.Builder
	_, err := r.Run(ctx, Call{Args: args, Remote: &remote, Stdout: &out})
	lines, said := parsePush(out.String()), stderr(err)
	results := make([]Result, len(updates))
	var open []int // updates of which the answer says too little
	for i, u := range updates {
		line, told := lines[u.Ref]
		results[i] = line.judge(u, said)
		results[i].Said = strings.Join(remoteLines(said), "\n")
		if !told || line.unsure(u, said) {
			open = append(open, i)
		}
		if results[i].Status == Refused {
			results[i].Err = refusal(remote, results[i])
		}
	}
	if len(open) == 0 {
		return results, nil
	}
	if len(lines) == 0 && !mayHaveLanded(err) {
		return nil, err
	}
	return r.look(ctx, remote, updates, results, open, err)
}

// look settles the updates whose outcome the answer left open, by reading what
// their refs hold now.
func (r Repo) look(ctx context.Context, remote Remote, updates []Update, results []Result, open []int, lost error) ([]Result, error) {
	names := make([]string, len(open))
	for i, n := range open {
		names[i] = updates[n].Ref
	}
	refs, err := r.LsRemote(ctx, remote, names...)
	if err != nil {
		return nil, errors.Join(lost, err)
	}
	for _, i := range open {
		u, res := updates[i], &results[i]
		res.Now = refs.IDs[u.Ref]
		switch {
		case res.Now == u.New:
			res.Status, res.Err = Done, nil
		case res.Reason == "" && res.Now == u.Old:
			return nil, lost // not moved, and the remote did not say why
		default:
			res.Still = res.Now == u.Old
		}
	}
	return results, nil
}

// mayHaveLanded reports whether a push that brought no answer may have had its
// effect all the same: a refused login may not.
func mayHaveLanded(err error) bool {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f.Code == "E_GIT_UNREACHABLE"
	}
	_, ran := errors.AsType[*run.Error](err)
	return ran
}

// pushLine is one ref in the output of git push --porcelain.
type pushLine struct {
	flag    string // " ", "+", "-", "*", "=" or "!"
	summary string // [rejected], [remote rejected], [new tag], abc..def
	reason  string // without its brackets
}

// parsePush reads lines "<flag>\t<from>:<to>\t<summary> (<reason>)", by their to.
func parsePush(out string) map[string]pushLine {
	lines := map[string]pushLine{}
	for line := range strings.Lines(out) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(fields) != 3 || len(fields[0]) != 1 {
			continue // "To <url>" and "Done"
		}
		_, to, _ := strings.Cut(fields[1], ":")
		summary, reason, _ := strings.Cut(fields[2], " (")
		lines[to] = pushLine{flag: fields[0], summary: summary, reason: strings.TrimSuffix(reason, ")")}
	}
	return lines
}

// behind are git's own reasons not to send an update: the remote has moved.
var behind = []string{
	"stale info", "fetch first", "non-fast-forward", "needs force", "already exists", "remote ref updated since checkout",
	"atomic push failed", // for the sake of another ref of the same push
}

// races are the remote's reasons that mean: somebody else moved this ref, or is about to.
var races = []string{
	"already exists", "does not exist", "cannot lock ref", "failed to update ref", "failed to lock", "incorrect old value", "failed to report status",
	"atomic transaction failed", "atomic push failure", "transaction failed to start", // for the sake of another ref of the same push, or of this one
}

// raced reports whether a line that says no may be somebody else's doing. A
// "non-fast-forward" of the remote is not: it forbids what a lease would allow.
func (l pushLine) raced() bool {
	reasons := races
	if l.own() {
		reasons = behind
	}
	return slices.ContainsFunc(reasons, func(reason string) bool { return strings.Contains(l.reason, reason) })
}

// own reports whether git itself decided, before anything was sent.
func (l pushLine) own() bool { return l.summary == "[rejected]" }

// judge says what a line means for its update; said is what git wrote beside it.
func (l pushLine) judge(u Update, said string) Result {
	res := Result{Ref: u.Ref, Status: Done, Reason: l.reason}
	lost := Stale
	if u.Old == "" {
		lost = Exists
	}
	switch {
	case l.flag == "=":
		res.Status = Same
	case l.flag == "":
		res.Status = lost
	case l.flag == "!" && !l.raced():
		res.Status = Refused
	case l.flag == "!" && strings.Contains(said, "cannot create '"+u.Ref+"'"): // a branch a beside a/b: its reason reads like a race
		res.Status, res.Reason = Refused, nested
	case l.flag == "!":
		res.Status = lost
	}
	return res
}

// unsure reports whether the ref may hold the new object although the line says
// no. What the remote says may be its answer to a repeated request, when the
// first one had its effect and only the answer to it was lost.
func (l pushLine) unsure(u Update, said string) bool {
	return l.flag == "!" && !l.own() && l.judge(u, said).Status != Refused
}

// stderr is what git wrote there; Run took the secrets out of it.
func stderr(err error) string {
	if failed, ok := errors.AsType[*run.Error](err); ok {
		return failed.Stderr
	}
	return ""
}
