package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
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
	image, _ := j.state.Deploy()
	bumped, err := j.writeReference(ctx, j.repo, reference{
		Bump: p, image: image, onNoChange: j.in.OnNoChange, dry: j.state.DryRun, mayBeLate: true,
	})
	j.state.Bump = bumped
	if err != nil {
		return "", err
	}
	return told(bumped, j.state.DryRun)
}

// reference is what is written, and where to.
type reference struct {
	plan.Bump
	image      ref.Image // with all that is known of it; Pin says what of that is written
	onNoChange string
	dry        bool
	mayBeLate  bool // a newer version that stands there is as it should be
}

// writeReference moves every field that names the image, and says what it did.
func (a *app) writeReference(ctx context.Context, repo infra.Repo, r reference) (*ship.Bumped, error) {
	var bumped *ship.Bumped
	var edited *manifest.Result
	attempts := 0
	edit := func(on *infra.Snapshot) (infra.ChangeSet, error) {
		attempts++
		var err error
		if edited, bumped, err = a.decide(on, r, attempts); err != nil {
			return infra.ChangeSet{}, err
		}
		return infra.ChangeSet{Files: edited.Files, Message: message(bumped, a.RunURL)}, nil
	}
	log := a.Writer()
	defer log.Close()
	result, err := infra.Apply(ctx, repo, infra.Options{
		Mode: infra.Mode(r.Mode), DryRun: r.dry, Log: log,
		Proposal: infra.Proposal{Branch: proposalBranch(r.image.Repository, r.Bump)},
	}, edit)
	if err != nil {
		return nil, err
	}
	bumped.Diff, bumped.Branch, bumped.Commit, bumped.Changed = result.Diff, result.Written.Branch, result.Written.Commit, result.Written.Changed
	if len(result.Files) == 0 { // already so: the head that was read holds the reference
		bumped.Branch, bumped.Commit = result.Snapshot.Branch, result.Snapshot.Head
	}
	a.show(edited, bumped)
	for _, w := range edited.Warnings {
		bumped.Warnings = append(bumped.Warnings, w.String())
	}
	return bumped, nil
}

// show prints what an edit changes, and what it left alone.
func (a *app) show(edited *manifest.Result, bumped *ship.Bumped) {
	for _, w := range edited.Warnings {
		a.Warn(fault.New("E_LEFT_ALONE", "if it is deployed, address it with `fields`, or change it by hand", errors.New(w.Text)).At(w.File, w.Line))
	}
	for _, c := range edited.Changes {
		if c.Old != c.New {
			a.Printf("%s:%d %s: %s → %s", c.File, c.Line, c.Field, c.Old, c.New)
		}
	}
	for _, c := range bumped.Rendered {
		a.Printf("%s renders %s %s: %s → %s", c.Kustomization, c.Object, c.Field, c.Old, c.New)
	}
	for _, u := range bumped.Unverified {
		a.Printf("%s was not rendered: %s", u.Kustomization, u.Reason)
	}
	if bumped.Diff != "" {
		a.Printf("\n%s", strings.TrimSuffix(bumped.Diff, "\n"))
	}
}

// told says what a bump came to.
func told(b *ship.Bumped, dry bool) (string, error) {
	fields := fmt.Sprintf("%s in %s", b.Image, count(len(b.Changes), "field"))
	if b.Branch != "" {
		fields += fmt.Sprintf(" on branch %q", b.Branch)
	}
	switch {
	case len(b.Changes) == 0:
		return "", ship.Skip("no file names the image")
	case dry && b.Diff != "":
		return "", ship.Skip("dry run: the diff is what would be written")
	case !b.Changed:
		return "", ship.Already(fields)
	case b.Commit == "":
		return fields, nil
	}
	return fmt.Sprintf("%s, commit %.12s", fields, b.Commit), nil
}

// infraRepo is an infra repository that was opened and is to be closed.
type infraRepo interface {
	infra.Repo
	io.Closer
}

// openInfra opens the infra repository in the mode of the plan; what git needs
// for that lies in scratch.
func (a *app) openInfra(p plan.Bump, token Secret, scratch string) (infraRepo, error) {
	paths, err := scope(p)
	if err != nil {
		return nil, usage(err)
	}
	remote, err := git.Locate(p.Repository, a.ServerURL)
	if err != nil {
		return nil, usage(err)
	}
	if p.Mode == plan.ModeFiles {
		if remote.Folder() == "" {
			return nil, usage(fault.Newf("E_INFRA_FOLDER", "name a folder that exists, or use `infra-mode: commit` or `pull-request`",
				"infra-mode files edits a folder, and %s is none", remote))
		}
		return opened(infra.OpenFiles(remote.Folder(), paths))
	}
	remote.Token = string(token)
	a.Mask(remote.Secrets()...)
	return opened(infra.NewGit(infra.GitOptions{Remote: remote, Branch: p.Branch, Paths: paths, Temp: scratch, Now: a.world.Now}))
}

// opened is repo, or nil with an error: never an interface around a nil pointer,
// which whoever closes it would take for a repository.
func opened[R infraRepo](repo R, err error) (infraRepo, error) {
	if err != nil {
		return nil, err
	}
	return repo, nil
}
