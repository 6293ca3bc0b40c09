package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// find settles which image it is, by its digest, and looks at all that would stop
// the run later.
func (r *promoting) find(ctx context.Context) (string, error) {
	image, err := r.in.source()
	if err != nil {
		return "", usage(err)
	}
	targets, err := repositories(r.in.Images)
	if err != nil {
		return "", usage(err)
	}
	if len(r.in.FromEnvironment) > 0 {
		of := image.Repository
		if of == (ref.Repository{}) {
			of = targets[0]
		}
		if image, err = r.fromEnvironment(ctx, of); err != nil {
			return "", err
		}
		r.copied, r.pinned = len(r.in.To) == 0, image.Digest != ""
	}
	if len(targets) == 0 {
		targets = []ref.Repository{image.Repository}
	}
	if image.Digest, err = r.client.Resolve(ctx, image); err != nil {
		return "", err
	}
	r.image = image
	r.settle(targets)
	requiredErr := error(nil)
	if len(r.in.Require) > 0 {
		requiredErr = r.required(ctx, unique(append([]ref.Repository{image.Repository}, targets...)))
	}
	if err := errors.Join(requiredErr, r.tryBump(ctx)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is %s", r.named(), image.Digest), nil
}

func unique(all []ref.Repository) []ref.Repository {
	var once []ref.Repository
	for _, one := range all {
		if !slices.Contains(once, one) {
			once = append(once, one)
		}
	}
	return once
}

// settle makes the plan of what was found.
func (r *promoting) settle(targets []ref.Repository) {
	var names []ref.Tag
	for _, name := range r.in.To {
		names = append(names, ref.Tag(name)) // mistakes told that it is one
	}
	elsewhere := slices.ContainsFunc(targets, func(t ref.Repository) bool { return t != r.image.Repository })
	if len(names) == 0 && elsewhere && r.image.Tag != "" {
		names = []ref.Tag{r.image.Tag}
	}
	s := r.state
	s.Tags, s.Digest = promotedTags(names, r.image.Tag), r.image.Digest
	s.Plan.Images, s.Plan.Push, s.Plan.Tags = targets, plan.Step{Do: len(names) > 0 || elsewhere}, s.Tags
}

// value is what files will name, and how it is pinned: of a value that is copied,
// with all that stands in the environment that it comes from.
func (r *promoting) value() (image ref.Image, pin manifest.Pin) {
	image, ok := r.state.Deploy()
	if !ok {
		image = r.image
		image.Repository = r.state.Plan.Images[0]
	}
	pin = manifest.Pin(r.in.Pin)
	switch {
	case image.Tag == "":
		pin = manifest.PinDigest
	case r.copied && r.pinned:
		pin = manifest.PinBoth
	}
	return image, pin
}

// tryBump opens the infra repository and tries the edit, before anything is written.
func (r *promoting) tryBump(ctx context.Context) error {
	if !r.in.bumps() {
		return nil
	}
	reference := r.reference()
	if err := reference.Permits(reference.image.Tag); err != nil {
		return err
	}
	var err error
	if r.repo, err = r.openInfra(ctx, reference.Bump, r.access); err != nil {
		return err
	}
	read, err := r.repo.Read(ctx)
	if err != nil {
		return err
	}
	_, _, err = r.decide(read, reference, 1)
	return err
}

func (r *promoting) reference() reference {
	image, pin := r.value()
	p := r.in.bump(string(pin))
	p.Image = image.Repository.String()
	to := r.app.reference(p, image, r.in.infraInputs)
	to.dry = r.in.DryRun
	return to
}

// copy brings the image to where it goes, and sets its tags.
func (r *promoting) copy(ctx context.Context) (string, error) {
	if !r.state.Plan.Push.Do {
		return "", ship.Skip("it gets no tag, and goes nowhere else")
	}
	request := registry.PromoteRequest{From: r.image, Repositories: r.state.Plan.Images, Dry: r.in.DryRun}
	var following []plan.Tag
	for _, t := range r.state.Tags {
		if t.Follows != "" {
			following = append(following, t)
			continue
		}
		request.Tags = append(request.Tags, registry.Tag{Name: t.Name, Rule: tagRule(t)})
	}
	pushed, err := r.client.Promote(ctx, request)
	if err == nil && !r.in.DryRun {
		j := &job{app: r.app, state: r.state, registry: r.client}
		var forward []registry.Pushed
		forward, err = j.pushForward(ctx, registry.PushRequest{From: r.image, Digest: r.image.Digest, Repositories: r.state.Plan.Images}, following)
		pushed = append(pushed, forward...)
	}
	fresh, sent := r.note(pushed)
	switch {
	case err != nil:
		return "", err
	case r.in.DryRun:
		return "", ship.Skip("dry run: " + would(pushed, following))
	}
	image, pin := r.value()
	r.state.Ref = pin.Of(image)
	if fresh == 0 {
		return "", ship.Already(count(len(pushed), "reference") + ", nothing was sent")
	}
	return fmt.Sprintf("%s, %s sent", count(fresh, "reference"), byteCount(sent)), nil
}

// note keeps what became of references.
func (r *promoting) note(pushed []registry.Pushed) (fresh int, sent int64) {
	for _, one := range pushed {
		r.Printf("%s %s", one.Status, one.Image())
		sent += one.Sent
		if one.Status == registry.StatusPending {
			continue
		}
		already := one.Status != registry.StatusPushed
		if !already {
			fresh++
		}
		r.state.Pushed = append(r.state.Pushed, ship.Pushed{Image: one.Image(), Already: already})
	}
	return fresh, sent
}

// would is what a dry run would have written.
func would(pushed []registry.Pushed, following []plan.Tag) string {
	var all []string
	for _, one := range pushed {
		if one.Status == registry.StatusPending {
			image := one.Image()
			if image.Tag != "" {
				image.Digest = ""
			}
			all = append(all, image.String())
		}
	}
	for _, t := range following {
		all = append(all, fmt.Sprintf("%s where no newer version is", t.Name))
	}
	return cmp.Or(strings.Join(all, ", "), "all is so already")
}

// bump writes the reference into the infra repository.
func (r *promoting) bump(ctx context.Context) (string, error) {
	if !r.in.bumps() {
		return "", ship.Skip("no files are named that it is to be written into")
	}
	to := r.reference()
	if to.PullRequest != nil {
		to.source = r.sourceOf(ctx, r.client, r.image)
	}
	bumped, err := r.writeReference(ctx, r.repo, to)
	if r.state.Bump = bumped; err != nil {
		return "", err
	}
	r.state.Ref = bumped.Image
	return told(bumped, r.in.DryRun)
}
