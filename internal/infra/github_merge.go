package infra

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/github"
)

const (
	autoMergeMutation = `mutation($merge: EnablePullRequestAutoMergeInput!) { enablePullRequestAutoMerge(input: $merge) { clientMutationId } }
`
	mergeMutation = `mutation($merge: MergePullRequestInput!) { mergePullRequest(input: $merge) { pullRequest { baseRefName mergeCommit { oid } } } }
`
	closeMutation = `mutation($comment: AddCommentInput!, $pull: UpdatePullRequestInput!) {
  addComment(input: $comment) { clientMutationId }
  updatePullRequest(input: $pull) { clientMutationId }
}
`
)

// autoMerge lets GitHub merge once it may. Where it may already, there is nothing
// to wait for, and GitHub refuses to: then it is merged.
func (g *GitHub) autoMerge(ctx context.Context, p Proposal, pull *pullAnswer, written *Written) {
	made := written.PullRequest
	input := map[string]any{"pullRequestId": pull.ID, "mergeMethod": strings.ToUpper(string(p.AutoMerge)), "expectedHeadOid": pull.HeadRefOID}
	err := g.o.Client.Mutate(ctx, autoMergeMutation, map[string]any{"merge": input}, nil)
	if err != nil && strings.Contains(err.Error(), "is in clean status") {
		var answer struct {
			MergePullRequest struct {
				PullRequest struct {
					BaseRefName string
					MergeCommit struct{ OID string }
				}
			}
		}
		if err = g.o.Client.Mutate(ctx, mergeMutation, map[string]any{"merge": input}, &answer); err == nil {
			merged := answer.MergePullRequest.PullRequest
			made.Operation = Merged
			written.Branch, written.Commit = merged.BaseRefName, merged.MergeCommit.OID
			made.Notes = append(made.Notes, "it was merged at once, since the branch requires nothing to wait for")
			return
		}
	}
	if err = github.Explain(err); err != nil {
		made.Notes = append(made.Notes, "it is not merged automatically: "+err.Error())
	}
}

// withdraw takes back a proposal that has nothing to propose any more. Its branch
// goes first, if it still holds what was read: a newer proposal that somebody made
// meanwhile stays. GitHub closes the pull request with it; then it gets a note, and
// loses its mark. What is somebody's
// work, as foreign says, is none of ours to take back.
func (g *GitHub) withdraw(ctx context.Context, on *Snapshot, p Proposal, there standing, key string, foreign error) (Written, error) {
	written := Written{Commit: on.Head, Branch: on.Branch}
	if foreign != nil {
		return written, nil
	}
	if there.tip != nil {
		err := g.moveRefs(ctx, on, refUpdate{Name: "refs/heads/" + p.Branch, Before: there.tip.OID, After: noCommit, Force: true})
		switch {
		case saidNo(err, github.Stale, github.Lost, github.Missing):
			return Written{}, fmt.Errorf("branch %s: %w", p.Branch, ErrStale)
		case err != nil:
			return Written{}, g.explain(err, on.github.viewer)
		}
	}
	pull := there.open
	if pull == nil {
		pull = on.github.repo.halfClosed(key)
	}
	if pull == nil {
		return written, nil
	}
	err := g.o.Client.Mutate(ctx, closeMutation, map[string]any{
		"comment": map[string]any{"subjectId": pull.ID, "body": "Branch `" + on.Branch + "` holds all that this proposed, so there is nothing to merge any more."},
		"pull":    map[string]any{"pullRequestId": pull.ID, "body": unmarked(pull.Body), "state": "CLOSED"},
	}, nil)
	if err != nil {
		return Written{}, g.explain(err, on.github.viewer)
	}
	written.PullRequest = &PullRequest{Number: pull.Number, URL: pull.URL, Operation: Closed}
	return written, nil
}

// halfClosed is the newest pull request where it was closed for a key that it still
// bears although the branch has it: by GitHub, together with its branch, in a run that
// did not come to the note.
func (r *repositoryAnswer) halfClosed(key string) *pullAnswer {
	for i, pull := range r.Done.Nodes {
		if pull.IsCrossRepository {
			continue
		}
		if was, _ := readMark(pull.Body); pull.State == "CLOSED" && key != "" && was == key {
			return &r.Done.Nodes[i]
		}
		return nil
	}
	return nil
}

// left is the error of a clean-up. That a ref has gone or moved meanwhile is none.
func (g *GitHub) left(err error, on *Snapshot) error {
	if err == nil || saidNo(err, github.Missing, github.Stale) {
		return nil
	}
	return g.explain(err, on.github.viewer)
}
