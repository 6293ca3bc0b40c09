package cli

import (
	"context"
	"errors"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// resolveCmd asks which image a tag is.
type resolveCmd struct {
	Image   string `group:"Image" required:"" placeholder:"IMAGE" help:"The image to look for: repository:tag, or repository@digest."`
	Missing string `group:"Image" default:"fail" enum:"fail,ok" help:"What it means that the registry does not have it. With ok the output exists is false, and the others are empty; also where the registry says denied, as some do of what is not there."`
	pinInputs
	registryInputs
	hostInputs
	JSON bool `cli:"only" name:"json" help:"Print the outputs as one JSON object."`
}

// Help teaches by examples.
func (resolveCmd) Help() string {
	return `Examples:
  tagboat resolve --image ghcr.io/acme/web:main

  # the reference with its digest, to hand to a bump
  tagboat resolve --image ghcr.io/acme/web:main --pin both`
}

func (c *resolveCmd) mistakes() error {
	return errors.Join(imageMistake(c.Image), c.registryInputs.mistakes())
}

// Run asks.
func (c *resolveCmd) Run(ctx context.Context, a *app) error {
	image, err := namedImage("image", c.Image)
	if err != nil {
		return usage(err)
	}
	state := &ship.State{}
	failed := a.ask(c.registryInputs, c.hostInputs, func(by asking) error { return c.find(ctx, a, by.client.Resolve, image, state) })
	err = errors.Join(failed, a.Summary(report.Found(image.String(), state, failed)))
	if failed != nil {
		return err
	}
	return errors.Join(err, a.Outputs(values("resolve", state), c.JSON))
}

// find notes in the state which image it is.
func (c *resolveCmd) find(ctx context.Context, a *app, resolve resolver, image ref.Image, state *ship.State) error {
	found, err := resolveBoth(ctx, resolve, image)
	switch {
	case err == nil:
		image.Digest = found
		state.Digest, state.Ref = found, manifest.Pin(c.Pin).Of(image)
		a.Printf("%s is %s", c.Image, found)
	case fault.Is(err, "E_IMAGE_MISSING") && c.Missing == "ok":
		a.Printf("%v", err)
	case errors.Is(err, registry.ErrHidden) && c.Missing == "ok":
		a.Warn(hidden(err))
	default:
		return err
	}
	return nil
}

// hidden is the warning that an image may be there all the same.
func hidden(err error) *fault.Fault {
	return fault.New("E_PULL_DENIED", "it is taken not to be there; if it is, let this login read it", err)
}
