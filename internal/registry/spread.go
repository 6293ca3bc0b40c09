package registry

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// parallel bounds how many repositories are asked and fed at once.
const parallel = 8

// maxSiblings bounds for how many other repositories a token is asked for.
const maxSiblings = 4

// each calls do for all targets, a bounded number at once, and waits. Targets
// keep their errors: one that fails must not cancel the others.
func each[T any](targets []T, do func(T)) {
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, t := range targets {
		group.Go(func() error {
			do(t)
			return nil
		})
	}
	group.Wait()
}

// siblings are the repositories that one can mount blobs from: the source, and
// those that the same push goes to.
func siblings(of ref.Repository, r PushRequest) []ref.Repository {
	var all []ref.Repository
	for _, image := range append([]ref.Repository{r.From.Repository}, r.Repositories...) {
		if image != of && image.Domain() == of.Domain() && !slices.Contains(all, image) && len(all) < maxSiblings {
			all = append(all, image)
		}
	}
	return all
}

// spread sends the image to all targets, registry by registry at once.
func spread(ctx context.Context, targets []*target) {
	registries := map[string][]*target{}
	var order []string
	for _, t := range targets {
		if t.err != nil {
			continue
		}
		host := t.image.Domain()
		if registries[host] == nil {
			order = append(order, host)
		}
		registries[host] = append(registries[host], t)
	}
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, host := range order {
		group.Go(func() error {
			share(ctx, registries[host])
			return nil
		})
	}
	group.Wait()
}

// share sends the image to the repositories of one registry: its blobs go to the
// first, from which the others mount them. Where one has the image already, or it
// comes from there, nobody has to be first. One that fails is followed by the next.
func share(ctx context.Context, targets []*target) {
	origin := targets[0].source.from
	if origin.Domain() != targets[0].image.Domain() {
		origin = ref.Repository{}
	}
	slices.SortStableFunc(targets, func(a, b *target) int {
		switch {
		case a.uploaded == b.uploaded:
			return 0
		case a.uploaded:
			return -1
		}
		return 1
	})
	var setting errgroup.Group
	for origin == (ref.Repository{}) && len(targets) > 0 {
		first := targets[0]
		targets = targets[1:]
		if first.err = first.upload(withMeter(ctx, first.meter), origin); first.err != nil {
			continue
		}
		if first.uploaded {
			origin = first.image
		}
		setting.Go(func() error {
			first.err = first.send(withMeter(ctx, first.meter))
			return nil
		})
	}
	each(targets, func(t *target) {
		ctx := withMeter(ctx, t.meter)
		if t.err = t.upload(ctx, origin); t.err == nil {
			t.err = t.send(ctx)
		}
	})
	setting.Wait()
}
