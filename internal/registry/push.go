package registry

import (
	"context"
	"errors"
	"slices"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// PushRequest says what goes where: every repository gets every tag.
type PushRequest struct {
	Layout       string     // folder of the OCI layout
	From         ref.Image  // instead of Layout: where the image is in a registry already
	Digest       ref.Digest // the image there, or the index of images; may be empty with From
	Repositories []ref.Repository
	Tags         []Tag // none: the image is there by its digest alone
}

// Tag is a tag that a push sets.
type Tag struct {
	Name ref.Tag
	Rule Rule
}

// Rule says what happens to a tag that holds another digest. The strictest is last.
type Rule int

// The rules of a tag.
const (
	Moves Rule = iota // it moves: main, pr-7
	First             // the digest that it got first stays, and that is fine: sha-1a2b3c
	Fixed             // the digest stays, and that is an error: a version means one image
)

// Status is what became of a reference.
type Status string

// The ways in which a push succeeds.
const (
	StatusPushed  Status = "pushed"  // written, and seen in the registry afterwards
	StatusAlready Status = "already" // the tag held it before it was written
	StatusKept    Status = "kept"    // it holds another digest, and its rule is First
)

// Pushed is one reference, and the digest that it holds now.
type Pushed struct {
	Repository ref.Repository
	Tag        ref.Tag
	Digest     ref.Digest
	Status     Status
	Sent       int64 // bytes that were sent for it, repeated tries among them
	Blobs      int   // blobs that were uploaded for it
	Skipped    int   // blobs that the repository had already
}

// Image is the reference with tag and digest.
func (p Pushed) Image() ref.Image {
	return ref.Image{Repository: p.Repository, Tag: p.Tag, Digest: p.Digest}
}

// Push brings the image to every repository under every tag, in parallel.
//
// Each registry is asked first: a tag that has the digest is left as it is, and a
// fixed tag with another digest anywhere fails with E_TAG_TAKEN before anything is
// sent anywhere. The image then goes ahead by its digest, and tags that must not
// move are asked for again right before they are written: one that was set
// meanwhile fails with E_TAG_TAKEN, one that cannot be read with E_PUSH_DENIED.
// Tags are written by their rules, fixed ones first, so that no floating tag points
// at an image without a version. Afterwards the registry must answer with the
// digest (E_PUSH_VERIFY).
//
// Blobs go to a registry once: its other repositories mount them from the first
// that has them, and upload them only where that is not granted. An image From a
// registry keeps its bytes: its blobs are mounted within that, and stream through
// this machine to another one.
//
// An image of a layout that is not whole, or not what its digests say, is E_LAYOUT. A
// layer that is large is compared with its digest by the registry that takes it, and
// here where one refuses it.
//
// A registry that fails does not stop the others: all their errors come back
// joined, together with the references that were reached.
func (c *Client) Push(ctx context.Context, r PushRequest) ([]Pushed, error) {
	src, err := c.read(ctx, r)
	if err != nil {
		return nil, err
	}
	tags := inOrder(r.Tags)
	var targets []*target
	for _, image := range unique(r.Repositories) {
		targets = append(targets, &target{
			image: image, also: siblings(image, r), source: src, tags: tags, meter: c.meter(image), now: c.now,
		})
	}
	each(targets, func(t *target) { t.err = t.ask(withMeter(ctx, t.meter), c) })
	taken := slices.ContainsFunc(targets, func(t *target) bool { return fault.Is(t.err, "E_TAG_TAKEN") })
	if !taken {
		spread(ctx, targets)
	}
	var done []Pushed
	var errs []error
	for _, t := range targets {
		done = append(done, t.done...)
		errs = append(errs, t.err)
		if t.err != nil && !taken {
			c.forget(t.image)
		}
	}
	return done, errors.Join(errs...)
}

// inOrder puts the tags with the stricter rules before the others, and each name
// once, under its strictest rule.
func inOrder(tags []Tag) []Tag {
	strictest := map[ref.Tag]Rule{}
	for _, tag := range tags {
		strictest[tag.Name] = max(strictest[tag.Name], tag.Rule)
	}
	var once []Tag
	for _, tag := range tags {
		if one := (Tag{tag.Name, strictest[tag.Name]}); !slices.Contains(once, one) {
			once = append(once, one)
		}
	}
	slices.SortStableFunc(once, func(a, b Tag) int { return int(b.Rule - a.Rule) })
	return once
}

func unique(repositories []ref.Repository) []ref.Repository {
	var once []ref.Repository
	for _, r := range repositories {
		if !slices.Contains(once, r) {
			once = append(once, r)
		}
	}
	return once
}
