package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// bumpCmd writes a reference that exists already.
type bumpCmd struct {
	DeployRef   string `group:"Image" required:"" placeholder:"IMAGE" help:"The reference to write: repository:tag, with @digest where manifests hold digests. The output deploy-ref of build."`
	VerifyImage string `group:"Image" default:"auto" enum:"auto,always,never" help:"Ask the registry whether the image is there. auto asks unless infra-mode is files."`
	verifyInputs
	pinInputs
	registryInputs
	infraInputs
	hostInputs
	runInputs
}

// alsoRequired are inputs that other commands can do without.
func (bumpCmd) alsoRequired() []string { return []string{"infra-repository"} }

// Help teaches by examples.
func (bumpCmd) Help() string {
	return `Every field that names the image is moved, by changing the bytes of the reference and no others. That no file names the image is an error; that all name it already is not.

Examples:
  # edit a folder in place
  tagboat bump --deploy-ref ghcr.io/acme/web:v0.0.8 --infra-repository . --infra-mode files

  # show what a commit would change
  tagboat bump --deploy-ref ghcr.io/acme/web:v0.0.8 --infra-repository acme/infra --dry-run

  # one field that nothing finds by itself
  tagboat bump --deploy-ref ghcr.io/acme/web:v0.0.8 --infra-repository acme/infra \
    --fields 'apps/web.yaml:.spec.env[name=VERSION].value=tag'

  # the same registry digest in every file, committed
  tagboat bump --deploy-ref ghcr.io/acme/web:v0.0.8 --pin both --infra-repository acme/infra

  # one pull request for an environment, which every newer bump updates
  TAGBOAT_INFRA_TOKEN=… tagboat bump --deploy-ref ghcr.io/acme/web:v0.0.8 --infra-repository acme/infra \
    --infra-mode pull-request --environment prod --pr-labels deploy --pr-reviewers ada`
}

// Run bumps, and hands on what is known, also where it failed.
func (c *bumpCmd) Run(ctx context.Context, a *app) error {
	state := &ship.State{DryRun: c.DryRun}
	failed := c.run(ctx, a, state)
	err := a.Summary(report.Markdown("bump", state, failed))
	return errors.Join(failed, err, a.Outputs(values("bump", state), c.JSON))
}

func (c *bumpCmd) run(ctx context.Context, a *app, state *ship.State) error {
	image, err := c.image()
	if err != nil {
		return usage(err)
	}
	return a.ask(c.registryInputs, c.hostInputs, func(by asking) (err error) {
		p := c.bump(string(c.verifyInputs.pin(c.Pin)))
		p.Image = image.Repository.String()
		repo, err := a.openInfra(ctx, p, access{c.infraInputs, by.trust, by.scratch, c.DryRun})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, repo.Close()) }()
		var from source
		steps := []ship.Step{
			{Name: "verify", Run: func(ctx context.Context) (said string, err error) {
				if said, err = c.verify(ctx, a, by, &image); err == nil && p.PullRequest != nil {
					from = a.sourceOf(ctx, by.client, image)
				}
				return said, err
			}},
			{Name: "bump", Run: func(ctx context.Context) (string, error) {
				var err error
				r := a.reference(p, image, c.infraInputs)
				r.dry, r.source = c.DryRun, from
				if state.Bump, err = a.writeReference(ctx, repo, r); err != nil {
					return "", err
				}
				state.Ref = state.Bump.Image
				return told(state.Bump, c.DryRun)
			}},
		}
		state.Outcomes, err = ship.Run(ctx, a, a.world.Now, steps)
		return err
	})
}

// verify sees that the image is there, and that what must be attested of it is.
func (c *bumpCmd) verify(ctx context.Context, a *app, by asking, image *ref.Image) (string, error) {
	said, err := c.look(ctx, by.client, image)
	if _, skipped := errors.AsType[ship.Skip](err); len(c.Verify) == 0 || err != nil && !skipped {
		return said, err
	}
	proven, err := attester{a, c.verifyInputs, c.RegistryToken, by}.verify(ctx, *image)
	return strings.Join(nonEmpty(said, proven), "; "), err
}

// image is the reference to write.
func (c *bumpCmd) image() (ref.Image, error) {
	return namedImage("deploy-ref", c.DeployRef)
}

func (c *bumpCmd) mistakes() error {
	var err error
	if c.DeployRef != "" { // that it is missing is told already
		var image ref.Image
		image, err = c.image()
		err = errors.Join(err, c.bump(c.Pin).Permits(image.Tag))
	}
	return errors.Join(err, c.verifyInputs.mistakes(), c.registryInputs.mistakes(), c.infraInputs.mistakes(), c.lacks())
}

// look asks the registry for the image, and completes its digest where the pin
// needs it. What is verified is asked for wherever it has a tag: its digest is
// verified, and the tag that is written beside it must be that of the same image.
func (c *bumpCmd) look(ctx context.Context, client *registry.Client, image *ref.Image) (string, error) {
	if reason := c.unasked(*image); reason != "" && (len(c.Verify) == 0 || image.Tag == "") {
		return "", ship.Skip(reason)
	}
	digest, err := resolveBoth(ctx, client.Resolve, *image)
	if err != nil {
		return "", err
	}
	image.Digest = digest
	return fmt.Sprintf("%s is in its registry", image), nil
}

// unasked is why the registry need not be asked; "" where it has to be.
func (c *bumpCmd) unasked(image ref.Image) string {
	switch {
	case c.VerifyImage == "never":
		return "switched off"
	case c.VerifyImage == "auto" && c.InfraMode == string(plan.ModeFiles) && (c.Pin == string(manifest.PinTag) || image.Digest != ""):
		return "files are edited here; `verify-image: always` asks the registry"
	}
	return ""
}
