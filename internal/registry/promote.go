package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// PromoteRequest says which image goes where: every repository gets it, with all
// that is attached to it, under every tag.
type PromoteRequest struct {
	From         ref.Image // by tag or digest; a digest is what counts
	Repositories []ref.Repository
	Tags         []Tag // none: the image is there by its digest alone
	Dry          bool  // nothing is written: what the tags hold is asked alone

	// Warn is told what is left out, by one repository at a time; nil is Log.
	Warn func(*fault.Fault)
}

// StatusPending is that of a reference that a dry run would have written.
const StatusPending Status = "pending"

// Promote brings an image to repositories of the same registry or of others, as
// it is: the very bytes of its manifest, of those that an index names, and of what
// is attached to each of them (Referrers), and to that in turn. What is there
// already is not sent again; blobs are mounted within a registry and stream through
// this machine between two.
//
// The tag is resolved once, and only its digest is used from there on. The image
// goes ahead by its digest, then what is attached to it, and the tags come last, by
// their rules as in Push, so that no version stands without its signatures. A fixed
// tag that is taken anywhere fails with E_TAG_TAKEN before anything is sent. A tag
// of cosign in a target that holds what the original does not is never overwritten:
// E_SIGNATURES_DIFFER.
//
// A registry that fails does not stop the others: all their errors come back
// joined, together with the references that were reached.
func (c *Client) Promote(ctx context.Context, r PromoteRequest) ([]Pushed, error) {
	all, err := c.promotions(ctx, r)
	if err != nil {
		return nil, err
	}
	eachPromotion(all, func(p *promotion) error { return p.target.ask(withMeter(ctx, p.target.meter), c) })
	if slices.ContainsFunc(all, func(p *promotion) bool { return fault.Is(p.target.err, "E_TAG_TAKEN") }) {
		return outcome(all)
	}
	if r.Dry {
		eachPromotion(all, (*promotion).intend)
		return outcome(all)
	}
	if slices.ContainsFunc(all, (*promotion).copies) {
		from := all[0].from
		if err := from.find(ctx, c); err != nil {
			return nil, err
		}
		if from.count > 0 {
			c.printLine(fmt.Sprintf("%s@%s: %d manifests are attached to it and its parts", r.From.Repository, from.root.digest.Short(), from.count))
		}
	}
	byRegistry(all, func(p *promotion, mount ref.Repository) error { return p.run(withMeter(ctx, p.target.meter), c, mount) })
	for _, p := range all {
		if p.target.err != nil {
			c.forget(p.target.image)
		}
	}
	return outcome(all)
}

// promotions are one for each repository.
func (c *Client) promotions(ctx context.Context, r PromoteRequest) (all []*promotion, err error) {
	also := PushRequest{From: r.From, Repositories: r.Repositories}
	if slices.Contains(r.Repositories, r.From.Repository) {
		// One greeting serves both. If it is refused, the target will say so.
		c.pushing(ctx, r.From.Repository, siblings(r.From.Repository, also)...)
	}
	from, err := c.original(ctx, r.From)
	if err != nil {
		return nil, err
	}
	src := &source{digest: from.root.digest, manifest: from.root.head, from: r.From.Repository}
	warn := c.warning(r.Warn)
	for _, image := range unique(r.Repositories) {
		all = append(all, &promotion{from: from, warn: warn, slots: make(chan struct{}, streams), target: &target{
			image: image, also: siblings(image, also), source: src, tags: inOrder(r.Tags), meter: c.meter(image), now: c.now,
		}})
	}
	return all, nil
}

// warning tells of one thing after the other.
func (c *Client) warning(warn func(*fault.Fault)) func(*fault.Fault) {
	var telling sync.Mutex
	return func(f *fault.Fault) {
		if warn == nil {
			c.printLine(f.Error())
			return
		}
		telling.Lock()
		defer telling.Unlock()
		warn(f)
	}
}

// eachPromotion does something with all that have not failed yet.
func eachPromotion(all []*promotion, do func(*promotion) error) {
	each(all, func(p *promotion) {
		if p.target.err == nil {
			p.target.err = do(p)
		}
	})
}

// byRegistry does it registry by registry, all of them at once. Blobs are mounted
// from the original within its own registry; to another one they go once, and
// from the first repository there the others mount them.
func byRegistry(all []*promotion, do func(p *promotion, mount ref.Repository) error) {
	registries := map[string][]*promotion{}
	for _, p := range all {
		host := p.target.image.Domain()
		registries[host] = append(registries[host], p)
	}
	var group sync.WaitGroup
	for host, some := range registries {
		group.Go(func() {
			mount := some[0].from.session.image
			for mount.Domain() != host && len(some) > 0 {
				first := some[0]
				eachPromotion(some[:1], func(p *promotion) error { return do(p, ref.Repository{}) })
				if some = some[1:]; first.target.err == nil {
					mount = first.target.image
				}
			}
			eachPromotion(some, func(p *promotion) error { return do(p, mount) })
		})
	}
	group.Wait()
}

func outcome(all []*promotion) (done []Pushed, err error) {
	var errs []error
	for _, p := range all {
		done = append(done, p.target.done...)
		errs = append(errs, p.target.err)
	}
	return done, errors.Join(errs...)
}

// intend says what would become of the tags, by what they hold.
func (p *promotion) intend() error {
	t := p.target
	for _, tag := range t.tags {
		one := Pushed{Repository: t.image, Tag: tag.Name, Digest: t.source.digest}
		status, err := t.judge(tag, t.held[tag.Name])
		if err != nil {
			return err
		}
		switch one.Status = status; status {
		case "":
			one.Status = StatusPending
		case StatusKept:
			one.Digest = t.held[tag.Name]
		}
		t.done = append(t.done, one)
	}
	if len(t.tags) == 0 {
		t.done = append(t.done, Pushed{Repository: t.image, Digest: t.source.digest, Status: StatusPending})
	}
	return nil
}
