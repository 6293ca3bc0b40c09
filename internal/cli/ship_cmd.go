package cli

import (
	"context"

	"github.com/seed-96940006/tagboat/internal/ship"
)

// shipCmd is the whole job.
type shipCmd struct {
	inputs
	runInputs
}

// Help teaches by examples.
func (shipCmd) Help() string {
	return `What happens depends on the event. A pull request is built and pushed as pr-<n>; a merge, a push to the default branch, a schedule and a run by hand claim the next version, push it and write it into the infra repository; a pull request from a fork is built only. "tagboat plan" shows it without doing it.

Every step looks first: what is so already is left alone, and running again does nothing new.

Examples:
  # in a checkout: build, claim v0.0.N, push, and edit the files of a folder
  tagboat ship --images ghcr.io/acme/web --infra-repository ../infra --infra-mode files

  # show what a merge would change in the infra repository
  tagboat ship --images ghcr.io/acme/web --infra-repository acme/infra --dry-run

  # two registries, a commit in another repository
  TAGBOAT_INFRA_TOKEN=… tagboat ship --images ghcr.io/acme/web --images docker.io/acme/web \
    --infra-repository acme/infra --infra-paths apps/web --infra-mode commit`
}

// Run ships.
func (c *shipCmd) Run(ctx context.Context, a *app) error {
	return a.run(ctx, "ship", c.inputs, c.runInputs, func(j *job) []ship.Step {
		return []ship.Step{
			{Name: "check", Run: j.check},
			{Name: "version", Run: j.claimVersion},
			{Name: "build", Run: j.build},
			{Name: "push", Run: j.push},
			{Name: "bump", Run: j.bump},
		}
	})
}

// buildCmd is ship without the infra repository.
type buildCmd struct {
	eventInputs
	imageInputs
	numberInputs
	buildInputs
	pinInputs
	registryInputs
	createInputs
	buildCheckInputs
	hostInputs
	runInputs
}

// Help teaches by examples.
func (buildCmd) Help() string {
	return `The image is built, tagged and pushed as the event asks for; see "tagboat ship --help". The output deploy-ref is what "tagboat bump" takes.

Examples:
  tagboat build --images ghcr.io/acme/web
  tagboat build --images ghcr.io/acme/web --tags raw=try --dry-run`
}

func (c *buildCmd) inputs() inputs {
	return inputs{c.eventInputs, c.imageInputs, c.numberInputs, c.buildInputs, c.pinInputs, c.registryInputs, c.createInputs, checkInputs(c.buildCheckInputs), infraInputs{}, c.hostInputs}
}

func (c *buildCmd) mistakes() error { return c.inputs().mistakes() }

// Run builds and pushes.
func (c *buildCmd) Run(ctx context.Context, a *app) error {
	return a.run(ctx, "build", c.inputs(), c.runInputs, func(j *job) []ship.Step {
		return []ship.Step{
			{Name: "check", Run: j.check},
			{Name: "version", Run: j.claimVersion},
			{Name: "build", Run: j.build},
			{Name: "push", Run: j.push},
		}
	})
}
