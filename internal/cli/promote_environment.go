package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// environment is files of the infra repository that say what runs somewhere. They
// are read, and never written.
type environment struct {
	repo  *opened          // nil where nobody asks
	paths []string         // as the input has them
	of    []ref.Repository // whose images are looked for
	ran   ref.Image        // what the one that is copied from ran, as it stands there
}

// runs is one image that an environment runs, and where its files say so.
type runs struct {
	image  ref.Image
	places []manifest.Reference
}

// openEnvironment opens the infra repository to see what runs somewhere.
func (r *promoting) openEnvironment(ctx context.Context, paths []string, of ...ref.Repository) (environment, error) {
	p := plan.Bump{Repository: r.in.InfraRepository, Branch: r.in.InfraBranch, Paths: paths, Mode: plan.ModeCommit}
	if r.in.InfraMode == string(plan.ModeFiles) {
		p.Mode = plan.ModeFiles
	}
	by := r.access
	by.dry = true // nothing more than to read is asked for
	repo, err := r.openInfra(ctx, p, by)
	return environment{repo: repo, paths: paths, of: of}, err
}

// running are the distinct images of the repositories that the environment's files
// name, with a tag or a digest, and the commit that these are of.
func (r *promoting) running(ctx context.Context, e environment) (all []runs, head string, err error) {
	if err := e.repo.renew(); err != nil {
		return nil, "", err
	}
	read, err := e.repo.Read(ctx)
	if err != nil {
		return nil, "", err
	}
	found, unread, err := manifest.List(read.Files)
	if err != nil {
		return nil, "", err
	}
	var errs []error
	for _, w := range unread {
		errs = append(errs, r.unread(read.Files, w, e))
	}
	for _, one := range found {
		if slices.Contains(e.of, one.Image.Repository) && (one.Image.Tag != "" || one.Image.Digest != "") {
			all = note(all, one)
		}
	}
	return all, read.Head, errors.Join(errs...)
}

// unread is the error of a file that says something of the image which cannot be
// read: it may say otherwise than all others. Other files are none of our business.
func (r *promoting) unread(files fs.FS, w manifest.Warning, e environment) error {
	text, err := fs.ReadFile(files, w.File)
	if err != nil {
		return err
	}
	for _, repository := range e.of {
		if manifest.Mentions(text, repository) {
			return fault.New("E_YAML", "correct the file, or name the files of the environment without it", fmt.Errorf("it names %s, and cannot be read: %s", repository, w.Text)).At(w.File, w.Line)
		}
	}
	r.Printf("%s", w)
	return nil
}

func note(all []runs, one manifest.Reference) []runs {
	i := slices.IndexFunc(all, func(r runs) bool { return r.image == one.Image })
	if i < 0 {
		return append(all, runs{one.Image, []manifest.Reference{one}})
	}
	all[i].places = append(all[i].places, one)
	return all
}

// only is the one image that the environment runs.
func (e environment) only(found []runs) (runs, error) {
	switch len(found) {
	case 0:
		return runs{}, fault.Newf("E_ENVIRONMENT_IMAGE", "name the files of the environment in `from-environment`, and in `from` the repository that they name, where `images` are others",
			"no file of %s names %s with a tag or a digest", strings.Join(e.paths, ", "), e.of[0])
	case 1:
		return found[0], nil
	}
	return runs{}, fault.Newf("E_ENVIRONMENT_IMAGE", "name fewer files in `from-environment`: those of one place where the image runs",
		"%s names several images: %s", strings.Join(e.paths, ", "), listed(found))
}

// required fails where an environment runs anything but the image.
func (r *promoting) required(ctx context.Context, found []runs) error {
	const hint = "let the environment run the image first"
	if len(found) == 0 {
		return fault.Newf("E_PROMOTE_REQUIRE", hint, "no file of %s names %s with a tag or a digest, and so it does not run there", strings.Join(r.must.paths, ", "), r.must.of[0])
	}
	var errs []error
	for _, one := range found {
		digest := one.image.Digest
		if digest == "" {
			var err error
			if digest, err = r.by.client.Resolve(ctx, one.image); err != nil {
				return fmt.Errorf("%s: %w", where(one), lost("require", "leave out `require`", err))
			}
		}
		if digest != r.image.Digest {
			errs = append(errs, fault.Newf("E_PROMOTE_REQUIRE", hint, "%s runs %s, which is %s; to be promoted is %s, which is %s",
				where(one), one.image, digest, r.named(), r.image.Digest).At(one.places[0].File, one.places[0].Line))
		}
	}
	return errors.Join(errs...)
}

// lost tells an image that is gone from its registry by the input whose file names
// it, and what else may be done.
func lost(input, other string, err error) error {
	if fault.Is(err, "E_IMAGE_MISSING") {
		return fault.New("E_IMAGE_MISSING", fmt.Sprintf("the file of `%s` names an image that the registry lost: correct the file, or %s", input, other), err)
	}
	return err
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
