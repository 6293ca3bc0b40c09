package cli

import (
	"cmp"
	"context"
	"errors"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// errNo is an answer with an exit code, and nothing that went wrong.
var errNo = errors.New("no")

// existsCmd answers a script.
type existsCmd struct {
	Image string `group:"Image" required:"" placeholder:"IMAGE" help:"The image to look for: repository:tag, or repository@digest."`
	registryInputs
	hostInputs
}

// Help teaches by examples.
func (existsCmd) Help() string {
	return `Ends with 0 where the registry has the image, with 1 where it does not, and with 2 where that cannot be told; on stdout stands true, false, or nothing. A registry that says denied of what a login may not see says the same of what is not there: that cannot be told.

Examples:
  tagboat exists --image ghcr.io/acme/web:v0.0.8`
}

func (c *existsCmd) mistakes() error {
	return errors.Join(imageMistake(c.Image), c.registryInputs.mistakes())
}

// Run asks.
func (c *existsCmd) Run(ctx context.Context, a *app) error {
	image, err := namedImage("image", c.Image)
	if err != nil {
		return usage(err)
	}
	err = a.ask(c.registryInputs, c.hostInputs, func(by asking) error {
		_, err := resolveBoth(ctx, by.client.Resolve, image)
		switch {
		case err == nil:
			return a.Print([]byte("true\n"))
		case fault.Is(err, "E_IMAGE_MISSING"):
			a.Printf("%v", err)
			return cmp.Or(a.Print([]byte("false\n")), errNo)
		}
		return err
	})
	if errors.Is(err, errNo) {
		return err
	}
	return usage(err) // a script must not take this for a no
}
