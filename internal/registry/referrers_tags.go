package registry

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// sighting is what is known of a tag, or of the API.
type sighting int

const (
	notLooked sighting = iota
	notThere
	there
)

func seen(is bool) sighting {
	if is {
		return there
	}
	return notThere
}

// tagged tells whether the repository has a tag by which something may be attached
// to a manifest, as far as one page of its tags tells: an index of ten images has
// forty such tags, and each question for one of them is a request. A list may lag
// behind a signature that was just made, so that those of the root are asked for.
func (f *finder) tagged(ctx context.Context, of ref.Digest, tag ref.Tag) sighting {
	if f.busy || of == f.root {
		return notLooked
	}
	f.listing.Do(func() { f.tags = f.firstPage(ctx) })
	switch {
	case f.tags == nil:
		return notLooked
	case f.tags[string(tag)]:
		return there
	}
	return notThere
}

// firstPage are the tags of the repository if there is one page of them, or nil.
func (f *finder) firstPage(ctx context.Context) map[string]bool {
	l := &listing{session: f.session, client: f.client}
	first, err := l.read(ctx, l.first())
	tags := map[string]bool{}
	switch {
	case unknown(err): // a repository that does not exist
		return tags
	case err != nil || first.next != nil || len(first.tags) >= pageSize:
		return nil
	}
	for _, tag := range first.tags {
		tags[tag] = true
	}
	return tags
}

// byTag reads the index that clients keep where a registry has no API.
func (f *finder) byTag(ctx context.Context, digest ref.Digest) ([]Referrer, error) {
	index, err := f.fallback(ctx, digest)
	if err != nil {
		return nil, err
	}
	all, err := index.referrers()
	if err != nil {
		return nil, f.broken(digest, fmt.Errorf("tag %s: %w", fallbackTag(digest), err))
	}
	return all, nil
}

// fallback is the index under the fallback tag; an empty one where there is none.
// GitLab gives the manifest itself under that name, which is no tag there.
func (f *finder) fallback(ctx context.Context, digest ref.Digest) (referrersIndex, error) {
	s := f.session
	ctx = context.WithValue(ctx, readBy{}, s)
	found, err := remote.Get(s.repo.Tag(string(fallbackTag(digest))), append(s.options[:len(s.options):len(s.options)], remote.WithContext(ctx))...)
	switch {
	case answered(err) == http.StatusNotFound:
		return referrersIndex{}, nil
	case err != nil:
		return referrersIndex{}, s.explain(ctx, err)
	case found.Digest.String() == string(digest):
		return referrersIndex{}, nil
	}
	index, err := readIndex(found.Manifest)
	if err != nil {
		return referrersIndex{}, s.fault("E_REGISTRY", "remove or rename the tag: what is attached to the image is looked up there", defectf("tag %s: %w", fallbackTag(digest), err))
	}
	index.held = ref.Digest(found.Digest.String())
	return index, nil
}
