package registry

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

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
	from     ref.Repository // where it is in a registry already; zero for a layout
	unpacked string         // folder that is there for this push only

	apart
}

// read finds the image of a request.
func (c *Client) read(ctx context.Context, r PushRequest) (*source, error) {
	switch {
	case r.Archive != "":
		return readArchive(r)
	case r.From == (ref.Image{}):
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

// readArchive unpacks an archive until the push has ended.
func readArchive(r PushRequest) (*source, error) {
	made, err := OpenArchive(r.Archive, r.Scratch, cmp.Or(r.Name, string(r.Digest)))
	if err != nil {
		return nil, err
	}
	src, err := readLayout(made.Layout, made.Digest)
	if err != nil {
		os.RemoveAll(made.Layout)
		return nil, err
	}
	src.unpacked = made.Layout
	return src, nil
}

// remove ends what was made for one push.
func (s *source) remove() {
	if s.unpacked != "" {
		os.RemoveAll(s.unpacked)
	}
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
		if err := s.check(dir, root, entry); err != nil {
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

// check sees that all that a manifest names is on disk in full length: a registry
// must not hear of half an image.
func (s *source) check(dir string, parent v1.ImageIndex, entry v1.Descriptor) error {
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
			if err := s.check(dir, index, child); err != nil {
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
	}
	return nil
}
