package infra

import (
	"context"
	"slices"
	"strings"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/github"
)

// intentFields bring the oldest intents with a read: all runs have to see the same ones
// to agree on who goes first.
const intentFields = `
    intents: refs(refPrefix: $intents, first: 100, orderBy: {field: ALPHABETICAL, direction: ASC}) { nodes { name target { oid ... on Commit { message } } } }`

// intentAnswer is one ref of an intent. Its name is what follows the prefix that
// was asked for: the folder of the branch and the intent's own.
type intentAnswer struct {
	Name   string
	Target struct{ OID, Message string }
}

// waiting are the intents of the branch that was read.
func (g *GitHub) waiting(s *state) []Intent {
	var all []Intent
	folder := strings.TrimPrefix(intentFolder(s.repo.Branch.Name), intentRefs)
	for _, ref := range s.repo.Intents.Nodes {
		// The name is what follows the prefix that was asked for, or a part of that.
		id := ref.Name[strings.LastIndex(ref.Name, "/")+1:]
		if rest := strings.TrimSuffix(ref.Name, id); rest != "" && !strings.HasSuffix("/"+rest, "/"+folder) {
			continue
		}
		in := parseIntent(s.repo.Branch.Name, ref.Target.Message)
		in.ID, in.Commit = id, ref.Target.OID
		all = append(all, in)
	}
	sortIntents(all)
	return all
}

// Publish implements Board.
func (g *GitHub) Publish(ctx context.Context, on *Snapshot, in Intent) (Intent, error) {
	message, err := in.message(on.Branch)
	if err != nil {
		return Intent{}, err
	}
	// The head is its parent: of a commit without one GitHub would say that it adds
	// every workflow, which takes a permission of its own.
	if in.Commit, err = g.commitObject(ctx, message, on.github.root, on.Head); err != nil {
		return Intent{}, g.explain(err, on.github.viewer)
	}
	name := in.ref(on.Branch)
	ref := &gogithub.Reference{Ref: &name, Object: &gogithub.GitObject{SHA: &in.Commit}}
	_, _, err = g.o.Client.REST().Git.CreateRef(ctx, g.owner, g.name, ref)
	if err = github.Explain(err); err != nil && github.KindOf(err) != github.Lost { // whether it is there is seen by the next read
		return Intent{}, g.explain(err, on.github.viewer)
	}
	return in, nil
}

// Clear implements Board. GitHub moves all refs or none: where one of many is gone
// already, those that still stand are looked for once. What stays then is cleared by who
// writes next.
func (g *GitHub) Clear(ctx context.Context, on *Snapshot, done []Intent) error {
	err := g.clear(ctx, on, done)
	if len(done) < 2 || !saidNo(err, github.Missing, github.Stale, github.Invalid, github.Other) {
		return g.left(err, on)
	}
	s, err := g.ask(ctx, nil)
	if err != nil {
		return err
	}
	there := g.waiting(s)
	done = slices.DeleteFunc(slices.Clone(done), func(in Intent) bool {
		return !slices.ContainsFunc(there, func(other Intent) bool { return other.ID == in.ID && other.Commit == in.Commit })
	})
	if len(done) == 0 {
		return nil
	}
	return g.left(g.clear(ctx, on, done), on)
}

func (g *GitHub) clear(ctx context.Context, on *Snapshot, done []Intent) error {
	var updates []refUpdate
	for _, in := range done {
		updates = append(updates, refUpdate{Name: in.ref(on.Branch), Before: in.Commit, After: noCommit, Force: true})
	}
	return g.moveRefs(ctx, on, updates...)
}

// Select implements Board.
func (g *GitHub) Select(ctx context.Context, on *Snapshot, paths []Paths) ([]Selection, error) {
	if g.whole {
		return g.git.Select(ctx, on, paths)
	}
	s := on.github
	s.tree.mu.Lock()
	defer s.tree.mu.Unlock()
	var wishes []wish
	for _, p := range paths {
		for _, w := range p.wishes() {
			if !s.tree.brought(w) {
				wishes = append(wishes, w)
			}
		}
	}
	if err := g.learn(ctx, s, wishes); err != nil {
		return nil, err
	}
	all := make([]Selection, len(paths))
	for i, p := range paths {
		all[i].Files, all[i].Err = g.files(ctx, s, p)
	}
	return all, ctx.Err()
}

// Trusting implements Board. Branches may be protected from who can make a ref, and a
// signature of GitHub's says who pressed a button, not what for: a secret it must be.
func (g *GitHub) Trusting() bool { return false }

// Clears implements Board: a commit through the API moves one branch and no more.
func (g *GitHub) Clears() bool { return false }

// Standing implements Shelf. What was merged is on the base, and what was closed is
// not wanted; of a branch without any pull request one is about to be opened.
func (g *GitHub) Standing(_ context.Context, on *Snapshot, branch string) (string, error) {
	repo := on.github.repo
	if repo.Proposal == nil {
		return "", nil
	}
	tip := repo.Proposal.Target
	own := func(pull pullAnswer) bool { return !pull.IsCrossRepository && pull.HeadRefOID == tip.OID }
	if !slices.ContainsFunc(repo.Open.Nodes, own) && slices.ContainsFunc(repo.Done.Nodes, own) {
		return "", nil
	}
	if parents := tip.Parents.Nodes; len(parents) == 2 {
		tip = parents[0]
	}
	for _, line := range editLine.Regexp().FindAllStringSubmatch(tip.Message, -1) {
		if line[2] == unproven && !tip.signed() {
			return "", fault.Newf("E_PR_SHARED", hintShared, "branch %q holds an edit (%s) of which nobody knows who made it: %s is not signed by GitHub", branch, line[1], tip.OID)
		}
	}
	return tip.Message, nil
}
