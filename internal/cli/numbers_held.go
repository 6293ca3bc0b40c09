package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/version"
)

// existing are the versions of a series that registries hold, as the series writes
// them. Where one does not say whether there is such a repository, the push will:
// it overwrites no version.
func (a *app) existing(ctx context.Context, series version.Series, by claimant) ([]ref.Tag, error) {
	lists := make([][]ref.Tag, len(by.images))
	failed := make([]error, len(by.images))
	group, ctx := errgroup.WithContext(ctx)
	for i, image := range by.images {
		group.Go(func() error {
			lists[i], failed[i] = by.client.Tags(ctx, image)
			if by.dry || errors.Is(failed[i], registry.ErrHidden) {
				return nil
			}
			return failed[i]
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all []ref.Tag
	for i, image := range by.images {
		switch err := failed[i]; {
		case errors.Is(err, registry.ErrHidden):
			a.Printf("the tags of %s do not count for the next number: %v", image, err)
			continue
		case err != nil:
			a.warnOfGuess(err)
			continue
		}
		members := 0
		for _, tag := range lists[i] {
			if held := heldBy(series, by.names, tag); len(held) > 0 {
				members++
				all = append(all, held...)
			}
		}
		a.Printf("%s of the series %s in %s", count(members, "tag"), series, image)
	}
	return all, nil
}

// warnOfGuess says that a dry run has not seen all that a claim will.
func (a *app) warnOfGuess(err error) {
	for _, f := range fault.All(err) {
		a.Warn(fault.New(f.Code, f.Hint, fmt.Errorf("the number that is claimed may be another one: %w", f)))
	}
}

// heldBy are the versions of a series that a tag may stand for: with the v that the
// series has, whether the tag has one or not, and without what stands around it in
// the names of this run.
func heldBy(series version.Series, names []string, tag ref.Tag) (all []ref.Tag) {
	bare := strings.TrimPrefix(series.String(), "v") + "."
	for _, name := range append([]string{"v" + bare + "N", bare + "N"}, names...) {
		before, after, ok := strings.Cut(name, bare+"N")
		text, begins := strings.CutPrefix(string(tag), before+bare)
		text, ends := strings.CutSuffix(text, after)
		if held := ref.Tag(series.String() + "." + text); ok && begins && ends && !slices.Contains(all, held) {
			all = append(all, held)
		}
	}
	return all
}

// errPushed says that a number cannot be given back, since it names an image.
var errPushed = errors.New("an image has this version")

// free gives a number back, where no registry has an image under it, however it is
// written.
func (n *numbers) free(ctx context.Context, by claimant, tag ref.Tag) (freed bool, err error) {
	for _, held := range n.request.Existing { // v0.0.7-alpine, of a run with other rules
		if held == tag || strings.HasPrefix(string(held), string(tag)+"-") {
			return false, errPushed
		}
	}
	bare := strings.TrimPrefix(n.request.Series.String(), "v") + "."
	number := strings.TrimPrefix(strings.TrimPrefix(string(tag), "v"), bare)
	names := []ref.Tag{"v" + ref.Tag(bare+number), ref.Tag(bare + number)}
	for _, name := range by.names {
		if before, after, ok := strings.Cut(name, bare+"N"); ok {
			names = append(names, ref.Tag(before+bare+number+after))
		}
	}
	slices.Sort(names)
	for _, image := range by.images {
		for _, name := range slices.Compact(names) {
			there, err := by.client.Exists(ctx, ref.Image{Repository: image, Tag: name})
			if err != nil {
				return false, err
			}
			if there {
				return false, errPushed
			}
		}
	}
	return version.Free(ctx, n.store, n.request, tag)
}
