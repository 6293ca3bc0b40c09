package registry

import (
	"context"
	"slices"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// Sessions are kept: a run asks a registry several things, and each greeting costs
// it two requests. One that failed is tried anew; a token that ends is renewed by
// its transport.

// reading is a session that reads, or one that may do more.
func (c *Client) reading(ctx context.Context, image ref.Repository) (*session, error) {
	if s := c.kept(image, pulling, nil); s != nil {
		return s.as(pulling), nil
	}
	s, err := c.open(ctx, image, pulling)
	if err == nil {
		c.keep(s)
	}
	return s, err
}

// pushing is a session that writes, and reads the others to mount from them.
func (c *Client) pushing(ctx context.Context, image ref.Repository, also ...ref.Repository) (*session, error) {
	if s := c.kept(image, pushing, also); s != nil {
		return s, nil
	}
	s, err := c.open(ctx, image, pushing, also...)
	if err == nil {
		c.keep(s)
	}
	return s, err
}

// kept finds a session that may do what is asked for; nil is none.
func (c *Client) kept(image ref.Repository, scope scope, also []ref.Repository) *session {
	c.opening.Lock()
	defer c.opening.Unlock()
	s := c.sessions[image]
	if s == nil || scope == pushing && s.scope != pushing {
		return nil
	}
	for _, one := range also {
		if !slices.Contains(s.asked, one) {
			return nil
		}
	}
	return s
}

func (c *Client) keep(s *session) {
	c.opening.Lock()
	defer c.opening.Unlock()
	if c.sessions == nil {
		c.sessions = map[ref.Repository]*session{}
	}
	if known := c.sessions[s.image]; known == nil || s.scope == pushing {
		c.sessions[s.image] = s
	}
}

// forget drops what is kept for a repository.
func (c *Client) forget(image ref.Repository) {
	c.opening.Lock()
	defer c.opening.Unlock()
	delete(c.sessions, image)
}
