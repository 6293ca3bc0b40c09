package registry

import (
	"context"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// reading is a session that only reads. There is one for each repository: a run
// asks a registry several things, and each greeting costs it two requests. One
// that failed is tried anew; a token that ends is renewed by its transport.
func (c *Client) reading(ctx context.Context, image ref.Repository) (*session, error) {
	c.opening.Lock()
	s := c.sessions[image]
	c.opening.Unlock()
	if s != nil {
		return s, nil
	}
	s, err := c.open(ctx, image, pulling)
	if err != nil {
		return nil, err
	}
	c.opening.Lock()
	defer c.opening.Unlock()
	if c.sessions == nil {
		c.sessions = map[ref.Repository]*session{}
	}
	c.sessions[image] = s
	return s, nil
}
