package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/ship"
	"github.com/seed-96940006/tagboat/internal/version"
)

// versionCmd claims a number and nothing else.
type versionCmd struct {
	numberInputs
	Images []string `sep:"none" group:"Version" placeholder:"IMAGE" help:"Repositories of the image, one a line, whose tags count, too: no version that one of them holds is given."`
	Free   bool     `group:"Version" help:"Give the number of the commit back, in a step with 'if: failure()': the next commit gets it. A number that one of images holds, or that is not the highest, stays."`
	latestInputs
	hostInputs
	Source string `cli:"only" group:"Version" default:"." placeholder:"FOLDER" help:"Checkout that holds the commit."`
	runInputs
}

// latestInputs ask for the newest version of another image.
type latestInputs struct {
	LatestVersionOf      string `group:"Version of another image" placeholder:"IMAGE" help:"Image whose highest version becomes the output latest-version, for a build argument or the like."`
	LatestVersionPattern string `group:"Version of another image" placeholder:"GLOB" help:"What its tag looks like, such as v1.* or *-alpine. Default: every version that is no pre-release."`
}

// Help teaches by examples.
func (versionCmd) Help() string {
	return `A number is claimed by creating a git ref, which only one run can do. The same commit always gets the number that it has.

Examples:
  tagboat version                      # v0.0.N for the commit that is checked out
  tagboat version --dry-run            # the number that it would get
  tagboat version --series v2.1 --prefix cms/
  tagboat version --images ghcr.io/acme/web   # no number that the registry holds
  tagboat version --suffix v0.0.417    # v0.0.417-1: build an old number once more

  # the newest version of a base image, without claiming anything
  tagboat version --dry-run --latest-version-of ghcr.io/acme/base --latest-version-pattern 'v1.*'`
}

func (c *versionCmd) mistakes() error {
	_, imagesErr := repositories(c.Images)
	errs := []error{c.numberInputs.mistakes(), imagesErr}
	if c.LatestVersionOf != "" {
		_, err := ref.ParseRepository(c.LatestVersionOf)
		errs = append(errs, err)
	} else if c.LatestVersionPattern != "" {
		errs = append(errs, fault.Newf("E_INPUT", "give `latest-version-of`, too, or leave it out", "latest-version-pattern is of an image, and there is none"))
	}
	return errors.Join(errs...)
}

// Run claims.
func (c *versionCmd) Run(ctx context.Context, a *app) (err error) {
	scratch, err := os.MkdirTemp(a.Temp, "tagboat-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	images, err := repositories(c.Images)
	if err != nil {
		return usage(err)
	}
	log := a.Writer()
	defer log.Close()
	by := claimant{
		commit: cmp.Or(c.Commit, checkedOut(ctx, c.Source)), folder: c.Source,
		images: images, client: &registry.Client{Log: log, Now: a.world.Now}, scratch: scratch, dry: c.DryRun,
	}
	state := &ship.State{DryRun: c.DryRun}
	steps := []ship.Step{{Name: "version", Run: func(ctx context.Context) (string, error) { return c.number(ctx, a, by, state) }}}
	if c.LatestVersionOf != "" {
		steps = append(steps, ship.Step{Name: "latest", Run: func(ctx context.Context) (string, error) { return c.latest(ctx, by.client, state) }})
	}
	var failed error
	state.Outcomes, failed = ship.Run(ctx, a, a.world.Now, steps)
	err = a.Summary(report.Markdown("version", state, failed))
	return errors.Join(failed, err, a.Outputs(values("version", state), c.JSON))
}

// number claims the commit's number, or gives it back.
func (c *versionCmd) number(ctx context.Context, a *app, by claimant, state *ship.State) (told string, err error) {
	if by.trust, err = a.trusted(c.CAFile, by.scratch); err != nil {
		return "", err
	}
	n, err := a.numbersOf(ctx, c.numberInputs, by)
	defer func() { err = errors.Join(err, n.Close()) }()
	if err != nil {
		return "", err
	}
	if c.Free {
		return c.giveBack(ctx, n, by)
	}
	got, err := n.claim(ctx, c.DryRun)
	if err != nil {
		return "", err
	}
	state.Version = got.Tag
	return claimed(got, c.DryRun)
}

// giveBack frees the number that the commit has.
func (c *versionCmd) giveBack(ctx context.Context, n *numbers, by claimant) (string, error) {
	got, err := version.Peek(ctx, n.store, n.request)
	if fault.Is(err, "E_VERSION_OLDER") || err == nil && !got.Already {
		return "", ship.Already("the commit has no number")
	}
	if err != nil {
		return "", err
	}
	if c.DryRun {
		return "", ship.Skip(fmt.Sprintf("dry run: %s would be given back", got.Tag))
	}
	switch freed, err := n.free(ctx, by, got.Tag); {
	case errors.Is(err, errPushed):
		return "", ship.Skip(fmt.Sprintf("%s stays: %v", got.Tag, err))
	case err != nil:
		return "", err
	case !freed:
		return "", ship.Skip(fmt.Sprintf("%s stays: it is not the highest number any more", got.Tag))
	}
	return fmt.Sprintf("%s is given back, and free for the next commit", got.Tag), nil
}

// latest looks for the newest version of another image.
func (c *versionCmd) latest(ctx context.Context, client *registry.Client, state *ship.State) (string, error) {
	image, err := ref.ParseRepository(c.LatestVersionOf)
	if err != nil {
		return "", usage(err)
	}
	tags, err := client.Tags(ctx, image)
	if err != nil {
		return "", err
	}
	if state.Latest, err = version.Highest(tags, c.LatestVersionPattern); err != nil {
		return "", fmt.Errorf("%s: %w", image, err)
	}
	return fmt.Sprintf("%s is the highest version of %s, of %s", state.Latest, image, count(len(tags), "tag")), nil
}

func badCommit(commit string) error {
	return fault.Newf("E_INPUT", "give all 40 hex digits: git rev-parse HEAD", "commit: %q is no commit id", commit)
}
