package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// mistakes are those that need no look at anything.
func (c *promoteCmd) mistakes() error {
	from, fromErr := c.source()
	targets, targetsErr := repositories(c.Images)
	errs := []error{fromErr, targetsErr, c.verifyInputs.mistakes(), c.registryInputs.mistakes(), c.infraInputs.mistakes(),
		environmentPaths("from-environment", c.FromEnvironment), environmentPaths("require", c.Require)}
	for _, name := range c.To {
		_, err := ref.ParseTag(name)
		errs = append(errs, err)
	}
	if c.InfraRepository != "" {
		errs = append(errs, c.lacks())
	}
	errs = append(errs, c.meaningless())
	if len(c.FromEnvironment)+len(c.Require) > 0 && c.InfraRepository == "" {
		errs = append(errs, fault.Newf("E_INPUT_MISSING", "give `infra-repository`, which holds these files", "from-environment and require are paths of an infra repository, and there is none"))
	}
	if fromErr == nil && targetsErr == nil && c.idle(from, targets) {
		errs = append(errs, fault.Newf("E_INPUT", "give `to`, other `images`, or the files to write with `infra-repository` and `infra-paths`",
			"there is nothing to do: the image gets no tag, goes nowhere else, and is written nowhere"))
	}
	return errors.Join(errs...)
}

// source is the image of the inputs; with from-environment its repository alone.
func (c *promoteCmd) source() (ref.Image, error) {
	fromEnvironment := len(c.FromEnvironment) > 0
	switch {
	case c.From == "" && !fromEnvironment:
		return ref.Image{}, fault.Newf("E_INPUT_MISSING", "see `tagboat promote --help`", "missing: from, or from-environment")
	case c.From == "" && len(c.Images) == 0:
		return ref.Image{}, fault.Newf("E_INPUT_MISSING", "give `images`: what the files of from-environment name", "from-environment says where to look, and nothing says for which image")
	case c.From == "":
		return ref.Image{}, nil
	}
	image, err := ref.ParseImage(c.From)
	named := image.Tag != "" || image.Digest != ""
	switch {
	case err != nil:
	case named && fromEnvironment:
		err = fault.Newf("E_INPUT", "leave one of them out; the repository alone may stand in `from`", "from and from-environment both say which image is promoted")
	case !named && !fromEnvironment:
		err = fault.Newf("E_TAG", "write repository:tag, such as "+c.From+":v0.0.8", "from %q has no tag and no digest", c.From)
	}
	return image, err
}

// environmentPaths checks the paths of an environment.
func environmentPaths(input string, paths []string) error {
	_, err := infra.ParsePaths(paths, nil)
	var errs []error
	for _, f := range fault.All(err) {
		errs = append(errs, fault.New(f.Code, strings.Replace(f.Hint, "infra-paths", input, 1), f.Err))
	}
	return errors.Join(errs...)
}

// bumps reports whether the infra repository is written to. Where it is read to see
// what runs, files to write must be named: those of that environment stay.
func (c *promoteCmd) bumps() bool {
	return c.InfraRepository != "" && (len(c.FromEnvironment)+len(c.Require) == 0 || len(c.InfraPaths)+len(c.Fields) > 0)
}

// idle reports whether nothing would be done.
func (c *promoteCmd) idle(from ref.Image, targets []ref.Repository) bool {
	elsewhere := slices.ContainsFunc(targets, func(r ref.Repository) bool { return from.Repository != (ref.Repository{}) && r != from.Repository }) || len(targets) > 1
	return len(c.To) == 0 && !elsewhere && !c.bumps()
}
