package cli

import (
	"context"
	"errors"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// promoteCmd takes an image that was tried on to where it is used.
type promoteCmd struct {
	From            string   `group:"Image" placeholder:"IMAGE" help:"The image to promote: repository:tag, or repository@digest. With from-environment the repository alone, where images names others."`
	To              []string `sep:"none" group:"Image" placeholder:"TAG" help:"Tags that it gets, one tag a line. One that looks like a version or a commit, such as v0.0.8, is never overwritten; latest and 0.0 move to newer versions only, others move. Default: the tag that it has, in other repositories."`
	Images          []string `sep:"none" group:"Image" placeholder:"IMAGE" help:"Where it goes, one repository a line, without a tag. The first is what manifests name. Default: the repository of from."`
	FromEnvironment []string `sep:"none" group:"Environments" placeholder:"PATH" help:"Files, folders and globs (**) of infra-repository that say what runs in an environment, one a line: the image that they name is promoted, in place of from."`
	Require         []string `sep:"none" group:"Environments" placeholder:"PATH" help:"Files, folders and globs (**) of infra-repository that say what runs in an environment, one a line: an image that is not the one they name is not promoted."`
	verifyInputs
	pinInputs
	registryInputs
	infraInputs
	hostInputs
	runInputs
}

// Help teaches by examples.
func (promoteCmd) Help() string {
	return `The very bytes of the image go along: an index with all its images, and what is attached to each of them, such as signatures, SBOMs and attestations. Tags are set last. What is there already is not sent again.

With from-environment and no tag in to, the value is copied from one environment to another: tag, digest or both, as it stands there. It is written where infra-paths and fields say; with from-environment or require, nowhere else. What runs there is looked at again on the very commit that is written on.

What files name is what the first of images really holds: where latest stays with a newer version there, they are left alone.

Examples:
  # the image of a pull request becomes a version
  tagboat promote --from ghcr.io/acme/web:pr-7 --to v0.0.8

  # to two other registries, and into the files that name it there
  tagboat promote --from ghcr.io/acme/web:v0.0.8 --images 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web \
    --images docker.io/acme/web --infra-repository acme/infra --infra-paths apps/web/prod

  # what runs in demo goes to production, as a pull request
  tagboat promote --images ghcr.io/acme/web --from-environment apps/web/demo --infra-repository acme/infra \
    --infra-paths apps/web/prod --infra-mode pull-request --environment prod

  # only if demo runs it
  tagboat promote --from ghcr.io/acme/web:v0.0.8 --require apps/web/demo --infra-repository acme/infra --infra-paths apps/web/prod

  # show what would be done
  tagboat promote --from ghcr.io/acme/web:pr-7 --to v0.0.8 --to latest --dry-run`
}

// promoting is one run of the command.
type promoting struct {
	*app
	in     *promoteCmd
	by     asking
	access access
	state  *ship.State

	image ref.Image      // with its digest, once it is found
	first ref.Repository // what files name
	gets  ref.Image      // what files get, first as it is meant and then as it was set; empty: nothing
	demo  environment    // that the image is copied from
	must  environment    // that has to run it
	repo  *opened        // nil where nothing is bumped
}

// Run promotes, and hands on what is known, also where it failed.
func (c *promoteCmd) Run(ctx context.Context, a *app) error {
	state := &ship.State{DryRun: c.DryRun}
	failed := c.run(ctx, a, state)
	err := a.Summary(report.Markdown("promote", state, failed))
	return errors.Join(failed, err, a.Outputs(values("promote", state), c.JSON))
}

func (c *promoteCmd) run(ctx context.Context, a *app, state *ship.State) error {
	return a.ask(c.registryInputs, c.hostInputs, func(by asking) (err error) {
		r := &promoting{app: a, in: c, by: by, access: access{c.infraInputs, by.trust, by.scratch, c.DryRun}, state: state}
		defer func() {
			for _, repo := range []*opened{r.demo.repo, r.must.repo, r.repo} {
				if repo != nil {
					err = errors.Join(err, repo.Close())
				}
			}
		}()
		state.Outcomes, err = ship.Run(ctx, a, a.world.Now, []ship.Step{
			{Name: "find", Run: r.find},
			{Name: "verify", Run: r.verify},
			{Name: "copy", Run: r.copy},
			{Name: "bump", Run: r.bump},
		})
		return err
	})
}

// verify holds the image against what must be attested of it.
func (r *promoting) verify(ctx context.Context) (string, error) {
	if len(r.in.Verify) == 0 {
		return "", ship.Skip("not asked for")
	}
	return attester{r.app, r.in.verifyInputs, r.in.RegistryToken, r.by}.verify(ctx, r.image)
}
