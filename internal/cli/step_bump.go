package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// bump writes the new reference into the infra repository.
func (j *job) bump(ctx context.Context) (string, error) {
	p := j.state.Plan.Bump
	if !p.Do {
		return "", ship.Skip(p.Reason)
	}
	image, ok := j.state.Deploy()
	if !ok {
		return "", ship.Skip("the tag that would be deployed stays with a newer version")
	}
	r := j.reference(p, image, j.in.infraInputs)
	r.dry, r.mayBeLate, r.source = j.state.DryRun, true, j.source(ctx)
	bumped, err := j.writeReference(ctx, j.repo, r)
	j.state.Bump = bumped
	if err != nil {
		return "", err
	}
	j.warnOfMoving(bumped)
	return told(bumped, j.state.DryRun)
}

// reference is what is written, and where to.
type reference struct {
	plan.Bump
	image      ref.Image // with all that is known of it; Pin says what of that is written
	onNoChange string
	dry        bool
	mayBeLate  bool // a newer version that stands there is as it should be
	texts      texts
	source     source
	deadline   time.Duration // for all attempts together; 0 is that of package infra
	combine    string        // how runs that get into each other's way write together

	// guard is asked on each head that is decided on, whether what was found before
	// is still so there; nil asks nothing.
	guard func(on *infra.Snapshot) error
}

// reference is that of the inputs.
func (a *app) reference(p plan.Bump, image ref.Image, in infraInputs) reference {
	deadline, _ := in.deadline() // mistakes told that it is none
	return reference{Bump: p, image: image, onNoChange: in.OnNoChange, texts: a.texts(in), deadline: deadline, combine: in.Combine}
}

// changeSet is what one commit, or one pull request, does about it.
func (r reference) changeSet(edited *manifest.Result, b *ship.Bumped) (c infra.ChangeSet, err error) {
	c.Files, c.Key = edited.Files, b.Image.String()
	if c.Message, err = r.texts.commit(b); err != nil || r.Mode != plan.ModePullRequest {
		return c, err
	}
	c.Title, c.Body, err = r.texts.pullRequest(b, r.source)
	return c, err
}

// decision is what was decided on one head.
type decision struct {
	edited *manifest.Result
	bumped *ship.Bumped
}

// writeReference moves every field that names the image, and says what it did.
func (a *app) writeReference(ctx context.Context, repo *opened, r reference) (*ship.Bumped, error) {
	if err := repo.renew(); err != nil {
		return nil, err
	}
	var now, moved decision // moved: the last one that had something to do
	attempts := 0
	edit := func(on *infra.Snapshot) (infra.ChangeSet, error) {
		attempts++
		if r.guard != nil {
			if err := r.guard(on); err != nil {
				return infra.ChangeSet{}, err
			}
		}
		var err error
		if now.edited, now.bumped, err = a.decide(on, r, attempts); err != nil {
			return infra.ChangeSet{}, err
		}
		if now.edited.Changed() {
			moved = now
			if err := r.outdoes(ctx, repo.Repo, on, attempts); err != nil {
				return infra.ChangeSet{}, err
			}
		}
		return r.changeSet(now.edited, now.bumped)
	}
	log := a.Writer()
	defer log.Close()
	result, err := infra.Apply(ctx, repo.Repo, infra.Options{
		Mode: infra.Mode(r.Mode), DryRun: r.dry, Log: log, Deadline: r.deadline, Proposal: proposal(r.Bump),
		Combine: infra.Combine(r.combine), Slot: sharedSlot(r.Bump), Data: r.data(), Replay: a.replay, Secret: repo.who.secret,
	}, edit)
	if err != nil {
		return nil, err
	}
	if result.Written.Joined { // another run brought it: what it was, and not that it is so now
		now = moved
	}
	now.bumped.Page = repo.page
	bumped := a.wrote(now, result)
	if r.dry && len(result.Files) > 0 {
		bumped.Branch, bumped.Would, err = r.intends(ctx, repo, result.Snapshot)
	}
	return bumped, err
}

// intends is what a dry run would have done with its edit: on which branch, and what
// would become of the pull request.
func (r reference) intends(ctx context.Context, repo *opened, on *infra.Snapshot) (branch, would string, err error) {
	if r.Mode != plan.ModePullRequest {
		return on.Branch, "", nil
	}
	branch = proposalBranch(r.Bump)
	known, ok := repo.Repo.(proposals)
	if !ok || !repo.api {
		return branch, "its pull request is opened by hand", nil
	}
	message, err := known.Standing(ctx, on, branch)
	switch {
	case err != nil:
		return "", "", err
	case message == "":
		return branch, fmt.Sprintf("a pull request into %q would be opened", on.Branch), nil
	case proposedTag(message, slotOf(r.Bump), r.image.Repository) == r.image.Tag:
		return branch, fmt.Sprintf("its pull request into %q proposes it already", on.Branch), nil
	}
	return branch, fmt.Sprintf("its pull request into %q would be updated", on.Branch), nil
}

// wrote shows and keeps what a write left behind.
func (a *app) wrote(d decision, result *infra.Result) *ship.Bumped {
	b, w := d.bumped, result.Written
	b.Base, b.Diff, b.Branch, b.Commit, b.Changed, b.PullRequest = result.Snapshot.Branch, result.Diff, w.Branch, w.Commit, w.Changed, pullRequestOf(w)
	switch {
	case len(b.Changes) == 0: // no file names the image, so that none holds the reference
		b.Branch, b.Commit = "", ""
	case len(result.Files) == 0: // already so: the head that was read holds it
		b.Branch, b.Commit = result.Snapshot.Branch, result.Snapshot.Head
	}
	a.show(d.edited, b)
	for _, warning := range d.edited.Warnings {
		b.Warnings = append(b.Warnings, warning.String())
	}
	return b
}

// pullRequestOf is the one that a write left behind, or nil.
func pullRequestOf(w infra.Written) *ship.PullRequest {
	if w.PullRequest == nil {
		return nil
	}
	pr := w.PullRequest
	return &ship.PullRequest{Number: pr.Number, URL: pr.URL, Operation: string(pr.Operation), Notes: pr.Notes}
}
