package registry

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/archive"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// source is the image that is pushed. Its blobs stay on disk, or in the registry
// that has them, and are read anew for every target; a manifest is all that memory
// holds.
type source struct {
	digest   ref.Digest
	manifest remote.Taggable
	from     ref.Repository // where it is in a registry already; zero for a layout
	layout   string         // folder; "" where it comes from a registry

	apart
}

// read finds the image of a request.
func (c *Client) read(ctx context.Context, r PushRequest) (*source, error) {
	if r.From == (ref.Image{}) {
		return readLayout(r.Layout, r.Digest)
	}
	if r.Digest != "" {
		r.From.Digest = r.Digest
	}
	if slices.Contains(r.Repositories, r.From.Repository) {
		// One greeting serves both. If it is refused, the push will say so.
		c.pushing(ctx, r.From.Repository, siblings(r.From.Repository, r)...)
	}
	s, found, err := c.get(ctx, r.From)
	if err != nil {
		return nil, err
	}
	src := &source{digest: ref.Digest(found.Digest.String()), from: r.From.Repository}
	if found.MediaType.IsIndex() {
		src.manifest, err = found.ImageIndex()
	} else {
		src.manifest, err = found.Image()
	}
	return src, s.explain(ctx, err)
}

// readLayout finds the image, or the index of images, with this digest in an OCI
// layout: a registry must not hear of half an image.
func readLayout(dir string, digest ref.Digest) (*source, error) {
	found, err := archive.Check(dir, digest)
	if err != nil {
		return nil, err
	}
	src := &source{digest: digest, layout: dir}
	root, err := layout.ImageIndexFromPath(dir)
	switch {
	case err != nil:
	case found.MediaType.IsIndex():
		src.manifest, err = root.ImageIndex(found.Digest)
	default:
		src.manifest, err = root.Image(found.Digest)
	}
	if err != nil {
		return nil, fault.New("E_LAYOUT", "build the image again", fmt.Errorf("%s in the OCI layout %q: %w", digest, dir, err))
	}
	return src, nil
}
