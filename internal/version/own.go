package version

import "context"

// Own is the number that the commit of the request has already; ok is false where it
// has none. It takes one look and writes nothing.
func Own(ctx context.Context, store Store, r Request) (got Allocation, ok bool, err error) {
	c, err := newClaim(store, r)
	if err != nil {
		return Allocation{}, false, err
	}
	view, err := c.look(ctx)
	if err != nil {
		return Allocation{}, false, err
	}
	mine, ok := c.own(r.held(view))
	if !ok {
		return Allocation{}, false, nil
	}
	return c.allocation(mine.tag, mine.hidden, true), true, nil
}
