package infra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/github"
)

const (
	newBranchMutation = `mutation($ref: CreateRefInput!, $commit: CreateCommitOnBranchInput!) {
  createRef(input: $ref) { clientMutationId }
  createCommitOnBranch(input: $commit) { commit { oid } }
}
`
	openMutation = `mutation($pull: CreatePullRequestInput!) { createPullRequest(input: $pull) { pullRequest { id number url } } }
`
)

// open makes the branch with its commit in one request, and the pull request in
// another one. The commit can only be on the branch if it holds what it should, so
// that nobody else's work is ever put before people.
func (g *GitHub) open(ctx context.Context, w *work, p Proposal, there standing, d description) (Written, error) {
	written, err := g.branch(ctx, w, p.Branch, there)
	if err != nil {
		return Written{}, err
	}
	var answer struct {
		CreatePullRequest struct{ PullRequest pullAnswer }
	}
	err = g.o.Client.Mutate(ctx, openMutation, map[string]any{"pull": map[string]any{
		"repositoryId": w.on.github.repo.ID, "baseRefName": w.on.Branch, "headRefName": p.Branch,
		"title": atMost(d.title, mostTitle), "body": d.marked(written.Commit), "draft": p.Draft,
	}}, &answer)
	pull := answer.CreatePullRequest.PullRequest
	if saidNo(err, github.Lost, github.Unreachable) {
		if found, ok := g.opened(ctx, written.Commit); ok {
			pull, err = found, nil
		}
	}
	switch {
	case saidNo(err, github.Exists) || err != nil && strings.Contains(err.Error(), "No commits between"):
		return Written{}, fmt.Errorf("pull request for %s: %w", p.Branch, ErrStale)
	case err != nil:
		return Written{}, g.unopened(w.on, p.Branch, err)
	}
	pull.HeadRefOID = written.Commit
	return written, g.dress(ctx, w.on, p, &pull, Created, &written)
}

// branch makes the proposal's branch with its commit. One that is there already is
// moved to a commit in one step: somebody may be about to open a pull request from
// it, which must never see it empty.
func (g *GitHub) branch(ctx context.Context, w *work, branch string, there standing) (Written, error) {
	old := noCommit
	if there.tip != nil {
		old = there.tip.OID
	}
	switch {
	case w.plain && old == w.on.Head:
		id, err := g.commitOnBranch(ctx, w, branch, old)
		return g.settle(ctx, w, branch, old, id, err)
	case w.plain && there.tip == nil:
		return g.newBranch(ctx, w, branch)
	}
	id, err := g.object(ctx, w)
	if err != nil {
		return Written{}, g.explain(err, w.on.github.viewer)
	}
	err = g.moveRefs(ctx, w.on, refUpdate{Name: "refs/heads/" + branch, Before: old, After: id, Force: true})
	return g.settle(ctx, w, branch, old, id, err)
}

func (g *GitHub) newBranch(ctx context.Context, w *work, branch string) (Written, error) {
	var answer struct {
		CreateRef            *struct{}
		CreateCommitOnBranch struct{ Commit struct{ OID string } }
	}
	name := "refs/heads/" + branch
	err := g.o.Client.Mutate(ctx, newBranchMutation, map[string]any{
		"ref":    map[string]any{"repositoryId": w.on.github.repo.ID, "name": name, "oid": w.on.Head},
		"commit": g.commitInput(w, branch, w.on.Head),
	}, &answer)
	id := answer.CreateCommitOnBranch.Commit.OID
	if id != "" {
		err = nil // the branch was there already, and held the very head
	}
	if saidNo(err, github.Invalid, github.Other) && answer.CreateRef == nil {
		if other := g.nested(ctx, branch); other != "" {
			return Written{}, fault.Newf("E_BRANCH_NAME", hintNested, "branch %q cannot be made beside branch %q", branch, other)
		}
	}
	written, err := g.settle(ctx, w, branch, noCommit, id, err)
	if err != nil && answer.CreateRef != nil { // a branch without its commit is of no use to anybody
		if wrong := g.left(g.moveRefs(ctx, w.on, refUpdate{Name: name, Before: w.on.Head, After: noCommit, Force: true}), w.on); wrong != nil {
			fmt.Fprintf(g.o.Log, "branch %s is left behind: %s\n", branch, firstLine(wrong.Error()))
		}
	}
	return written, err
}

const hintNested = "a branch cannot have the name of another one's folder (a and a/b): choose another name with `pr-branch`"

// nested is a branch whose name is that of a folder of this one's, or the other
// way round: git keeps refs as files. GitHub says of it as little as of a ruleset.
func (g *GitHub) nested(ctx context.Context, branch string) string {
	variables := map[string]any{"owner": g.owner, "repository": g.name, "below": "refs/heads/" + branch + "/"}
	declared, fields := "$owner: String!, $repository: String!, $below: String!", "refs(refPrefix: $below, first: 1) { nodes { name } }"
	var above []string
	for dir := path.Dir(branch); dir != "."; dir = path.Dir(dir) {
		key := fmt.Sprintf("r%d", len(above))
		above = append(above, dir)
		variables[key] = "refs/heads/" + dir
		declared += fmt.Sprintf(", $%s: String!", key)
		fields += fmt.Sprintf(" %s: ref(qualifiedName: $%s) { name }", key, key)
	}
	var answer struct{ Repository map[string]json.RawMessage }
	document := fmt.Sprintf("query(%s) {\n  repository(owner: $owner, name: $repository) { %s }\n}\n", declared, fields)
	if g.o.Client.Query(ctx, document, variables, &answer) != nil {
		return ""
	}
	for i, dir := range above {
		if string(answer.Repository[fmt.Sprintf("r%d", i)]) != "null" {
			return dir
		}
	}
	var refs struct{ Nodes []struct{ Name string } }
	if json.Unmarshal(answer.Repository["refs"], &refs) != nil || len(refs.Nodes) == 0 {
		return ""
	}
	return branch + "/" + strings.TrimPrefix(refs.Nodes[0].Name, branch+"/")
}

// opened looks for the pull request whose making was not answered.
func (g *GitHub) opened(ctx context.Context, commit string) (pullAnswer, bool) {
	s, err := g.ask(ctx, nil)
	if err != nil {
		return pullAnswer{}, false
	}
	for _, pull := range s.repo.Open.Nodes {
		if !pull.IsCrossRepository && pull.HeadRefOID == commit {
			return pull, true
		}
	}
	return pullAnswer{}, false
}

// unopened says where a pull request can be opened by hand: its branch is there.
func (g *GitHub) unopened(on *Snapshot, branch string, err error) error {
	err = g.explain(err, on.github.viewer)
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok {
		return err
	}
	return fault.New(f.Code, f.Hint, fmt.Errorf("branch %q is there, but its pull request was not opened: %w", branch, err))
}
