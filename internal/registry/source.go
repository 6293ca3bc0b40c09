package registry

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// source is the image that is pushed. Its blobs stay on disk, or in the registry
// that has them, and are read anew for every target; a manifest is all that memory
// holds.
type source struct {
	digest   ref.Digest
	manifest remote.Taggable
	size     int64 // bytes of manifests, configs and layers; 0 where it is not known
}

// read finds the image of a request.
func (c *Client) read(ctx context.Context, r PushRequest) (*source, error) {
	if r.From == (ref.Image{}) {
		return readLayout(r.Layout, r.Digest)
	}
	if r.Digest != "" {
		r.From.Digest = r.Digest
	}
	s, found, err := c.get(ctx, r.From)
	if err != nil {
		return nil, err
	}
	src := &source{digest: ref.Digest(found.Digest.String())}
	if found.MediaType.IsIndex() {
		src.manifest, err = found.ImageIndex()
	} else {
		src.manifest, err = found.Image()
	}
	return src, s.explain(ctx, err)
}

// readLayout finds the image, or the index of images, with this digest in an OCI layout.
func readLayout(dir string, digest ref.Digest) (*source, error) {
	src := &source{digest: digest}
	if err := src.read(dir); err != nil {
		return nil, fault.New("E_LAYOUT", "build the image again; the folder must be an OCI layout whose index.json names the digest",
			fmt.Errorf("%s in the OCI layout %q: %w", digest, dir, err))
	}
	return src, nil
}

func (s *source) read(dir string) error {
	root, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return err
	}
	entries, err := root.IndexManifest()
	if err != nil {
		return err
	}
	for _, entry := range entries.Manifests {
		if entry.Digest.String() != string(s.digest) {
			continue
		}
		if err := s.weigh(dir, root, entry); err != nil {
			return err
		}
		if entry.MediaType.IsIndex() {
			s.manifest, err = root.ImageIndex(entry.Digest)
		} else {
			s.manifest, err = root.Image(entry.Digest)
		}
		return err
	}
	return fmt.Errorf("none of its %d manifests is it", len(entries.Manifests))
}

// weigh adds up what pushing a manifest can send at most, and sees that all of it
// is on disk in full length: a registry must not hear of half an image.
func (s *source) weigh(dir string, parent v1.ImageIndex, entry v1.Descriptor) error {
	s.size += entry.Size
	if entry.MediaType.IsIndex() {
		index, err := parent.ImageIndex(entry.Digest)
		if err != nil {
			return err
		}
		children, err := index.IndexManifest()
		if err != nil {
			return err
		}
		for _, child := range children.Manifests {
			if err := s.weigh(dir, index, child); err != nil {
				return err
			}
		}
		return nil
	}
	image, err := parent.Image(entry.Digest)
	if err != nil {
		return err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	for _, blob := range append(manifest.Layers, manifest.Config) {
		if !blob.MediaType.IsDistributable() {
			continue // such as Windows' base layers, which stay where they are
		}
		info, err := os.Stat(filepath.Join(dir, "blobs", blob.Digest.Algorithm, blob.Digest.Hex))
		if err != nil {
			return err
		}
		if info.Size() != blob.Size {
			return fmt.Errorf("blob %s has %d bytes, not %d", blob.Digest, info.Size(), blob.Size)
		}
		s.size += blob.Size
	}
	return nil
}
