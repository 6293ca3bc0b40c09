package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// find looks for what is attached to the image, to its parts, and to that in turn.
func (o *original) find(ctx context.Context, c *Client) error {
	f := &finder{client: c, session: o.session, root: o.root.digest}
	known := map[ref.Digest]bool{o.root.digest: true}
	for level := []*node{o.root}; len(level) > 0; {
		found, err := f.each(ctx, level)
		if err != nil {
			return err
		}
		o.subjects = append(o.subjects, nil)
		var next []*node
		for i, n := range level {
			more, err := o.note(ctx, n, found[i])
			if err != nil {
				return err
			}
			for _, one := range more {
				if !known[one.digest] {
					known[one.digest] = true
					next = append(next, one)
				}
			}
		}
		level = next
	}
	return nil
}

// maxAttached bounds what is followed.
const maxAttached = 10_000

// each is all that is attached to each of some manifests.
func (f *finder) each(ctx context.Context, level []*node) ([][]Referrer, error) {
	found := make([][]Referrer, len(level))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, n := range level {
		group.Go(func() (err error) {
			if found[i], err = f.all(ctx, n.digest); err != nil {
				return err
			}
			return f.counted(len(found[i]))
		})
	}
	return found, group.Wait()
}

// counted ends what does not end by itself.
func (f *finder) counted(more int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count += more; f.count > maxAttached {
		return f.session.fault("E_REGISTRY", "see what the registry lists there: it may be the same again and again",
			fmt.Errorf("more than %d manifests are attached to the image and its parts", maxAttached))
	}
	return nil
}

// note keeps what is attached to a manifest, and gives the manifests to look at
// next: those, and the manifest's own parts. One that is gone has none: whoever
// copies it will say so.
func (o *original) note(ctx context.Context, n *node, found []Referrer) (next []*node, err error) {
	if n.media.IsIndex() {
		index, err := n.read()
		if _, gone := errors.AsType[*absent](err); err != nil && !gone {
			return nil, err
		} else if err == nil {
			next = index.manifests
		}
	}
	if len(found) == 0 {
		return next, nil
	}
	s := &subject{digest: n.digest}
	for _, r := range found {
		one := attachment{r, o.node(ctx, r.Digest, types.MediaType(r.MediaType))}
		s.attached = append(s.attached, one)
		next = append(next[:len(next):len(next)], one.node)
	}
	last := len(o.subjects) - 1
	o.subjects[last] = append(o.subjects[last], s)
	o.count += len(found)
	return next, nil
}
