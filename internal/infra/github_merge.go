package infra

import (
	"context"
	"strings"

	"github.com/seed-96940006/tagboat/internal/github"
)

const (
	autoMergeMutation = `mutation($merge: EnablePullRequestAutoMergeInput!) { enablePullRequestAutoMerge(input: $merge) { clientMutationId } }
`
	mergeMutation = `mutation($merge: MergePullRequestInput!) { mergePullRequest(input: $merge) { clientMutationId } }
`
	withdrawMutation = `mutation($comment: AddCommentInput!, $text: UpdatePullRequestInput!, $close: ClosePullRequestInput!, $refs: UpdateRefsInput!) {
  addComment(input: $comment) { clientMutationId }
  updatePullRequest(input: $text) { clientMutationId }
  closePullRequest(input: $close) { clientMutationId }
  updateRefs(input: $refs) { clientMutationId }
}
`
)

// autoMerge lets GitHub merge once it may. Where it may already, there is nothing
// to wait for, and GitHub refuses to: then it is merged.
func (g *GitHub) autoMerge(ctx context.Context, p Proposal, pull *pullAnswer, made *PullRequest) {
	input := map[string]any{"pullRequestId": pull.ID, "mergeMethod": strings.ToUpper(string(p.AutoMerge)), "expectedHeadOid": pull.HeadRefOID}
	err := g.o.Client.Mutate(ctx, autoMergeMutation, map[string]any{"merge": input}, nil)
	if err != nil && strings.Contains(err.Error(), "is in clean status") {
		if err = g.o.Client.Mutate(ctx, mergeMutation, map[string]any{"merge": input}, nil); err == nil {
			made.Operation = Merged
			return
		}
	}
	if err = github.Explain(err); err != nil {
		made.Notes = append(made.Notes, "it is not merged automatically: "+err.Error())
	}
}

// withdraw takes back a proposal that has nothing to propose any more: the pull
// request is closed with a note, and its branch goes.
func (g *GitHub) withdraw(ctx context.Context, on *Snapshot, p Proposal, there standing) (Written, error) {
	written := Written{Commit: on.Head, Branch: on.Branch}
	var gone []refUpdate
	if there.tip != nil {
		gone = append(gone, refUpdate{Name: "refs/heads/" + p.Branch, Before: there.tip.OID, After: noCommit, Force: true})
	}
	pull := there.open
	switch {
	case pull == nil && there.tip == nil:
		return written, nil
	case pull == nil:
		return written, g.left(g.moveRefs(ctx, on, gone...), on)
	}
	closed := "Branch `" + on.Branch + "` holds all that this proposed, so there is nothing to merge any more."
	err := g.o.Client.Mutate(ctx, withdrawMutation, map[string]any{
		"comment": map[string]any{"subjectId": pull.ID, "body": closed},
		"text":    map[string]any{"pullRequestId": pull.ID, "body": unmarked(pull.Body)},
		"close":   map[string]any{"pullRequestId": pull.ID},
		"refs":    refsInput(on, gone...),
	}, nil)
	if err = g.left(err, on); err != nil {
		return Written{}, err
	}
	written.PullRequest = &PullRequest{Number: pull.Number, URL: pull.URL, Operation: Closed}
	return written, nil
}

// left is the error of a clean-up. That a branch has gone or moved meanwhile is none.
func (g *GitHub) left(err error, on *Snapshot) error {
	if err == nil || saidNo(err, github.Missing, github.Stale) {
		return nil
	}
	return g.explain(err, on.github.viewer)
}
