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
	return errors.Join(err, c.registryInputs.mistakes())
}

// Run lists.
func (c *listCmd) Run(ctx context.Context, a *app) error {
	repository, err := ref.ParseRepository(c.Image)
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
		a.Printf("%s: %s", repository, count(shown, "tag"))
		return a.Print(text)
	})
}
