package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/seed-96940006/tagboat/internal/build"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// prepareBuild picks the builder, which looks at the Dockerfile on the way.
func (j *job) prepareBuild(ctx context.Context) (string, error) {
	b := j.state.Plan.Build
	j.request = build.Request{
		Context: b.Context, Dockerfile: b.Dockerfile, Target: b.Target, Platform: b.Platform,
		Args: b.Args, Labels: b.Labels,
		Created: commitTime(ctx, b.Context),
		Layout:  filepath.Join(j.scratch, "layout"),
	}
	builder, reason, err := build.Pick(ctx, b.Builder, j.request, &build.Native{}, &build.Buildx{})
	j.builder = builder
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("builder %s: %s", builder.Name(), reason), nil
}

// build builds, unless a registry has this version of this commit already.
func (j *job) build(ctx context.Context) (string, error) {
	if !j.state.Plan.Build.Do {
		return "", ship.Skip(j.state.Plan.Build.Reason)
	}
	if found, ok := j.builtBefore(ctx); ok {
		j.state.Digest, j.from = found.Digest, found
		return "", ship.Already(fmt.Sprintf("%s was built from this commit: %s", found.Tag, found.Digest.Short()))
	}
	out := j.Writer()
	defer out.Close()
	j.request.Log = out
	image, err := j.builder.Build(ctx, j.request)
	if err != nil {
		return "", err
	}
	j.state.Digest, j.layout = image.Digest, image.Layout
	return fmt.Sprintf("%s, %s in %s, by %s", image.Digest, byteCount(image.Size), count(image.Layers, "layer"), j.builder.Name()), nil
}

// builtBefore looks for the version of this commit in the registries. A version
// is never built twice: not every builder gives the same digest again, and a
// version never moves. A registry that cannot be asked is no reason to stop: the
// push will say why.
func (j *job) builtBefore(ctx context.Context) (image ref.Image, ok bool) {
	p := j.state.Plan
	version, _ := plan.Deployed(j.state.Tags)
	if !p.Push.Do || version.Kind != "version" || version.Name == "" {
		return ref.Image{}, false
	}
	for _, repository := range p.Images {
		image := ref.Image{Repository: repository, Tag: version.Name}
		found, err := j.registry.Revision(ctx, image)
		if err == nil && found.Commit != "" && found.Commit == p.Build.Labels[revisionLabel] {
			image.Digest = found.Digest
			return image, true
		}
	}
	return ref.Image{}, false
}

const revisionLabel = "org.opencontainers.image.revision"

// push sends the image to every registry.
func (j *job) push(ctx context.Context) (string, error) {
	p := j.state.Plan
	switch {
	case !p.Push.Do:
		return "", ship.Skip(p.Push.Reason)
	case j.state.DryRun:
		return "", ship.Skip("dry run")
	}
	request := registry.PushRequest{Layout: j.layout, From: j.from, Digest: j.state.Digest, Repositories: p.Images}
	for _, t := range j.state.Tags {
		request.Tags = append(request.Tags, registry.Tag{Name: t.Name, Rule: tagRule(t)})
	}
	pushed, err := j.registry.Push(ctx, request)
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
	j.handOn()
	if fresh == 0 {
		return "", ship.Already(count(len(pushed), "reference") + ", nothing was sent")
	}
	return fmt.Sprintf("%s, %s sent", count(fresh, "reference"), byteCount(sent)), nil
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

// commitTime is when the checked-out commit was made: the time that the image
// carries, so that one commit gives one digest. Without a commit it is 1970.
func commitTime(ctx context.Context, folder string) time.Time {
	text, err := gitIn(folder).Run(ctx, gitCall("log", "-1", "--format=%ct"))
	if err != nil {
		return time.Time{}
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
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
