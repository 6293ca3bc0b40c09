package version

import (
	"context"
	"time"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// settling is how long a claim waits for those of its ancestors, where there may be
// any: runs that began at the same moment are not equally fast.
const settling = time.Second

// settle lets a claim wait, once, where its commit's parent has no number: that one
// may be asked for at this moment, too, and has to be the lower one. It fails with
// errNotYet where the claim is to look again.
func (c *claim) settle(ctx context.Context, view *View, versions map[ref.Tag]held) error {
	if c.settled || !c.room || c.request.Suffix != "" || c.request.AllowOlder {
		return nil
	}
	c.settled = true
	var err error
	if c.stands, err = c.store.Place(ctx, view, c.request.Commit); err != nil || c.stands.Parent == "" {
		return err
	}
	for _, h := range versions {
		if h.commit == c.stands.Parent {
			return nil
		}
	}
	if err := c.mayFollow(ctx, view, versions, inFallingOrder(c.request.Series, versions)); err != nil {
		return err
	}
	c.since = c.now().Add(settling)
	if c.wait(ctx); c.place == "" {
		return nil
	}
	return errNotYet
}
