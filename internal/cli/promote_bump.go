package cli

import (
	"context"

	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// pin is how files name the image: of a value that is copied, with all that stands
// in the environment that it comes from.
func (r *promoting) pin() manifest.Pin {
	switch {
	case r.gets.Tag == "":
		return manifest.PinDigest
	case len(r.in.To) == 0 && r.demo.ran.Digest != "":
		return manifest.PinBoth
	}
	return r.in.verifyInputs.pin(r.in.Pin)
}

// reference is what files get.
func (r *promoting) reference(ctx context.Context) reference {
	p := r.in.bump(string(r.pin()))
	p.Image = r.first.String()
	to := r.app.reference(p, r.gets, r.in.infraInputs)
	to.dry = r.in.DryRun
	if to.guard = r.stillRuns(ctx); to.guard != nil {
		to.combine = string(infra.CombineOff) // another run would write it without a look at the environment
	}
	return to
}

// tryBump opens the infra repository and tries the edit, before anything is written.
func (r *promoting) tryBump(ctx context.Context) error {
	if !r.in.bumps() {
		return nil
	}
	to := r.reference(ctx)
	if err := to.Permits(to.image.Tag); err != nil {
		return err
	}
	var err error
	if r.repo, err = r.openInfra(ctx, to.Bump, r.access); err != nil {
		return err
	}
	read, err := r.repo.Read(ctx)
	if err != nil {
		return err
	}
	_, _, err = r.decide(read, to, 1)
	return err
}

// bump writes the reference into the infra repository.
func (r *promoting) bump(ctx context.Context) (string, error) {
	switch {
	case !r.in.bumps():
		return "", ship.Skip("no files are named that it is to be written into")
	case r.gets == (ref.Image{}):
		return "", ship.Skip("the tag that would be deployed stays with a newer version")
	}
	to := r.reference(ctx)
	if to.PullRequest != nil {
		to.source = r.sourceOf(ctx, r.by.client, r.image)
	}
	bumped, err := r.writeReference(ctx, r.repo, to)
	if r.state.Bump = bumped; err != nil {
		return "", err
	}
	r.state.Ref = bumped.Image
	return told(bumped, r.in.DryRun)
}
