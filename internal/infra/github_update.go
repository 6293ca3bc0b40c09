package infra

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/github"
)

const (
	updateMutation = `mutation($refs: UpdateRefsInput!, $pull: UpdatePullRequestInput!) {
  updateRefs(input: $refs) { clientMutationId }
  updatePullRequest(input: $pull) { pullRequest { id state } }
}
`
	textMutation = `mutation($pull: UpdatePullRequestInput!) { updatePullRequest(input: $pull) { pullRequest { id state } } }
`
)

// update moves the branch of an open pull request from its old commit to a new
// one, in one step and with the text in the same request. GitHub takes the text also
// where it does not move the branch; then the text is put right again.
func (g *GitHub) update(ctx context.Context, w *work, p Proposal, there standing, d description) (Written, error) {
	pull := there.open
	if there.tip == nil { // GitHub is about to close it: its branch has gone
		return Written{}, fmt.Errorf("branch %s: %w", p.Branch, ErrStale)
	}
	old := there.tip.OID
	if _, state := readMark(pull.Body); state == d.hash+"-"+old {
		written := Written{Commit: old, Branch: p.Branch}
		return written, g.dress(ctx, w.on, p, pull, Unchanged, &written)
	}
	id, err := g.object(ctx, w)
	if err != nil {
		return Written{}, g.explain(err, w.on.github.viewer)
	}
	var answer struct {
		UpdateRefs        *struct{}
		UpdatePullRequest *textAnswer
	}
	err = g.o.Client.Mutate(ctx, updateMutation, map[string]any{
		"refs": refsInput(w.on, refUpdate{Name: "refs/heads/" + p.Branch, Before: old, After: id, Force: true}),
		"pull": textInput(pull.ID, d.title, d.marked(id)),
	}, &answer)
	moved := err
	if answer.UpdateRefs != nil {
		moved = nil // whatever became of the text
	}
	written, settled := g.settle(ctx, w, p.Branch, old, id, moved)
	switch {
	case settled != nil:
		g.mend(ctx, there, settled)
		return Written{}, settled
	case answer.UpdatePullRequest == nil: // the branch was moved, and the text was not, or that is not known
		err = g.o.Client.Mutate(ctx, textMutation, map[string]any{"pull": textInput(pull.ID, d.title, d.marked(id))}, &answer)
	}
	if answer.UpdatePullRequest != nil && answer.UpdatePullRequest.PullRequest.State != "OPEN" {
		// Somebody merged or closed it between two of our requests.
		g.text(ctx, pull.ID, pull.Title, pull.Body)
		return Written{}, fmt.Errorf("pull request #%d: %w", pull.Number, ErrStale)
	}
	pull.HeadRefOID = id
	dressed := g.dress(ctx, w.on, p, pull, Updated, &written)
	if answer.UpdatePullRequest == nil {
		written.PullRequest.Notes = append(written.PullRequest.Notes, fmt.Sprintf("its text was not updated: %v", github.Explain(err)))
	}
	return written, dressed
}

type textAnswer struct{ PullRequest struct{ State string } }

func textInput(id, title, body string) map[string]any {
	return map[string]any{"pullRequestId": id, "title": atMost(title, mostTitle), "body": body}
}

// text sets the text of a pull request. That it cannot is told and no more: it is
// a repair.
func (g *GitHub) text(ctx context.Context, id, title, body string) {
	if err := g.o.Client.Mutate(ctx, textMutation, map[string]any{"pull": textInput(id, title, body)}, nil); err != nil {
		fmt.Fprintf(g.o.Log, "the text of the pull request may be of another commit: %s\n", firstLine(err.Error()))
	}
}

// mend puts the text of a pull request right after its branch was not moved by this
// run: people must not approve one version, or look for it later, under the name of
// another one.
func (g *GitHub) mend(ctx context.Context, there standing, why error) {
	if saidNo(why, github.Unreachable, github.Limited) { // nothing was done at all
		return
	}
	s, err := g.ask(ctx, nil)
	if err != nil {
		return
	}
	all := slices.Concat(s.repo.Open.Nodes, s.repo.Done.Nodes)
	i := slices.IndexFunc(all, func(pull pullAnswer) bool { return pull.ID == there.open.ID })
	if i < 0 || all[i].Body == there.open.Body {
		return
	}
	pull := all[i]
	_, state := readMark(pull.Body)
	switch {
	case strings.HasSuffix(state, "-"+pull.HeadRefOID): // it is of what stands there
	case pull.HeadRefOID == there.open.HeadRefOID:
		g.text(ctx, pull.ID, there.open.Title, there.open.Body)
	case s.repo.Proposal != nil && pull.HeadRefOID == s.repo.Proposal.Target.OID && trailer.MatchString(s.repo.Proposal.Target.Message):
		d := describe(s.repo.Proposal.Target.Message, "") // another run's, whose own text is lost
		g.text(ctx, pull.ID, d.title, d.marked(pull.HeadRefOID))
	}
}
