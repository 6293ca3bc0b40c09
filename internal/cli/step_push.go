package cli

import (
	"context"
	"fmt"

	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
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
	pushed, err := j.pushTags(ctx)
	fresh, sent := 0, int64(0)
	for _, one := range pushed {
		already := one.Status != registry.StatusPushed
		if !already {
			fresh++
		}
		sent += one.Sent
		j.state.Pushed = append(j.state.Pushed, ship.Pushed{Image: one.Image(), Already: already})
		j.Printf("%s %s", one.Status, one.Image())
	}
	if err != nil {
		return "", err
	}
	if err := j.shown(ctx); err != nil {
		return "", err
	}
	j.handOn()
	if fresh == 0 {
		return "", ship.Already(count(len(pushed), "reference") + ", nothing was sent")
	}
	return fmt.Sprintf("%s, %s sent", count(fresh, "reference"), byteCount(sent)), nil
}

// pushTags sets the tags by their rules: those that follow versions after them.
func (j *job) pushTags(ctx context.Context) ([]registry.Pushed, error) {
	request := registry.PushRequest{Layout: j.layout, From: j.from, Digest: j.state.Digest, Repositories: j.state.Plan.Images}
	var following []plan.Tag
	for _, t := range j.state.Tags {
		if t.Follows != "" {
			following = append(following, t)
			continue
		}
		request.Tags = append(request.Tags, registry.Tag{Name: t.Name, Rule: tagRule(t)})
	}
	var pushed []registry.Pushed
	if len(request.Tags) > 0 {
		var err error
		if pushed, err = j.registry.Push(ctx, request); err != nil {
			return pushed, err
		}
	}
	forward, err := j.pushForward(ctx, request, following)
	return append(pushed, forward...), err
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

// handOn notes the reference that is in the registries now.
func (j *job) handOn() {
	if image, ok := j.state.Deploy(); ok {
		j.state.Ref = manifest.Pin(j.in.Pin).Of(image)
	}
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
