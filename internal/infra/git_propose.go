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
	if err := CheckBranch(on.Branch, branch); err != nil {
		return Written{}, err
	}
	tip, there, err := g.tip(ctx, branch)
	if err != nil {
		return Written{}, err
	}
	if len(c.Files) == 0 {
		return g.takeBack(ctx, on, branch, tip, there)
	}
	c.Message = marked(c.Message, branch)
	made, err := g.build(ctx, on.Head, c)
	if err != nil {
		return Written{}, err
	}
	switch {
	case made.same:
		return g.takeBack(ctx, on, branch, tip, there)
	case tip == "":
		return g.move(ctx, branch, "", made.id)
	}
	if there.tree == made.tree && slices.Equal(there.parents, []string{on.Head}) {
		return Written{Commit: tip, Branch: branch}, nil
	}
	if !g.ours(there) {
		return Written{}, fault.Newf("E_BRANCH_FOREIGN", hintForeign, "branch %q holds a commit that is not Tagboat's: %s by %s", branch, tip, there.committer)
	}
	if is, was := images(c.Message), images(there.message); !share(c.Message, there.message) && len(is) > 0 && !slices.Equal(is, was) {
		return Written{}, fault.Newf("E_BRANCH_FOREIGN", hintForeign, "branch %q holds a commit for another image: %s is for %q, not for %q", branch, tip, was, is)
	}
	return g.move(ctx, branch, tip, made.id)
}

// share reports whether two proposals are of those that share a branch.
func share(message, other string) bool {
	return editLine.MatchString(message) && editLine.MatchString(other)
}

// tip is the commit at a branch's tip; "" where there is no such branch.
func (g *Git) tip(ctx context.Context, branch string) (string, commit, error) {
	refs, err := g.repo.LsRemote(ctx, g.o.Remote, "refs/heads/"+branch)
	tip := refs.IDs["refs/heads/"+branch]
	if err != nil || tip == "" {
		return "", commit{}, err
	}
	there, err := g.look(ctx, branch, tip)
	return tip, there, err
}

// takeBack removes a branch that proposes nothing any more. Hosts close the pull
// request with it. What is not ours stays.
func (g *Git) takeBack(ctx context.Context, on *Snapshot, branch, tip string, there commit) (Written, error) {
	written := Written{Commit: on.Head, Branch: on.Branch}
	if tip == "" || !g.ours(there) {
		return written, nil
	}
	results, err := g.repo.Push(ctx, g.o.Remote, git.Update{Ref: "refs/heads/" + branch, Old: tip})
	if err == nil && results[0].Status == git.Refused {
		err = results[0].Err
	}
	return written, err
}

// Standing implements Shelf.
func (g *Git) Standing(ctx context.Context, _ *Snapshot, branch string) (string, error) {
	tip, there, err := g.tip(ctx, branch)
	if err != nil || tip == "" || !g.ours(there) {
		return "", err
	}
	return there.message, nil
}

// marked is the message with a trailer that tells that the commit is Tagboat's.
func marked(message, branch string) string {
	if trailer.MatchString(message) {
		return message
	}
	return strings.TrimRight(message, "\n") + "\n\nTagboat-Branch: " + branch + "\n"
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

// CheckBranch is the fault E_BRANCH_NAME of a branch that cannot hold a proposal for base.
func CheckBranch(base, branch string) error {
	if branch == base {
		return fault.Newf("E_BRANCH_NAME", "choose a branch of its own for the proposal", "branch %q is the one that the proposal is for", branch)
	}
	if !branchName.MatchString(branch) || forbidden.MatchString(branch) {
		return fault.Newf("E_BRANCH_NAME", "use letters, digits, -, _, . and /", "%q is no name for a branch", branch)
	}
	return nil
}

// The rules of git-check-ref-format(1), for a name without refs/heads/.
var (
	branchName = pattern.New(`^[^\x00-\x20\x7f~^:?*\[\\]+$`)
	forbidden  = pattern.New(`^[-/]|^@$|/$|\.$|//|\.\.|@\{|(^|/)\.|\.lock(/|$)`)
)
