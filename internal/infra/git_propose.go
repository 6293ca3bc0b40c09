package infra

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// trailer marks a commit as one that may be replaced by a newer one of its kind.
var trailer = pattern.New(`(?m)^Tagboat-[A-Za-z-]+: `)

// image is the trailer that says what a commit moves.
var image = pattern.New(`(?m)^Tagboat-Image: (.*?)\s*$`)

// images is what the trailers of a message name, sorted.
func images(message string) []string {
	var all []string
	for _, found := range image.Regexp().FindAllStringSubmatch(message, -1) {
		all = append(all, found[1])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

const hintForeign = "merge or delete the branch, or name another one"

// Propose implements Repo. A branch that is there already is moved only where
// its tip is a commit of ours, by its trailers, author and committer, and for the
// image that the message names, if it names one: anything
// else is somebody's work and stays, with the fault E_BRANCH_FOREIGN. A message
// without a Tagboat- trailer gets one.
func (g *Git) Propose(ctx context.Context, on *Snapshot, p Proposal, c ChangeSet) (Written, error) {
	branch := p.Branch
	if err := g.checkBranch(ctx, on, branch); err != nil {
		return Written{}, err
	}
	if !trailer.MatchString(c.Message) {
		c.Message = strings.TrimRight(c.Message, "\n") + "\n\nTagboat-Branch: " + branch + "\n"
	}
	made, err := g.build(ctx, on.Head, c)
	if err != nil {
		return Written{}, err
	}
	if made.same {
		return Written{Commit: on.Head, Branch: on.Branch}, nil
	}
	refs, err := g.repo.LsRemote(ctx, g.o.Remote, "refs/heads/"+branch)
	if err != nil {
		return Written{}, err
	}
	tip := refs.IDs["refs/heads/"+branch]
	if tip == "" {
		return g.move(ctx, branch, "", made.id)
	}
	there, err := g.look(ctx, branch, tip)
	if err != nil {
		return Written{}, err
	}
	if there.tree == made.tree && slices.Equal(there.parents, []string{on.Head}) {
		return Written{Commit: tip, Branch: branch}, nil
	}
	if !g.ours(there) {
		return Written{}, fault.Newf("E_BRANCH_FOREIGN", hintForeign, "branch %q holds a commit that is not Tagboat's: %s by %s", branch, tip, there.committer)
	}
	if is, was := images(c.Message), images(there.message); len(is) > 0 && !slices.Equal(is, was) {
		return Written{}, fault.Newf("E_BRANCH_FOREIGN", hintForeign, "branch %q holds a commit for another image: %s is for %q, not for %q", branch, tip, was, is)
	}
	return g.move(ctx, branch, tip, made.id)
}

// look reads the commit at a branch's tip.
func (g *Git) look(ctx context.Context, branch, tip string) (commit, error) {
	if g.o.Remote.Folder() == "" {
		err := g.fetch(ctx, 1, tip, refTip)
		if unadvertised(err) {
			return commit{}, fmt.Errorf("branch %s: %w", branch, ErrStale)
		}
		if err != nil {
			return commit{}, err
		}
	}
	found, err := g.commits(ctx, tip)
	if err != nil {
		return commit{}, err
	}
	return found[0], nil
}

// ours reports whether a commit was made by Propose, and by nobody amended,
// rebased or merged since.
func (g *Git) ours(c commit) bool {
	me := g.o.Author.String()
	return len(c.parents) == 1 && c.author == me && c.committer == me && trailer.MatchString(c.message)
}

// checkBranch refuses a branch that cannot hold a proposal.
func (g *Git) checkBranch(ctx context.Context, on *Snapshot, branch string) error {
	if branch == on.Branch {
		return fault.Newf("E_BRANCH_NAME", "choose a branch of its own for the proposal", "branch %q is the one that the proposal is for", branch)
	}
	if _, err := g.repo.Run(ctx, git.Call{Args: []string{"check-ref-format", "refs/heads/" + branch}}); err != nil {
		return fault.Newf("E_BRANCH_NAME", "use letters, digits, -, _, . and /", "%q is no name for a branch", branch)
	}
	return nil
}
