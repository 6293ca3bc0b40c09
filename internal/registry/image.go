package registry

import (
	"context"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// The labels and annotations that name the commit an image was built from, and
// where that is (github.com/opencontainers/image-spec, annotations.md).
const (
	revisionKey = "org.opencontainers.image.revision"
	sourceKey   = "org.opencontainers.image.source"
)

// Revision is what an image in a registry says of itself.
type Revision struct {
	Digest ref.Digest // what the tag points at: of the index, if it is one
	Commit string     // the label org.opencontainers.image.revision; "" if there is none
	Source string     // the label org.opencontainers.image.source: a page; "" if there is none
}

// Revision reads from which commit an image was built, so that a version that is
// there already need not be built again. Of an index it takes the annotation, or
// the label of the image for Client.Platform. It fails with E_IMAGE_MISSING.
func (c *Client) Revision(ctx context.Context, image ref.Image) (Revision, error) {
	s, found, err := c.get(ctx, image)
	if err != nil {
		return Revision{}, err
	}
	revision := Revision{Digest: ref.Digest(found.Digest.String())}
	if found.MediaType.IsIndex() {
		index, err := found.ImageIndex()
		if err != nil {
			return Revision{}, s.explain(ctx, err)
		}
		manifest, err := index.IndexManifest()
		if err != nil {
			return Revision{}, s.explain(ctx, err)
		}
		if commit := manifest.Annotations[revisionKey]; commit != "" {
			revision.Commit, revision.Source = commit, manifest.Annotations[sourceKey]
			return revision, nil
		}
	}
	one, err := c.choose(found)
	if err != nil {
		return Revision{}, s.explain(ctx, err)
	}
	config, err := one.ConfigFile()
	if err != nil {
		return Revision{}, s.explain(ctx, err)
	}
	revision.Commit, revision.Source = config.Config.Labels[revisionKey], config.Config.Labels[sourceKey]
	return revision, nil
}

// readBy is the key under which the requests for an image carry their session.
// What they read lazily may be refused in the middle of another session's upload.
type readBy struct{}

// get reads the manifest of an image.
func (c *Client) get(ctx context.Context, image ref.Image) (*session, *remote.Descriptor, error) {
	s, err := c.open(ctx, image.Repository, pulling)
	if err != nil {
		return nil, nil, err
	}
	ctx = context.WithValue(ctx, readBy{}, s)
	found, err := remote.Get(s.reference(identifier(image)), append(s.options, remote.WithContext(ctx))...)
	if err != nil {
		return nil, nil, s.explain(ctx, err)
	}
	return s, found, nil
}

// choose gives the image itself, or that of an index for Client.Platform.
func (c *Client) choose(found *remote.Descriptor) (v1.Image, error) {
	if !found.MediaType.IsIndex() {
		return found.Image()
	}
	index, err := found.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	var wanted v1.Platform
	if c.Platform != "" {
		parsed, err := v1.ParsePlatform(c.Platform)
		if err != nil {
			return nil, fault.New("E_PLATFORM", "write os/arch, such as linux/amd64", fmt.Errorf("platform %q: %w", c.Platform, err))
		}
		wanted = *parsed
	}
	for _, entry := range manifest.Manifests {
		if runs(entry) && (c.Platform == "" || entry.Platform != nil && entry.Platform.Satisfies(wanted)) {
			return index.Image(entry.Digest)
		}
	}
	return nil, fault.Newf("E_PLATFORM", "name one of the platforms that the image was built for",
		"the index %s has no image for platform %q", found.Digest, c.Platform)
}

// runs reports whether an index's entry is an image that can be started; BuildKit
// keeps attestations beside the images, for the platform unknown/unknown.
func runs(entry v1.Descriptor) bool {
	return entry.MediaType.IsImage() && (entry.Platform == nil || entry.Platform.OS != "unknown")
}
