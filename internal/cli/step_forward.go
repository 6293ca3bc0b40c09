package cli

import (
	"context"
	"slices"

	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
)

// pushForward sets the tags that follow versions, such as latest and 1.2, once the
// version itself is pushed: in each repository those that no newer version of
// there keeps where they are.
func (j *job) pushForward(ctx context.Context, request registry.PushRequest, tags []plan.Tag) (all []registry.Pushed, err error) {
	for _, repository := range request.Repositories {
		existing, err := j.registry.Tags(ctx, repository)
		if err != nil {
			return all, err
		}
		one := request
		one.Repositories, one.Tags = []ref.Repository{repository}, nil
		var moved []plan.Tag
		for _, t := range tags {
			if by := t.Outdone(existing); by != "" {
				j.Printf("%s:%s stays where it is: %s is newer", repository, t.Name, by)
				continue
			}
			moved = append(moved, t)
			one.Tags = append(one.Tags, registry.Tag{Name: t.Name, Rule: tagRule(t)})
		}
		if len(moved) == 0 {
			continue
		}
		pushed, err := j.registry.Push(ctx, one)
		all = append(all, pushed...)
		if err == nil {
			err = j.overtaken(ctx, repository, moved, all)
		}
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// overtaken moves tags on to a newer version that another run has pushed between
// the look at the versions and the write: that run may have set them before.
func (j *job) overtaken(ctx context.Context, repository ref.Repository, tags []plan.Tag, pushed []registry.Pushed) error {
	existing, err := j.registry.Tags(ctx, repository)
	if err != nil {
		return err
	}
	for _, t := range tags {
		by := t.Outdone(existing)
		if by == "" {
			continue
		}
		j.Printf("%s:%s goes on to %s, which is newer", repository, t.Name, by)
		now, err := j.registry.Push(ctx, registry.PushRequest{
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
