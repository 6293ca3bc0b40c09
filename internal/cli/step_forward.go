package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
)

// pushForward sets the tags that follow versions, such as latest and 1.2, once the
// version itself is pushed: in each repository those that no newer version of
// there keeps where they are.
func (a *app) pushForward(ctx context.Context, client *registry.Client, request registry.PushRequest, tags []plan.Tag) (all []registry.Pushed, err error) {
	if len(tags) == 0 {
		return nil, nil
	}
	for _, repository := range request.Repositories {
		existing, err := client.Tags(ctx, repository)
		if err != nil {
			return all, unlisted(repository, err)
		}
		one := request
		one.Repositories, one.Tags = []ref.Repository{repository}, nil
		var moved []plan.Tag
		for _, t := range tags {
			if by := t.Outdone(existing); by != "" {
				a.Printf("%s:%s stays where it is: %s is newer", repository, t.Name, by)
				continue
			}
			moved = append(moved, t)
			one.Tags = append(one.Tags, registry.Tag{Name: t.Name, Rule: tagRule(t)})
		}
		if len(moved) == 0 {
			continue
		}
		pushed, err := client.Push(ctx, one)
		all = append(all, pushed...)
		if err == nil {
			err = a.overtaken(ctx, client, repository, moved, all)
		}
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// thatMoved are the tags without those that follow versions and moved nowhere: they
// are no tags of this run.
func thatMoved(tags []plan.Tag, pushed []registry.Pushed) []plan.Tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t plan.Tag) bool {
		return t.Follows != "" && !slices.ContainsFunc(pushed, func(p registry.Pushed) bool { return p.Tag == t.Name })
	})
}

// unlisted says of a refused list what is there already, and what to do about the
// rest: which version is newest can be told from all of them alone.
func unlisted(repository ref.Repository, err error) error {
	if !fault.Is(err, "E_PULL_DENIED") && !errors.Is(err, registry.ErrHidden) {
		return err
	}
	return fault.New("E_PULL_DENIED",
		"let this login list the tags of "+repository.String()+", or leave tags such as latest and 1.2 out of `tags`: they move to newer versions only",
		fmt.Errorf("the tags that follow versions are not set, all others are: %w", err))
}

// overtaken moves tags on to a newer version that another run has pushed between
// the look at the versions and the write: that run may have set them before.
func (a *app) overtaken(ctx context.Context, client *registry.Client, repository ref.Repository, tags []plan.Tag, pushed []registry.Pushed) error {
	existing, err := client.Tags(ctx, repository)
	if err != nil {
		return unlisted(repository, err)
	}
	for _, t := range tags {
		by := t.Outdone(existing)
		if by == "" {
			continue
		}
		a.Printf("%s:%s goes on to %s, which is newer", repository, t.Name, by)
		now, err := client.Push(ctx, registry.PushRequest{
			From: ref.Image{Repository: repository, Tag: by}, Repositories: []ref.Repository{repository},
			Tags: []registry.Tag{{Name: t.Name, Rule: registry.Moves}},
		})
		if err != nil {
			return err
		}
		i := slices.IndexFunc(pushed, func(p registry.Pushed) bool { return p.Repository == repository && p.Tag == t.Name })
		if i >= 0 && len(now) == 1 {
			pushed[i] = now[0]
		}
	}
	return nil
}
