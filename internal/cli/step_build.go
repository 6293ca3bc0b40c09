package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/seed-96940006/tagboat/internal/build"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/ship"
	"github.com/seed-96940006/tagboat/internal/version"
)

// prepareBuild picks the builder, which looks at the Dockerfile on the way. That
// docker is missing is no mistake where it will not be asked to build.
func (j *job) prepareBuild(ctx context.Context) (string, error) {
	b := j.state.Plan.Build
	j.request = build.Request{
		Context: b.Context, Dockerfile: b.Dockerfile, Target: b.Target, Platform: b.Platform,
		Args: b.Args, Labels: b.Labels,
		Created: commitTime(ctx, b.Context),
		Layout:  filepath.Join(j.scratch, "layout"),
	}
	native := &build.Native{Keychain: j.registries.keychain, Reach: j.registry.At}
	builder, reason, err := build.Pick(ctx, b.Builder, j.request, native, &build.Buildx{Logins: j.dockerConfig})
	j.builder = builder
	if err != nil && !onlyDockerMissing(err) {
		return "", err
	}
	if j.state.Plan.Push.Do {
		j.origin = j.findOrigin(ctx, j.request, builder.Name())
		j.origin.record(&j.request)
	}
	if err != nil {
		if found, ok := j.retag(ctx); ok {
			return "no builder is needed: " + found.words, nil
		}
		if image, ok := j.builtBefore(ctx, j.numberedTags(ctx)); ok {
			return fmt.Sprintf("no builder is needed: %s was built from this commit", image.Tag), nil
		}
		return "", err
	}
	if builder.Name() == native.Name() && j.in.Preflight {
		if err := j.checkBases(ctx); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("builder %s: %s", builder.Name(), reason), nil
}

// checkBases asks for the base images, in seconds: a registry that is busy or silent
// has its time in the build.
func (j *job) checkBases(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, preflightLimit)
	defer cancel()
	return build.Native{Keychain: j.registries.keychain, Reach: j.registry.AtOnce}.CheckBases(ctx, j.request)
}

func onlyDockerMissing(err error) bool {
	for _, f := range fault.All(err) {
		if f.Code != "E_BUILDX_MISSING" {
			return false
		}
	}
	return fault.Is(err, "E_BUILDX_MISSING")
}

// build builds, unless a registry has this version of this commit already, or the
// image of the pull request is what would be built.
func (j *job) build(ctx context.Context) (string, error) {
	if !j.state.Plan.Build.Do {
		return "", ship.Skip(j.state.Plan.Build.Reason)
	}
	if found, ok := j.builtBefore(ctx, j.state.Tags); ok {
		j.state.Digest, j.from = found.Digest, found
		return "", ship.Already(fmt.Sprintf("%s was built from this commit: %s", found.Tag, found.Digest.Short()))
	}
	if found, ok := j.retag(ctx); ok {
		j.state.Digest, j.from = found.image.Digest, found.image
		return "", ship.Already(found.words)
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
func (j *job) builtBefore(ctx context.Context, tags []plan.Tag) (image ref.Image, ok bool) {
	p := j.state.Plan
	if !p.Push.Do {
		return ref.Image{}, false
	}
	for _, t := range tags {
		if t.Name == "" || !t.IsVersion() {
			continue
		}
		for _, repository := range p.Images {
			image := ref.Image{Repository: repository, Tag: t.Name}
			found, err := j.registry.Revision(ctx, image)
			if err == nil && j.ofThisCommit(found) {
				image.Digest = found.Digest
				return image, true
			}
		}
	}
	return ref.Image{}, false
}

// ofThisCommit reports whether an image under this commit's version is the image
// of this commit. One that a pull request left names the head of that, so that the
// tree, or what it was built from, says it.
func (j *job) ofThisCommit(found registry.Revision) bool {
	commit := j.state.Plan.Build.Labels[registry.RevisionKey]
	same, _ := j.origin.same(found)
	return found.Commit != "" && found.Commit == commit || found.Tree != "" && found.Tree == j.origin.tree || same
}

// numberedTags are the tags of the run before it claims: with the number that the
// commit has already, if it has one. That it cannot be asked for, the claim tells.
func (j *job) numberedTags(ctx context.Context) []plan.Tag {
	p := j.state.Plan
	if p.Claim == nil {
		return p.Tags
	}
	by := j.claimant()
	by.looks = true
	if by.images = by.images[:min(len(by.images), 1)]; j.in.Claim != claimInRegistry {
		by.images = nil // no number is claimed, so that what registries hold does not count
	}
	n, err := j.numbersOf(ctx, j.in.numberInputs, by)
	if err != nil {
		return p.Tags
	}
	got, has, err := version.Own(ctx, n.store, n.request)
	if err := errors.Join(err, n.Close()); err != nil || !has {
		return p.Tags
	}
	return p.Names(got.Tag)
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
