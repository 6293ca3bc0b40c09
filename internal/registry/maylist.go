package registry

import (
	"context"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// MayList reports whether the tags of a repository can be listed, and fails as Tags
// would: the first page is read. It waits for answers for seconds only.
func (c *Client) MayList(ctx context.Context, repository ref.Repository) error {
	ctx = hastily(ctx)
	s, err := c.reading(ctx, repository)
	if err != nil {
		return err
	}
	l := &listing{session: s, client: c, page: 1}
	if _, err := l.read(ctx, l.first()); err != nil && !unknown(err) {
		return l.explain(ctx, err)
	}
	return nil
}
