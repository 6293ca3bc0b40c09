package cli

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// listCmd lists tags.
type listCmd struct {
	Image  string `group:"Image" required:"" placeholder:"IMAGE" help:"The repository whose tags are listed, all of them."`
	Filter string `group:"Image" placeholder:"GLOB" help:"Only tags that look like this, such as pr-*."`
	registryInputs
	hostInputs
}

// Help teaches by examples.
func (listCmd) Help() string {
	return `Every page is read; a list that ends too early is an error. They are sorted as text, so that v0.0.10 comes before v0.0.9.

Examples:
  tagboat list --image ghcr.io/acme/web --filter 'v0.0.*'`
}

func (c *listCmd) mistakes() error {
	var err error
	if _, wrong := path.Match(c.Filter, ""); wrong != nil {
		err = fault.New("E_INPUT", "* is any text, ? any one character, [ab] one of these", fmt.Errorf("filter %q: %w", c.Filter, wrong))
	}
	_, wrong := c.repository()
	return errors.Join(wrong, err, c.registryInputs.mistakes())
}

// repository is the one that is listed; that it is missing is told already.
func (c *listCmd) repository() (ref.Repository, error) {
	if c.Image == "" {
		return ref.Repository{}, nil
	}
	repository, err := ref.ParseRepository(c.Image)
	if image, more := ref.ParseImage(c.Image); err != nil && more == nil {
		err = fault.Newf("E_IMAGE_NAME", "write `--image "+image.Repository.String()+"`; `tagboat exists` asks for one image", "%q names one image, and what is listed is a repository", c.Image)
	}
	return repository, err
}

// Run lists.
func (c *listCmd) Run(ctx context.Context, a *app) error {
	repository, err := c.repository()
	if err != nil {
		return usage(err)
	}
	return a.ask(c.registryInputs, c.hostInputs, func(by asking) error {
		tags, err := by.client.Tags(ctx, repository)
		if err != nil {
			return err
		}
		var text []byte
		shown := 0
		for _, tag := range tags {
			if fits, _ := path.Match(c.Filter, string(tag)); fits || c.Filter == "" { // mistakes told what cannot be a pattern
				text = append(append(text, tag...), '\n')
				shown++
			}
		}
		switch {
		case len(tags) == 0:
			a.Printf("%s: there is no such repository, or it has no tags", repository)
		case c.Filter != "":
			a.Printf("%s: %d of %s", repository, shown, count(len(tags), "tag"))
		default:
			a.Printf("%s: %s", repository, count(shown, "tag"))
		}
		return a.Print(text)
	})
}
