package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed-96940006/tagboat/internal/ecr"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
)

// preflightLimit is how long registries may take to say whether they are there: an
// answer takes milliseconds, and a wait that a busy one asks for less than this.
const preflightLimit = 2 * time.Minute

// checkRegistries asks every registry whether this run may push to it; where
// `preflight` is off, and in a dry run, only whether it answers and takes the login.
// Those that said yes are open. A repository that is missing is made where that is
// asked for.
func (j *job) checkRegistries(ctx context.Context) (open []ref.Repository, told string, err error) {
	silent := fault.Newf("E_REGISTRY_UNREACHABLE", "see whether the registry, and what stands before it, is in trouble", "no answer within %s", preflightLimit)
	ctx, cancel := context.WithTimeoutCause(ctx, preflightLimit, silent)
	defer cancel()
	images := j.state.Plan.Images
	ask, told := j.answers, ""
	if j.in.Preflight && !j.state.DryRun {
		ask, told = j.mayPush, count(len(images), "repository")+" may be pushed to"
	}
	errs := atOnce(images, func(repository ref.Repository) error {
		if err := ask(ctx, repository); err != nil {
			return err
		}
		return j.mayList(ctx, repository)
	})
	for i, repository := range images {
		switch {
		case errs[i] == nil:
			open = append(open, repository)
		case j.state.DryRun && unasked(errs[i]): // what it shows is right from anywhere, and for anybody
			j.warnOfDryRun(errs[i])
			errs[i] = nil
		}
	}
	if err := errors.Join(errs...); err != nil {
		return open, "", err
	}
	return open, told, nil
}

// unasked reports whether a registry was not reached, or not with any login: there is
// none here. One that it refuses is another matter.
func unasked(err error) bool {
	return fault.Is(err, "E_REGISTRY_UNREACHABLE") || fault.Is(err, "E_ID_TOKEN") || errors.Is(err, registry.ErrNoLogin) || errors.Is(err, ecr.ErrNoCredentials)
}

// warnOfDryRun says what a run needs and a dry run can do without.
func (j *job) warnOfDryRun(err error) {
	for _, f := range fault.All(err) {
		j.Warn(fault.New(f.Code, f.Hint, fmt.Errorf("a real run from here would fail: %w", f)))
	}
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
// that may not exist yet does not count: some call that denied. What it says of the
// login does, and so does that there is none to be had.
func (j *job) answers(ctx context.Context, repository ref.Repository) error {
	if _, ok := ecr.ParseHost(repository.Domain()); ok && j.in.CreateRepository && !j.state.DryRun {
		return j.createRepository(ctx, repository)
	}
	_, err := j.registry.Exists(ctx, ref.Image{Repository: repository, Tag: "latest"})
	for _, code := range []string{"E_REGISTRY_UNREACHABLE", "E_REGISTRY_AUTH", "E_AWS_AUTH", "E_AWS_ROLE", "E_ID_TOKEN"} {
		if fault.Is(err, code) {
			return err
		}
	}
	return nil
}

// mayList sees that the login may list the tags, where the next number, or a tag that
// follows versions, will depend on them. All else that a list may meet is left to who
// needs it: there may be no such repository yet. A dry run lists them itself, and
// warns.
func (j *job) mayList(ctx context.Context, repository ref.Repository) error {
	p := j.state.Plan
	follows := slices.ContainsFunc(p.Tags, func(t plan.Tag) bool { return t.Follows != "" })
	if j.state.DryRun || p.Claim == nil && !follows {
		return nil
	}
	err := j.registry.MayList(ctx, repository)
	if !fault.Is(err, "E_PULL_DENIED") || errors.Is(err, registry.ErrHidden) {
		return nil
	}
	return err
}

// eachOf does something for all at once and joins what went wrong, in their order.
func eachOf[T any](all []T, do func(T) error) error { return errors.Join(atOnce(all, do)...) }

// atOnce does something for all at once, and gives what came of each.
func atOnce[T any](all []T, do func(T) error) []error {
	errs := make([]error, len(all))
	var group sync.WaitGroup
	for i, one := range all {
		group.Go(func() { errs[i] = do(one) })
	}
	group.Wait()
	return errs
}
