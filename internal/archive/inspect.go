package archive

import (
	"bytes"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// The bounds of what is read at once: of manifests, and of what is compared with its
// digest even where a layout is trusted.
const (
	maxManifest = 8 << 20
	small       = 1 << 20
)

// inspection looks whether all that a manifest names is in a layout, in full length.
// What is small is compared with its digest at once.
type inspection struct {
	root   *os.Root
	packed bool // layers must be compressed
	seen   map[seenAs]bool
	large  []v1.Descriptor // blobs that were not compared with their digests
}

// seenAs is a blob as a manifest names it: another one may tell another size of it,
// or take it for something else.
type seenAs struct {
	digest v1.Hash
	kind   types.MediaType
	size   int64
}

// inspect looks at an image of a layout, and gives the blobs that are large.
func inspect(dir string, entry v1.Descriptor, packed bool) (large []v1.Descriptor, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	i := &inspection{root: root, packed: packed, seen: map[seenAs]bool{}}
	err = i.check(entry)
	return i.large, err
}

func (i *inspection) check(entry v1.Descriptor) error {
	as := seenAs{entry.Digest, entry.MediaType, entry.Size}
	if i.seen[as] {
		return nil
	}
	i.seen[as] = true
	switch {
	case entry.MediaType.IsIndex():
		return i.checkIndex(entry)
	case entry.MediaType.IsImage():
		return i.checkImage(entry)
	}
	return i.checkBlob(entry)
}

func (i *inspection) checkIndex(entry v1.Descriptor) error {
	data, err := i.manifest(entry)
	if err != nil {
		return err
	}
	index, err := v1.ParseIndexManifest(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("index %s: %w", entry.Digest, err)
	}
	for _, child := range index.Manifests {
		if err := i.check(child); err != nil {
			return err
		}
	}
	return nil
}

func (i *inspection) checkImage(entry v1.Descriptor) error {
	data, err := i.manifest(entry)
	if err != nil {
		return err
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("manifest %s: %w", entry.Digest, err)
	}
	for _, blob := range append(manifest.Layers, manifest.Config) {
		if i.packed && (blob.MediaType == types.OCIUncompressedLayer || blob.MediaType == types.DockerUncompressedLayer) {
			return fmt.Errorf("layer %s is not compressed", blob.Digest)
		}
		as := seenAs{blob.Digest, blob.MediaType, blob.Size}
		if i.seen[as] {
			continue
		}
		i.seen[as] = true
		if err := i.checkBlob(blob); err != nil {
			return err
		}
	}
	return nil
}

// manifest reads what others are found by: it must be what its digest says.
func (i *inspection) manifest(entry v1.Descriptor) ([]byte, error) {
	file, err := i.open(entry)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if entry.Size > maxManifest {
		return nil, fmt.Errorf("%s has %d bytes, more than a manifest may have", entry.Digest, entry.Size)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxManifest))
	if err != nil {
		return nil, err
	}
	return data, compare(entry.Digest, bytes.NewReader(data))
}

func (i *inspection) checkBlob(blob v1.Descriptor) error {
	if !blob.MediaType.IsDistributable() {
		return nil // such as Windows' base layers, which stay where they are
	}
	file, err := i.open(blob)
	if err != nil {
		return err
	}
	defer file.Close()
	if blob.Size > small {
		i.large = append(i.large, blob)
		return nil
	}
	return compare(blob.Digest, file)
}

// open opens a blob that has the length that was told.
func (i *inspection) open(blob v1.Descriptor) (*os.File, error) {
	if _, err := v1.NewHash(blob.Digest.String()); err != nil {
		return nil, err
	}
	file, size, err := openIn(i.root, blobFile(blob.Digest))
	if err != nil {
		return nil, err
	}
	if size != blob.Size {
		file.Close()
		return nil, fmt.Errorf("blob %s has %d bytes, not %d", blob.Digest, size, blob.Size)
	}
	return file, nil
}
