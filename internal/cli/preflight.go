package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed-96940006/tagboat/internal/ecr"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
)

// preflightLimit is how long registries may take to say whether they are there: an
// answer takes milliseconds, and a wait that a busy one asks for less than this.
const preflightLimit = 2 * time.Minute

// checkRegistries asks every registry whether this run may push to it; where
// `preflight` is off, only whether it answers and takes the login. A repository
// that is missing is made where that is asked for.
func (j *job) checkRegistries(ctx context.Context) (string, error) {
	silent := fault.Newf("E_REGISTRY_UNREACHABLE", "see whether the registry, and what stands before it, is in trouble", "no answer within %s", preflightLimit)
	ctx, cancel := context.WithTimeoutCause(ctx, preflightLimit, silent)
	defer cancel()
	images := j.state.Plan.Images
	ask := j.mayPush
	told := count(len(images), "repository") + " may be pushed to"
	if !j.in.Preflight {
		ask, told = j.answers, ""
	}
	err := eachOf(images, func(repository ref.Repository) error { return ask(ctx, repository) })
	if err != nil {
		return "", err
	}
	return told, nil
}

// mayPush begins an upload and takes it back.
func (j *job) mayPush(ctx context.Context, repository ref.Repository) error {
	err := j.registry.MayPush(ctx, repository, j.state.Plan.Images...)
	if !fault.Is(err, "E_REPOSITORY_MISSING") || !j.in.CreateRepository {
		return err
	}
	if err := j.createRepository(ctx, repository); err != nil {
		return err
	}
	return j.registry.MayPush(ctx, repository, j.state.Plan.Images...)
}

// answers asks for something that any image has. What a registry says of an image
// that may not exist yet does not count: some call that denied.
func (j *job) answers(ctx context.Context, repository ref.Repository) error {
	if _, ok := ecr.ParseHost(repository.Domain()); ok && j.in.CreateRepository {
		return j.createRepository(ctx, repository)
	}
	_, err := j.registry.Exists(ctx, ref.Image{Repository: repository, Tag: "latest"})
	if fault.Is(err, "E_REGISTRY_UNREACHABLE") || fault.Is(err, "E_REGISTRY_AUTH") {
		return err
	}
	return nil
}

// checkTags sees that the tags which never move are free, or hold an image of this
// commit: another one would be refused after the build. That an image does not say
// what it was built from, or that it cannot be read, is left to the push.
func (j *job) checkTags(ctx context.Context) error {
	if !j.in.Preflight || j.in.Suffix != "" {
		return nil
	}
	var fixed []ref.Image
	for _, tag := range j.state.Tags {
		for _, repository := range j.state.Plan.Images {
			if tag.Name != "" && tagRule(tag) == registry.Fixed {
				fixed = append(fixed, ref.Image{Repository: repository, Tag: tag.Name})
			}
		}
	}
	return eachOf(fixed, func(image ref.Image) error {
		found, err := j.registry.Revision(ctx, image)
		if err != nil || found.Commit == "" || j.ofThisCommit(found) {
			return nil
		}
		return fault.New("E_TAG_TAKEN", "a version is never overwritten: release another one, or remove the wrong tag from the registry",
			fmt.Errorf("%s is %s, which was built from commit %.12s and not from %.12s", image, found.Digest.Short(), found.Commit, j.state.Plan.Commit.SHA))
	})
}

// eachOf does something for all at once and joins what went wrong, in their order.
func eachOf[T any](all []T, do func(T) error) error {
	errs := make([]error, len(all))
	var group sync.WaitGroup
	for i, one := range all {
		group.Go(func() { errs[i] = do(one) })
	}
	group.Wait()
	return errors.Join(errs...)
}
