package registry

import (
	"context"
	"errors"
	"net/http"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// promotion brings the original to one repository.
type promotion struct {
	from   *original
	target *target
	warn   func(*fault.Fault)
	mount  ref.Repository // where the registry has the blobs already; zero if nowhere
	pusher *remote.Pusher
	slots  chan struct{} // one for each blob that may be on its way

	mu      sync.Mutex
	has     map[ref.Digest]bool // manifests that the repository is known to have
	written int                 // manifests
}

// copies reports whether the repository is another one than the original's.
func (p *promotion) copies() bool { return p.target.image != p.from.session.image }

// run copies the image, then what is attached, then sets the tags.
func (p *promotion) run(ctx context.Context, c *Client, mount ref.Repository) error {
	t := p.target
	p.mount = mount
	if p.copies() {
		t.near(ctx, mount)
		copyAll := func() (struct{}, error) { return struct{}{}, p.copyAll(ctx, c) }
		_, err := patiently(ctx, t.session, errPartLost, copyAll, func(_ struct{}, err error) bool { return lost(err) })
		if lost(err) {
			return t.session.fault("E_REGISTRY", "the registry does not know a part of the image any more that it had: run again, and see whether a clean-up runs", err)
		}
		if err != nil {
			return t.session.explain(ctx, err)
		}
		t.meter.finish()
	}
	t.uploaded, t.used, t.fresh = true, t.meter.counts(), t.fresh && p.written == 0
	if len(t.tags) > 0 {
		return t.send(ctx)
	}
	one := Pushed{Repository: t.image, Digest: t.source.digest, Status: StatusAlready, Sent: t.used.sent, Blobs: t.used.blobs, Skipped: t.used.skipped}
	if p.written > 0 {
		one.Status = StatusPushed
	}
	t.done = append(t.done, one)
	return nil
}

var errPartLost = errors.New("the registry does not know a part of the image any more that it had")

// lost reports whether the target refuses a manifest since it lacks what that one
// names: a blob, or (MANIFEST_UNKNOWN) another manifest.
func lost(err error) bool {
	answer, ok := errors.AsType[*transport.Error](err)
	return forgot(err) || ok && answer.Request != nil && answer.Request.Method == http.MethodPut && says(answer, transport.ManifestUnknownErrorCode)
}

// copyAll copies everything but the tags. It can be done again: a pusher is made
// anew, since it remembers what it has sent, as the promotion remembers manifests,
// and a registry may have lost that.
func (p *promotion) copyAll(ctx context.Context, c *Client) (err error) {
	p.has = map[ref.Digest]bool{}
	if p.pusher, err = p.target.session.pusher(ctx); err != nil {
		return err
	}
	if err := p.copy(ctx, p.from.root); err != nil {
		return err
	}
	there := &finder{client: c, session: p.target.session, busy: true}
	for _, level := range p.from.subjects {
		group, inner := errgroup.WithContext(ctx)
		group.SetLimit(streams)
		for _, s := range level {
			group.Go(func() error { return p.attach(inner, there, s) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// copy brings one manifest to the repository by its digest, with all that it
// names, unless it is there.
func (p *promotion) copy(ctx context.Context, n *node) error {
	p.mu.Lock()
	has := p.has[n.digest]
	p.mu.Unlock()
	if has {
		return nil
	}
	has, err := p.target.has(accept(ctx, n.media), string(n.digest))
	if err == nil && !has {
		err = p.send(ctx, n)
	}
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.has[n.digest] = true
	return nil
}

// send sends a manifest after all that it names.
func (p *promotion) send(ctx context.Context, n *node) error {
	manifest, err := n.read()
	if err != nil {
		return err
	}
	if err := p.sendParts(ctx, manifest); err != nil {
		return err
	}
	return p.put(ctx, string(n.digest), manifest)
}

// sendParts sends what a manifest names.
func (p *promotion) sendParts(ctx context.Context, manifest *content) error {
	p.target.meter.expectAlso(manifest.blobs)
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(streams)
	for _, child := range manifest.manifests {
		group.Go(func() error { return p.copy(inner, child) })
	}
	for _, d := range manifest.blobs {
		group.Go(func() error { return p.bring(inner, d) })
	}
	return group.Wait()
}

// bring uploads or mounts one blob.
func (p *promotion) bring(ctx context.Context, d v1.Descriptor) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	blob, err := p.from.blob(ctx, d)
	if err != nil {
		return err
	}
	if from, err := p.target.session.sibling(p.mount); err == nil {
		blob = &remote.MountableLayer{Layer: blob, Reference: from.Digest(d.Digest.String())}
	}
	return p.target.session.bring(ctx, p.pusher, blob, p.target.meter)
}
