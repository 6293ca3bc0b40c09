package infra

import (
	"context"
	"slices"
	"strings"
	"time"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/seed-96940006/tagboat/internal/github"
)

// intentFields bring the intents of all branches with a read: which branch it is
// may be known by its answer only.
const intentFields = `
    intents: refs(refPrefix: "` + intentRefs + `", first: 100) { nodes { name target { oid ... on Commit {
      message committedDate author { name email user { login } } signature { isValid wasSignedByGitHub } } } } }`

// intentAnswer is one ref of an intent. Its name is what follows the prefix that
// was asked for: the folder of the branch and the intent's own.
type intentAnswer struct {
	Name   string
	Target struct {
		OID, Message  string
		CommittedDate time.Time
		Author        personAnswer
		Signature     *struct{ IsValid, WasSignedByGitHub bool }
	}
}

// waiting are the intents of the branch that was read.
func (g *GitHub) waiting(s *state) []Intent {
	var all []Intent
	folder := strings.TrimPrefix(intentFolder(s.repo.Branch.Name), intentRefs)
	for _, ref := range s.repo.Intents.Nodes {
		_, id, found := strings.Cut("/"+ref.Name, "/"+folder)
		if !found || strings.Contains(id, "/") {
			continue
		}
		in := parseIntent(s.repo.Branch.Name, ref.Target.Message)
		in.ID, in.Commit, in.Since = id, ref.Target.OID, ref.Target.CommittedDate
		// Anybody who may push can write any author into a commit. GitHub's signature
		// cannot be forged: it stands on what an App has asked for in its own name.
		in.Trusted = ref.Target.Signature != nil && ref.Target.Signature.IsValid && ref.Target.Signature.WasSignedByGitHub && g.wrote(s, ref.Target.Author)
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

// Clear implements Board.
func (g *GitHub) Clear(ctx context.Context, on *Snapshot, done []Intent) error {
	var updates []refUpdate
	for _, in := range done {
		updates = append(updates, refUpdate{Name: in.ref(on.Branch), Before: in.Commit, After: noCommit, Force: true})
	}
	err := g.moveRefs(ctx, on, updates...)
	if len(updates) == 1 || !saidNo(err, github.Missing, github.Stale, github.Invalid, github.Other) {
		return g.left(err, on)
	}
	for _, u := range updates { // one is gone, and GitHub moves all or none
		if err := g.left(g.moveRefs(ctx, on, u), on); err != nil {
			return err
		}
	}
	return nil
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

// Clears implements Board: a commit through the API moves one branch and no more.
func (g *GitHub) Clears() bool { return false }

// Standing implements Shelf. What was merged is on the base, and what was closed is
// not wanted.
func (g *GitHub) Standing(_ context.Context, on *Snapshot, _ string) (string, error) {
	repo := on.github.repo
	open := slices.ContainsFunc(repo.PullRequests.Nodes, func(p pullAnswer) bool { return p.State == "OPEN" && !p.IsCrossRepository })
	if repo.Proposal == nil || !open {
		return "", nil
	}
	tip := repo.Proposal.Target
	if parents := tip.Parents.Nodes; len(parents) == 2 {
		return parents[0].Message, nil
	}
	return tip.Message, nil
}
