package infra

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// Shelf is a Board on which several runs may share one proposal.
type Shelf interface {
	Board
	// Standing is the message of the proposal's commit, "" where nothing of ours
	// stands there to be merged.
	Standing(ctx context.Context, on *Snapshot, branch string) (message string, err error)
}

// editTrailer keeps an edit in the message of a shared proposal, so that the next
// run can make it again on a newer head: its slot, what proves that its maker holds
// Options.Secret ("-" without one), and Options.Data.
const editTrailer = "Tagboat-Edit: "

var editLine = pattern.New(`(?m)^Tagboat-Edit: (\S+) (\S+) (.+)$`)

// unproven stands in the place of a proof: whose job's token is gone with the job has
// nothing to prove it with.
const unproven = "-"

// signature proves a line of a proposal's branch.
func (o Options) signature(slot, data string) string {
	if o.Secret == nil {
		return unproven
	}
	h := hmac.New(sha256.New, o.Secret)
	fmt.Fprintf(h, "edit\n%q\n%q\n%s", o.Proposal.Branch, slot, data)
	return hex.EncodeToString(h.Sum(nil))
}

// propose puts the edit before people, with those that share its proposal, or takes
// back what is not wanted any more.
func (a *applying) propose(ctx context.Context, res *Result, own ChangeSet) (*Result, error) {
	on := res.Snapshot
	c, err := a.share(ctx, on, own)
	others := false
	if err == nil && len(own.Files) == 0 {
		others, err = a.others(ctx, on)
	}
	if len(own.Files) == 0 && (others || fault.Is(err, "E_PR_SHARED")) {
		res.Written = Written{Commit: on.Head, Branch: on.Branch}
		return res, nil
	}
	if c.Key == "" {
		c.Key = own.Key
	}
	if err == nil {
		res.Written, err = a.repo.Propose(ctx, on, a.o.Proposal, c)
	}
	return res, err
}

// others reports whether what stands proposed is shared by runs of which this is none:
// nothing that it has to take back.
func (a *applying) others(ctx context.Context, on *Snapshot) (bool, error) {
	shelf, ok := a.repo.(Shelf)
	if !ok || a.o.Slot != "" {
		return false, nil
	}
	message, err := shelf.Standing(ctx, on, a.o.Proposal.Branch)
	return editLine.MatchString(message), err
}

// share makes one proposal of this run's edit and of those that others have
// proposed on the same branch. An edit of this run's own slot is replaced, and one
// that has nothing left to do, or that fails by now, is left out. One that this run
// cannot read, or that was made with another secret, must not get lost: the error is
// a fault E_PR_SHARED then.
func (a *applying) share(ctx context.Context, on *Snapshot, own ChangeSet) (ChangeSet, error) {
	shelf, ok := a.repo.(Shelf)
	if !ok || a.o.Slot == "" || a.o.Data == nil || a.o.Replay == nil {
		return own, nil
	}
	message, err := shelf.Standing(ctx, on, a.o.Proposal.Branch)
	if err != nil {
		return own, err
	}
	lines := map[string]string{a.o.Slot: string(a.o.Data)} // by slot
	var others []Intent
	for _, found := range editLine.Regexp().FindAllStringSubmatch(message, -1) {
		slot, proof, data := found[1], found[2], found[3]
		if lines[slot] != "" {
			continue
		}
		if !hmac.Equal([]byte(proof), []byte(a.o.signature(slot, data))) {
			return own, fault.Newf("E_PR_SHARED", hintShared, "branch %q is shared with an edit that another identity proposed (%s)", a.o.Proposal.Branch, slot)
		}
		if _, _, err := a.o.Replay([]byte(data)); err != nil {
			return own, fault.New("E_PR_SHARED", hintShared, fmt.Errorf("branch %q is shared with an edit that cannot be read (%s): %w", a.o.Proposal.Branch, slot, err))
		}
		lines[slot] = data
		others = append(others, Intent{ID: slot, Data: []byte(data)})
	}
	combine := &combiner{o: a.o, edit: a.edit, board: shelf, tries: &a.tries}
	b, err := combine.collect(ctx, on, own, others)
	if err != nil {
		return own, err
	}
	slots := []string{a.o.Slot}
	for _, in := range b.taken {
		slots = append(slots, in.ID)
	}
	if len(own.Files) == 0 {
		b.sets, slots = b.sets[1:], slots[1:]
	}
	for i, slot := range slots {
		b.sets[i].Message = strings.TrimRight(b.sets[i].Message, "\n") + "\n" + editTrailer + slot + " " + a.o.signature(slot, lines[slot]) + " " + lines[slot] + "\n"
	}
	return b.proposed(), nil
}

const hintShared = "let all runs that share the branch use one App or token and one version of Tagboat, or give each its own `pr-branch`; merge or close what is open first"

// proposed is the batch as one change set, in an order that does not depend on
// whose run it is.
func (b *batch) proposed() ChangeSet {
	if len(b.sets) == 0 {
		return ChangeSet{}
	}
	sets := slices.SortedFunc(slices.Values(b.sets), func(x, y ChangeSet) int { return strings.Compare(x.Key, y.Key) })
	if len(sets) == 1 {
		one := sets[0]
		one.Files = maps.Clone(b.files)
		return one
	}
	var keys, bodies []string
	for _, set := range sets {
		subject, rest, _ := parts(set.Message)
		if set.Body != "" {
			rest = set.Body
		}
		if set.Title != "" {
			subject = set.Title
		}
		keys = append(keys, set.Key)
		bodies = append(bodies, "## "+subject+"\n\n"+strings.TrimSpace(rest))
	}
	message := combined(sets)
	title, _, _ := strings.Cut(message, "\n")
	return ChangeSet{
		Files: maps.Clone(b.files), Message: message,
		Title: title, Body: strings.Join(bodies, "\n\n"), Key: strings.Join(keys, " "),
	}
}
