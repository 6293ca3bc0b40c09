package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
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
	registryInputs
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
	errs := []error{c.numberInputs.mistakes(), c.registryInputs.mistakes(), imagesErr}
	if len(c.Images) == 0 && (c.Free || c.OnFailure == freeClaim) {
		errs = append(errs, fault.Newf("E_INPUT", "give `images`: where the image would be pushed", "a number is given back only if no registry has an image under it, and there are no images to ask for"))
	}
	if c.LatestVersionOf != "" {
		_, err := ref.ParseRepository(c.LatestVersionOf)
		errs = append(errs, err)
	} else if c.LatestVersionPattern != "" {
		errs = append(errs, fault.Newf("E_INPUT", "give `latest-version-of`, too, or leave it out", "latest-version-pattern is of an image, and there is none"))
	}
	return errors.Join(errs...)
}

// Run claims.
func (c *versionCmd) Run(ctx context.Context, a *app) error {
	images, err := repositories(c.Images)
	if err != nil {
		return usage(err)
	}
	return a.ask(c.registryInputs, c.hostInputs, func(with asking) (err error) {
		by := claimant{commit: cmp.Or(c.Commit, checkedOut(ctx, c.Source)), folder: c.Source, images: images,
			client: with.client, trust: with.trust, scratch: with.scratch, dry: c.DryRun}
		r := &numbering{app: a, in: c, by: by, state: &ship.State{DryRun: c.DryRun}}
		defer func() { err = errors.Join(err, r.numbers.Close()) }()
		var steps []ship.Step
		if c.LatestVersionOf != "" { // before anything is claimed
			steps = append(steps, ship.Step{Name: "latest", Run: r.latest})
		}
		if c.Free {
			steps = append(steps, ship.Step{Name: "free", Run: r.free})
		} else {
			steps = append(steps, ship.Step{Name: "version", Run: r.number})
		}
		var failed error
		r.state.Outcomes, failed = ship.Run(ctx, a, a.world.Now, steps)
		err = errors.Join(failed, a.Summary(report.Markdown("version", r.state, failed)), a.Outputs(values("version", r.state), c.JSON))
		if c.OnFailure == freeClaim {
			a.giveBack(err, r.numbers, by, r.claimed)
		}
		return err
	})
}

// numbering is one run of the command.
type numbering struct {
	*app
	in      *versionCmd
	by      claimant
	state   *ship.State
	numbers *numbers           // nil before they are opened
	claimed version.Allocation // by this run
}

// open opens the repository that holds the numbers.
func (r *numbering) open(ctx context.Context) (err error) {
	r.warnOfPrefix(r.in.numberInputs)
	r.numbers, err = r.numbersOf(ctx, r.in.numberInputs, r.by)
	return err
}

// number claims the commit's number.
func (r *numbering) number(ctx context.Context) (told string, err error) {
	aside := r.by.dry && r.in.LatestVersionOf != "" // the number is not what was asked for
	if err := r.open(ctx); aside && (fault.Is(err, "E_COMMIT_UNKNOWN") || fault.Is(err, "E_SOURCE_REPOSITORY")) {
		return "", ship.Skip(fmt.Sprintf("dry run: %v", err))
	} else if err != nil {
		return "", err
	}
	r.warnOfTestMerge()
	if r.claimed, err = r.numbers.claim(ctx, r.by.dry); err != nil {
		return "", err
	}
	r.state.Version = r.claimed.Tag
	return r.numbers.claimed(r.claimed, r.by.dry)
}

// warnOfTestMerge says that the commit will be no part of any history.
func (r *numbering) warnOfTestMerge() {
	if r.by.dry || r.EventName != "pull_request" || r.in.Commit != "" || r.by.commit != r.SHA {
		return
	}
	r.Warn(fault.Newf("E_COMMIT_VANISHES", "give `commit: ${{ github.event.pull_request.head.sha }}`, or number what was merged",
		"commit %s is the test merge of a pull request: the number will be that of a commit which vanishes", r.by.commit))
}

// free gives the number back that the commit has.
func (r *numbering) free(ctx context.Context) (string, error) {
	if err := r.open(ctx); err != nil {
		return "", err
	}
	got, err := version.Peek(ctx, r.numbers.store, r.numbers.request)
	if fault.Is(err, "E_VERSION_OLDER") || err == nil && !got.Already {
		return "", ship.Already("the commit has no number")
	}
	if err != nil {
		return "", err
	}
	if r.by.dry {
		return "", ship.Skip(fmt.Sprintf("dry run: %s would be given back", got.Tag))
	}
	switch freed, err := r.numbers.free(ctx, r.by, got.Tag); {
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
func (r *numbering) latest(ctx context.Context) (string, error) {
	image, err := ref.ParseRepository(r.in.LatestVersionOf)
	if err != nil {
		return "", usage(err)
	}
	tags, err := r.by.client.Tags(ctx, image)
	if err != nil {
		return "", err
	}
	if r.state.Latest, err = version.Highest(tags, r.in.LatestVersionPattern); err != nil {
		return "", fmt.Errorf("%s: %w", image, err)
	}
	return fmt.Sprintf("%s is the highest version of %s, of %s", r.state.Latest, image, count(len(tags), "tag")), nil
}

func badCommit(commit string) error {
	return fault.Newf("E_INPUT", "give all 40 hex digits: git rev-parse HEAD", "commit: %q is no commit id", commit)
}
