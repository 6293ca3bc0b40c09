package infra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/github"
)

const (
	newBranchMutation = `mutation($ref: CreateRefInput!, $commit: CreateCommitOnBranchInput!) {
  createRef(input: $ref) { clientMutationId }
  createCommitOnBranch(input: $commit) { commit { oid } }
}
`
	oldBranchMutation = `mutation($refs: UpdateRefsInput!, $commit: CreateCommitOnBranchInput!) {
  updateRefs(input: $refs) { clientMutationId }
  createCommitOnBranch(input: $commit) { commit { oid } }
}
`
	openMutation = `mutation($pull: CreatePullRequestInput!) { createPullRequest(input: $pull) { pullRequest { id number url } } }
`
	updateMutation = `mutation($refs: UpdateRefsInput!, $pull: UpdatePullRequestInput!) {
  updateRefs(input: $refs) { clientMutationId }
  updatePullRequest(input: $pull) { pullRequest { id } }
}
`
)

// open makes the branch with its commit in one request, and the pull request in
// another one. The commit can only be on the branch if it holds what it should, so
// that nobody else's work is ever put before people.
func (g *GitHub) open(ctx context.Context, w *work, p Proposal, there standing, d description) (Written, error) {
	id, err := g.branch(ctx, w, p.Branch, there)
	if saidNo(err, github.Invalid, github.Other) && there.tip == nil {
		if other := g.nested(ctx, p.Branch); other != "" {
			return Written{}, fault.Newf("E_BRANCH_NAME", hintNested, "branch %q cannot be made beside branch %q", p.Branch, other)
		}
	}
	written, err := g.settle(ctx, w, p.Branch, id, err)
	if err != nil {
		return Written{}, err
	}
	var answer struct {
		CreatePullRequest struct{ PullRequest pullAnswer }
	}
	err = g.o.Client.Mutate(ctx, openMutation, map[string]any{"pull": map[string]any{
		"repositoryId": w.on.github.repo.ID, "baseRefName": w.on.Branch, "headRefName": p.Branch,
		"title": d.title, "body": d.marked(written.Commit), "draft": p.Draft,
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
	written.PullRequest, err = g.dress(ctx, w.on, p, &pull, Created)
	return written, err
}

// branch makes the proposal's branch on the head that was read, or moves it there
// while no pull request is open for it, and commits to it.
func (g *GitHub) branch(ctx context.Context, w *work, branch string, there standing) (string, error) {
	ref := refUpdate{Name: "refs/heads/" + branch, Before: noCommit, After: w.on.Head, Force: true}
	if there.tip != nil {
		ref.Before = there.tip.OID
	}
	if !w.plain {
		id, err := g.object(ctx, w)
		if err != nil {
			return "", err
		}
		ref.After = id
		return id, g.moveRefs(ctx, w.on, ref)
	}
	document := newBranchMutation
	variables := map[string]any{"commit": g.commitInput(w, branch, w.on.Head)}
	switch {
	case there.tip == nil:
		variables["ref"] = map[string]any{"repositoryId": w.on.github.repo.ID, "name": ref.Name, "oid": ref.After}
	case there.tip.OID == w.on.Head:
		return g.commitOnBranch(ctx, w, branch, w.on.Head)
	default:
		document, variables["refs"] = oldBranchMutation, refsInput(w.on, ref)
	}
	var answer struct {
		CreateCommitOnBranch struct{ Commit struct{ OID string } }
	}
	err := g.o.Client.Mutate(ctx, document, variables, &answer)
	if id := answer.CreateCommitOnBranch.Commit.OID; id != "" {
		return id, nil // the branch was there already, and held the very head
	}
	return "", err
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
	for _, pull := range s.repo.PullRequests.Nodes {
		if pull.State == "OPEN" && !pull.IsCrossRepository && pull.HeadRefOID == commit {
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

// update moves the branch of an open pull request from its old commit to a new
// one, in one step and with the text in the same request.
func (g *GitHub) update(ctx context.Context, w *work, p Proposal, there standing, d description) (Written, error) {
	pull := there.open
	if _, state := readMark(pull.Body); there.tip != nil && state == d.hash+"-"+there.tip.OID {
		written := Written{Commit: there.tip.OID, Branch: p.Branch}
		var err error
		written.PullRequest, err = g.dress(ctx, w.on, p, pull, Unchanged)
		return written, err
	}
	id, err := g.object(ctx, w)
	if err != nil {
		return Written{}, g.explain(err, w.on.github.viewer)
	}
	before := noCommit // an open pull request without a branch is one that GitHub is about to close
	if there.tip != nil {
		before = there.tip.OID
	}
	err = g.o.Client.Mutate(ctx, updateMutation, map[string]any{
		"refs": refsInput(w.on, refUpdate{Name: "refs/heads/" + p.Branch, Before: before, After: id, Force: true}),
		"pull": map[string]any{"pullRequestId": pull.ID, "title": d.title, "body": d.marked(id)},
	}, nil)
	written, err := g.settle(ctx, w, p.Branch, id, err)
	if err != nil {
		return Written{}, err
	}
	pull.HeadRefOID = id
	written.PullRequest, err = g.dress(ctx, w.on, p, pull, Updated)
	return written, err
}

// dress adds what a pull request lacks: labels, people, the automatic merge. That
// one of these cannot be had is noted; the pull request stands all the same.
func (g *GitHub) dress(ctx context.Context, on *Snapshot, p Proposal, pull *pullAnswer, op Operation) (*PullRequest, error) {
	made := &PullRequest{Number: pull.Number, URL: pull.URL, Operation: op}
	note := func(what string, err error) {
		if err = github.Explain(err); err != nil {
			made.Notes = append(made.Notes, fmt.Sprintf("%s: %v", what, err))
		}
	}
	if on.github.byJobToken() && op != Unchanged {
		made.Notes = append(made.Notes, "it was made with the job's GITHUB_TOKEN, so its checks do not start by themselves: give `infra-token`, or `app-id` and `app-private-key`, or let people approve them")
	}
	rest := g.o.Client.REST()
	if issue, ok := lacking(p, pull); ok {
		_, _, err := rest.Issues.Edit(ctx, g.owner, g.name, pull.Number, issue)
		note("labels and assignees were not set", err)
	}
	if request, ok := unasked(p, pull); ok {
		_, _, err := rest.PullRequests.RequestReviewers(ctx, g.owner, g.name, pull.Number, request)
		note("reviewers were not asked", err)
	}
	if p.AutoMerge != "" && (op != Unchanged || pull.AutoMergeRequest == nil) {
		g.autoMerge(ctx, p, pull, made)
	}
	return made, ctx.Err()
}

// lacking is what makes the labels and assignees complete; what people have added stays.
func lacking(p Proposal, pull *pullAnswer) (*gogithub.IssueRequest, bool) {
	var labels, assignees []string
	for _, l := range pull.Labels.Nodes {
		labels = append(labels, l.Name)
	}
	for _, a := range pull.Assignees.Nodes {
		assignees = append(assignees, a.Login)
	}
	allLabels, moreLabels := union(labels, p.Labels)
	allAssignees, moreAssignees := union(assignees, p.Assignees)
	request := &gogithub.IssueRequest{}
	if moreLabels {
		request.Labels = &allLabels
	}
	if moreAssignees {
		request.Assignees = &allAssignees
	}
	return request, moreLabels || moreAssignees
}

// unasked are the reviewers who were neither asked nor have answered.
func unasked(p Proposal, pull *pullAnswer) (gogithub.ReviewersRequest, bool) {
	var logins, teams []string
	for _, r := range pull.ReviewRequests.Nodes {
		logins, teams = append(logins, r.RequestedReviewer.Login), append(teams, r.RequestedReviewer.Slug)
	}
	for _, r := range pull.LatestReviews.Nodes {
		logins = append(logins, r.Author.Login)
	}
	request := gogithub.ReviewersRequest{Reviewers: without(p.Reviewers, logins), TeamReviewers: without(p.TeamReviewers, teams)}
	return request, len(request.Reviewers)+len(request.TeamReviewers) > 0
}

// union is what is there with what is wanted, and whether that is more. Names of
// GitHub do not tell upper from lower case.
func union(there, wanted []string) ([]string, bool) {
	more := without(wanted, there)
	return append(there, more...), len(more) > 0
}

func without(all, some []string) (rest []string) {
	for _, name := range all {
		if !slices.ContainsFunc(some, func(other string) bool { return strings.EqualFold(other, name) }) {
			rest = append(rest, name)
		}
	}
	return rest
}
