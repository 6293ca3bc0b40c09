package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
		if r.image, err = r.fromEnvironment(ctx, of); err != nil {
			return "", err
		}
	} else {
		r.image = image
		if r.image.Digest, err = resolveBoth(ctx, r.resolver(), image); err != nil {
			return "", err
		}
	}
	r.state.Found = r.image
	r.settle(targets)
	if err := r.tryAll(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is %s", r.named(), r.image.Digest), nil
}

// fromEnvironment is the one image that the environment runs. Where its files name
// a tag and a digest, the digest is what runs, wherever the tag points by now.
func (r *promoting) fromEnvironment(ctx context.Context, of ref.Repository) (image ref.Image, err error) {
	if r.demo, err = r.openEnvironment(ctx, r.in.FromEnvironment, of); err != nil {
		return image, err
	}
	found, _, err := r.running(ctx, r.demo)
	if err != nil {
		return image, err
	}
	one, err := r.demo.only(found)
	if err != nil {
		return image, err
	}
	r.Printf("%s runs %s", where(one), one.image)
	r.demo.ran, image, r.state.FoundIn = one.image, one.image, where(one)
	image.Digest, err = r.resolver()(ctx, image)
	return image, lost("from-environment", "push the image again", err)
}

// resolver takes the manifest along where the image goes somewhere.
func (r *promoting) resolver() resolver {
	if len(r.in.To) == 0 && len(r.in.Images) == 0 {
		return r.by.client.Resolve
	}
	return r.by.client.Fetch
}

// settle makes the plan of what was found. The tag that the image has is given in
// other repositories alone: in its own it may point elsewhere by now.
func (r *promoting) settle(targets []ref.Repository) {
	if len(targets) == 0 {
		targets = []ref.Repository{r.image.Repository}
	}
	r.first = targets[0]
	var names []ref.Tag
	for _, name := range r.in.To {
		names = append(names, ref.Tag(name)) // mistakes told that it is one
	}
	if len(names) == 0 {
		targets = slices.DeleteFunc(targets, func(t ref.Repository) bool { return t == r.image.Repository })
		if len(targets) > 0 && r.image.Tag != "" {
			names = []ref.Tag{r.image.Tag}
		}
	}
	s := r.state
	s.Tags, s.Digest = promotedTags(names, r.image.Tag), r.image.Digest
	s.Plan.Images, s.Plan.Push, s.Plan.Tags = targets, plan.Step{Do: len(targets) > 0}, s.Tags
	r.gets = r.deployed(s.Tags)
}

// deployed is what files name, where the first repository holds the image under
// these of the tags that it was to get; empty where it holds none of them.
func (r *promoting) deployed(set []plan.Tag) ref.Image {
	image := r.image
	image.Repository = r.first
	if len(r.state.Tags) == 0 || !slices.Contains(r.state.Plan.Images, r.first) {
		return image // under the tag that it has there, or under none
	}
	tag, ok := plan.Deployed(set)
	if image.Tag = tag.Name; !ok {
		return ref.Image{}
	}
	return image
}

// tryAll looks at what else would stop the run, before anything is written: what has
// to run somewhere, and the files.
func (r *promoting) tryAll(ctx context.Context) (err error) {
	var required error
	if len(r.in.Require) > 0 {
		of := append([]ref.Repository{r.image.Repository, r.first}, r.state.Plan.Images...)
		if r.must, err = r.openEnvironment(ctx, r.in.Require, of...); err != nil {
			return err
		}
		found, _, err := r.running(ctx, r.must)
		if err != nil {
			return err
		}
		if required = r.required(ctx, found); required == nil {
			r.Printf("%s runs %s, too", listed(found), r.image.Digest.Short())
		}
	}
	return errors.Join(required, r.tryPush(ctx), r.tryBump(ctx))
}

// tryPush asks several registries whether they would take the image: one that refuses
// must not be found out after another has the version. A single one says so itself,
// before anything of it is set.
func (r *promoting) tryPush(ctx context.Context) error {
	if r.in.DryRun || len(r.state.Plan.Images) < 2 {
		return nil
	}
	all := append([]ref.Repository{r.image.Repository}, r.state.Plan.Images...)
	return eachOf(r.state.Plan.Images, func(repository ref.Repository) error { return r.by.client.MayPush(ctx, repository, all...) })
}

// copy brings the image to where it goes, and sets its tags.
func (r *promoting) copy(ctx context.Context) (string, error) {
	if !r.state.Plan.Push.Do {
		return "", ship.Skip("it gets no tag, and goes nowhere else")
	}
	request := registry.PromoteRequest{From: r.image, Repositories: r.state.Plan.Images, Dry: r.in.DryRun, Warn: r.warner(r.state)}
	var following []plan.Tag
	for _, t := range r.state.Tags {
		if t.Follows != "" {
			following = append(following, t)
			continue
		}
		request.Tags = append(request.Tags, registry.Tag{Name: t.Name, Rule: promotedRule(t)})
	}
	pushed, err := r.by.client.Promote(ctx, request)
	if err == nil && !r.in.DryRun {
		var forward []registry.Pushed
		forward, err = r.pushForward(ctx, r.by.client, registry.PushRequest{From: r.image, Digest: r.image.Digest, Repositories: r.state.Plan.Images}, following)
		pushed = append(pushed, forward...)
	}
	fresh, sent := r.note(pushed)
	switch {
	case err != nil:
		return "", err
	case r.in.DryRun:
		return "", ship.Skip("dry run: " + would(pushed, following))
	}
	r.was(pushed)
	if fresh == 0 {
		return "", ship.Already(count(len(pushed), "reference") + ", nothing was sent")
	}
	return fmt.Sprintf("%s, %s sent", count(fresh, "reference"), byteCount(sent)), nil
}

// was settles what files get by what became of the tags.
func (r *promoting) was(pushed []registry.Pushed) {
	r.gets = r.deployed(slices.DeleteFunc(slices.Clone(r.state.Tags), func(t plan.Tag) bool {
		return r.state.Holds(r.first, t.Name) != r.image.Digest
	}))
	r.state.Tags = thatMoved(r.state.Tags, pushed)
	if r.gets != (ref.Image{}) {
		r.state.Ref = r.pin().Of(r.gets)
	}
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
