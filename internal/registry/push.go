package registry

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// parallel bounds how many repositories are asked and fed at once.
const parallel = 8

// PushRequest says what goes where: every repository gets every tag.
type PushRequest struct {
	Layout       string     // folder of the OCI layout
	From         ref.Image  // instead of Layout: where the image is in a registry already
	Digest       ref.Digest // the image there, or the index of images; may be empty with From
	Repositories []ref.Repository
	Tags         []Tag
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
// An image From a registry keeps its bytes: its blobs are mounted within a
// registry, and stream through this machine between two.
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
		targets = append(targets, &target{image: image, source: src, tags: tags})
	}
	each(targets, func(t *target) { t.err = t.ask(ctx, c) })
	taken := slices.ContainsFunc(targets, func(t *target) bool { return fault.Is(t.err, "E_TAG_TAKEN") })
	if !taken {
		each(targets, func(t *target) {
			if t.err == nil {
				t.err = t.send(ctx)
			}
		})
	}
	var done []Pushed
	var errs []error
	for _, t := range targets {
		done = append(done, t.done...)
		errs = append(errs, t.err)
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

// each calls do for all targets, a bounded number at once, and waits. Targets
// keep their errors: one that fails must not cancel the others.
func each(targets []*target, do func(*target)) {
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, t := range targets {
		group.Go(func() error {
			do(t)
			return nil
		})
	}
	group.Wait()
}
