package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
)

// checkTargets asks the registries whether they would take the image, and those that
// would, whether the tags which never move are free there: once it is known what this
// run brings, judge holds it against what such a tag has. All that is wrong anywhere
// is told.
func (j *job) checkTargets(ctx context.Context, known <-chan struct{}, judge func(context.Context, ref.Image) error) (string, error) {
	var tags []plan.Tag
	var looking sync.WaitGroup
	looking.Go(func() { tags = j.knownTags(ctx) })
	open, told, err := j.checkRegistries(ctx)
	looking.Wait()
	<-known
	taken := eachOf(fixedAt(tags, open), func(image ref.Image) error { return judge(ctx, image) })
	if err := errors.Join(err, taken); err != nil {
		return "", err
	}
	return told, nil
}

// knownTags are the tags of the run as far as they can be known before it claims a
// number. In a registry a number is found by many requests, which are left to the
// claim.
func (j *job) knownTags(ctx context.Context) []plan.Tag {
	if j.in.Claim == claimInRegistry || j.in.Suffix != "" {
		return j.state.Plan.Tags
	}
	return j.numberedTags(ctx)
}

// fixedAt are the references, in some repositories, that never move.
func fixedAt(tags []plan.Tag, at []ref.Repository) (all []ref.Image) {
	for _, tag := range tags {
		for _, repository := range at {
			if tag.Name != "" && tagRule(tag) == registry.Fixed {
				all = append(all, ref.Image{Repository: repository, Tag: tag.Name})
			}
		}
	}
	return all
}

// ofAnother fails where a tag holds an image of another commit: what is built would be
// refused. That it cannot be read is left to the push.
func (j *job) ofAnother(ctx context.Context, image ref.Image) error {
	found, err := j.registry.Revision(ctx, image)
	if err != nil || j.in.Suffix != "" || j.ofThisCommit(found) {
		return nil
	}
	said := fmt.Sprintf("was built from commit %.12s", found.Commit)
	if found.Commit == "" {
		if j.state.Plan.Build.Labels[registry.RevisionKey] == "" { // neither says so: they may be the same
			return nil
		}
		said = "does not say what it was built from"
	}
	return fault.New("E_TAG_TAKEN", "a version is never overwritten: release another one, or remove the wrong tag from the registry",
		fmt.Errorf("%s is %s, which %s, and is not the image of commit %.12s", image, found.Digest.Short(), said, j.state.Plan.Commit.SHA))
}

// isAnother fails where a tag holds another image than the one that is pushed.
func (j *job) isAnother(ctx context.Context, image ref.Image) error {
	digest, err := j.registry.Resolve(ctx, image)
	if err != nil || j.state.Digest == "" || digest == j.state.Digest {
		return nil
	}
	return fault.New("E_TAG_TAKEN", "a version is never overwritten: push this image as another one, or remove the wrong tag from the registry",
		fmt.Errorf("%s is %s and cannot become %s", image, digest, j.state.Digest))
}
