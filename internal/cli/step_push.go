package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// push sends the image to every registry.
func (j *job) push(ctx context.Context) (string, error) {
	p := j.state.Plan
	switch {
	case !p.Push.Do:
		return "", ship.Skip(p.Push.Reason)
	case j.state.DryRun:
		return "", ship.Skip("dry run")
	}
	if err := j.stillClaimed(ctx); err != nil {
		return "", err
	}
	fresh, sent, err := j.pushTags(ctx)
	if err != nil {
		return "", err
	}
	if fresh == 0 {
		return "", ship.Already(count(len(j.state.Pushed), "reference") + ", nothing was sent")
	}
	return fmt.Sprintf("%s, %s sent", count(fresh, "reference"), byteCount(sent)), nil
}

// pushTags sets the tags by their rules: those that follow versions last, when the
// version is in the registries and was handed on.
func (j *job) pushTags(ctx context.Context) (fresh int, sent int64, err error) {
	request := registry.PushRequest{Layout: j.layout, From: j.from, Digest: j.state.Digest, Repositories: j.state.Plan.Images}
	var following []plan.Tag
	for _, t := range j.state.Tags {
		if t.Follows != "" {
			following = append(following, t)
			continue
		}
		request.Tags = append(request.Tags, registry.Tag{Name: t.Name, Rule: tagRule(t)})
	}
	note := func(pushed []registry.Pushed) {
		for _, one := range pushed {
			already := one.Status != registry.StatusPushed
			if !already {
				fresh++
			}
			sent += one.Sent
			j.state.Pushed = append(j.state.Pushed, ship.Pushed{Image: one.Image(), Already: already})
			j.Printf("%s %s", one.Status, one.Image())
		}
	}
	if len(request.Tags) > 0 {
		pushed, err := j.registry.Push(ctx, request)
		if note(pushed); err != nil {
			return fresh, sent, err
		}
		if err := j.shown(ctx); err != nil {
			return fresh, sent, err
		}
		j.handOn()
	}
	forward, err := j.pushForward(ctx, j.registry, request, following)
	if note(forward); err != nil {
		return fresh, sent, err
	}
	if j.state.Tags = thatMoved(j.state.Tags, forward); len(request.Tags) == 0 {
		err = j.shown(ctx)
	}
	if err == nil {
		j.handOn()
		j.holds()
	}
	return fresh, sent, err
}

// handOn makes the reference of what is deployed that of this run.
func (j *job) handOn() {
	j.state.Ref = ref.Image{}
	if image, ok := j.state.Deploy(); ok {
		j.state.Ref = manifest.Pin(j.in.Pin).Of(image)
	}
}

// holds takes for the image of this run what the first repository has under the tag
// that is deployed: a commit may have been built before with another outcome, and its
// tag stays there.
func (j *job) holds() {
	image, ok := j.state.Deploy()
	if !ok || !slices.ContainsFunc(j.state.Tags, func(t plan.Tag) bool { return t.Name == image.Tag && tagRule(t) == registry.First }) {
		return
	}
	if built := j.state.Digest; built != image.Digest {
		j.Printf("%s stays on the image that had it first: %s is handed on, and not %s", image.Tag, image.Digest.Short(), built.Short())
	}
	j.state.Digest = image.Digest
	for _, p := range j.state.Pushed {
		if p.Image.Tag == image.Tag && p.Image.Digest != image.Digest {
			j.warner(j.state)(fault.Newf("E_TAG_DIFFERS", "remove the tag where the image is the wrong one, and copy the right one there with promote; a `version` is one image everywhere",
				"%s:%s is %s, and %s:%s is %s, which is handed on", p.Image.Repository, p.Image.Tag, p.Image.Digest, image.Repository, image.Tag, image.Digest))
		}
	}
}

// tagRule is what a tag's kind means for a registry. A version means one image. A
// commit can be built twice with another outcome, when the base of its pull
// request has moved: the first keeps the name.
func tagRule(t plan.Tag) registry.Rule {
	switch {
	case !t.Immutable:
		return registry.Moves
	case t.Kind == "sha":
		return registry.First
	}
	return registry.Fixed
}

// byteCount is a size for people.
func byteCount(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
