package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// runs is one image that an environment runs, and where its files say so.
type runs struct {
	image  ref.Image
	places []manifest.Reference
}

// running are the distinct images of some repositories that files of the infra
// repository name, with a tag or a digest. These files are read and never written.
func (r *promoting) running(ctx context.Context, paths []string, of []ref.Repository) (all []runs, err error) {
	p := plan.Bump{Repository: r.in.InfraRepository, Branch: r.in.InfraBranch, Paths: paths, Mode: plan.ModeCommit}
	if r.in.InfraMode == string(plan.ModeFiles) {
		p.Mode = plan.ModeFiles
	}
	by := r.access
	by.dry = true // nothing more than to read is asked for
	repo, err := r.openInfra(ctx, p, by)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, repo.Close()) }()
	read, err := repo.Read(ctx)
	if err != nil {
		return nil, err
	}
	found, unread, err := manifest.List(read.Files)
	for _, w := range unread {
		r.Printf("%s", w)
	}
	for _, one := range found {
		if slices.Contains(of, one.Image.Repository) && (one.Image.Tag != "" || one.Image.Digest != "") {
			all = note(all, one)
		}
	}
	return all, err
}

func note(all []runs, one manifest.Reference) []runs {
	i := slices.IndexFunc(all, func(r runs) bool { return r.image == one.Image })
	if i < 0 {
		return append(all, runs{one.Image, []manifest.Reference{one}})
	}
	all[i].places = append(all[i].places, one)
	return all
}

// fromEnvironment is the one image that the environment runs.
func (r *promoting) fromEnvironment(ctx context.Context, of ref.Repository) (ref.Image, error) {
	found, err := r.running(ctx, r.in.FromEnvironment, []ref.Repository{of})
	switch {
	case err != nil:
		return ref.Image{}, err
	case len(found) == 0:
		return ref.Image{}, fault.Newf("E_ENVIRONMENT_IMAGE", "name the files of the environment in `from-environment`, and in `from` the repository that they name, where `images` are others",
			"no file of %s names %s with a tag or a digest", strings.Join(r.in.FromEnvironment, ", "), of)
	case len(found) > 1:
		return ref.Image{}, fault.Newf("E_ENVIRONMENT_IMAGE", "name fewer files in `from-environment`: those of one place where the image runs",
			"%s names several images: %s", strings.Join(r.in.FromEnvironment, ", "), listed(found))
	}
	r.Printf("%s runs %s", where(found[0]), found[0].image)
	return found[0].image, nil
}

// required fails where an environment runs anything but the image.
func (r *promoting) required(ctx context.Context, of []ref.Repository) error {
	const hint = "let the environment run the image first: nothing was written"
	found, err := r.running(ctx, r.in.Require, of)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fault.Newf("E_PROMOTE_REQUIRE", hint, "no file of %s names %s with a tag or a digest, and so it does not run there", strings.Join(r.in.Require, ", "), of[0])
	}
	var errs []error
	for _, one := range found {
		digest := one.image.Digest
		if digest == "" {
			if digest, err = r.client.Resolve(ctx, one.image); err != nil {
				return fmt.Errorf("%s: %w", where(one), err)
			}
		}
		if digest != r.image.Digest {
			errs = append(errs, fault.Newf("E_PROMOTE_REQUIRE", hint, "%s runs %s, which is %s; to be promoted is %s, which is %s",
				where(one), one.image, digest, r.named(), r.image.Digest).At(one.places[0].File, one.places[0].Line))
		}
	}
	if len(errs) == 0 {
		r.Printf("%s runs %s, too", listed(found), r.image.Digest.Short())
	}
	return errors.Join(errs...)
}

// named is the image as people name it.
func (r *promoting) named() ref.Image {
	image := r.image
	if image.Tag != "" {
		image.Digest = ""
	}
	return image
}

// where is the place of an image, and how many more there are.
func where(r runs) string {
	text := fmt.Sprintf("%s:%d", r.places[0].File, r.places[0].Line)
	if more := len(r.places) - 1; more > 0 {
		text += fmt.Sprintf(" (and %s)", count(more, "more place"))
	}
	return text
}

// listed are all images with their places.
func listed(found []runs) string {
	var all []string
	for _, one := range found {
		var places []string
		for _, p := range one.places {
			places = append(places, fmt.Sprintf("%s:%d", p.File, p.Line))
		}
		all = append(all, fmt.Sprintf("%s in %s", one.image, strings.Join(places, ", ")))
	}
	return strings.Join(all, "; ")
}
