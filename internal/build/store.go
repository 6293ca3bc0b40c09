package build

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// store is an OCI layout that is being written. It has no index until it is
// finished, so what a failed build leaves is no image to any reader.
type store struct {
	dir  string
	temp string // on the same disk, so that blobs move in place whole

	annotations map[string]string // of the manifest
}

// openStore makes the folder if it is missing and takes the index of an older
// image away; blobs that are there already are used again.
func openStore(r Request) (*store, error) {
	dir := r.Layout
	if dir == "" {
		return nil, errors.New("there is no folder for the image")
	}
	if err := os.MkdirAll(filepath.Join(dir, "blobs", "sha256"), 0o755); err != nil {
		return nil, err
	}
	if err := os.Remove(filepath.Join(dir, "index.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	temp, err := os.MkdirTemp(dir, ".build-")
	if err != nil {
		return nil, err
	}
	return &store{dir: dir, temp: temp, annotations: r.Annotations}, nil
}

// close removes the temporary files.
func (s *store) close() error { return os.RemoveAll(s.temp) }

func (s *store) path(h v1.Hash) string { return filepath.Join(s.dir, "blobs", h.Algorithm, h.Hex) }

// has says whether a blob is there whole: blobs only ever move in place whole.
func (s *store) has(h v1.Hash, size int64) bool {
	info, err := os.Stat(s.path(h))
	return err == nil && info.Mode().IsRegular() && info.Size() == size
}

// put writes a blob and names it by what was written. It fails with the cause of
// ctx once that is done, however much is still to be written.
func (s *store) put(ctx context.Context, write func(io.Writer) error) (v1.Hash, int64, error) {
	f, err := os.CreateTemp(s.temp, "blob-")
	if err != nil {
		return v1.Hash{}, 0, err
	}
	sum := sha256.New()
	size := counter(0)
	err = write(until(ctx, io.MultiWriter(f, sum, &size)))
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return v1.Hash{}, 0, err
	}
	h := v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum.Sum(nil))}
	return h, int64(size), os.Rename(f.Name(), s.path(h))
}

func (s *store) putBytes(ctx context.Context, data []byte) (v1.Hash, error) {
	h, _, err := s.put(ctx, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	return h, err
}

// compress stores what write writes as a gzip'd layer.
//
// The compressor is klauspost's at its default level: the size of the standard
// library's default in a third of the time. Its version stands in go.mod, so the
// same build gives the same digest with every release of Go.
func (s *store) compress(ctx context.Context, write func(io.Writer) error) (*layer, error) {
	l := &layer{store: s}
	l.MediaType = types.OCILayer
	plain := sha256.New()
	var err error
	l.Digest, l.Size, err = s.put(ctx, func(w io.Writer) error {
		z := gzip.NewWriter(w)
		// what compresses well is written seldom, so that ctx is looked at here, too
		return errors.Join(write(until(ctx, io.MultiWriter(z, plain))), z.Close())
	})
	l.diffID = v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(plain.Sum(nil))}
	return l, err
}

// writeLayer stores what t has in the layer being written. The nodes are then
// known by their place in it.
func (s *store) writeLayer(ctx context.Context, t *tree, created time.Time) (*layer, error) {
	type entry struct {
		node   *node
		number int
	}
	var entries []entry
	l, err := s.compress(ctx, func(w io.Writer) error {
		out := tar.NewWriter(w)
		first := map[content]string{}
		numbers := map[content]int{}
		number := 0
		err := t.walk(func(name string, n *node) error {
			if n.content != nil {
				if _, ok := numbers[n.content]; !ok {
					numbers[n.content] = number
				}
				entries = append(entries, entry{n, numbers[n.content]})
			}
			number++
			return writeNode(ctx, out, name[1:], n, created, first)
		})
		return errors.Join(err, out.Close())
	})
	for _, e := range entries {
		e.node.content = stored{l, e.number}
	}
	return l, err
}

// writeNode writes one entry; the second of two hard links is a link to the first.
func writeNode(ctx context.Context, out *tar.Writer, name string, n *node, created time.Time, first map[content]string) error {
	h := &tar.Header{Typeflag: n.kind, Name: name, Mode: n.mode, Uid: n.uid, Gid: n.gid, ModTime: created,
		Linkname: n.link, Devmajor: n.major, Devminor: n.minor, PAXRecords: n.attributes}
	switch {
	case n.isFolder():
		h.Name += "/"
	case n.content != nil:
		if earlier, ok := first[n.content]; ok {
			h.Typeflag, h.Linkname = tar.TypeLink, earlier
			return out.WriteHeader(h)
		}
		first[n.content], h.Size = name, n.size
	}
	if err := out.WriteHeader(h); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if n.content == nil {
		return nil
	}
	r, err := n.content.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := io.Copy(out, r); err != nil {
		return fmt.Errorf("%s changed while it was read: %w", name, err)
	}
	return nil
}

// finish writes config and manifest of an image whose layers are there, and seals it.
func (s *store) finish(ctx context.Context, config []byte, layers []*layer, platform v1.Platform) (*Image, error) {
	digest, err := s.putBytes(ctx, config)
	if err != nil {
		return nil, err
	}
	manifest := v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
		Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Digest: digest, Size: int64(len(config))},
		Layers: []v1.Descriptor{}, Annotations: s.annotations,
	}
	for _, l := range layers {
		manifest.Layers = append(manifest.Layers, l.Descriptor)
	}
	raw, err := json.Marshal(manifest)
	if err != nil {
		return nil, err
	}
	return s.seal(ctx, manifest, raw, platform)
}

// seal writes a manifest whose config and layers are there, removes the blobs
// that are no part of the image and, last of all, writes the index.
func (s *store) seal(ctx context.Context, manifest v1.Manifest, raw []byte, platform v1.Platform) (*Image, error) {
	digest, err := s.putBytes(ctx, raw)
	if err != nil {
		return nil, err
	}
	image := &Image{Layout: s.dir, Digest: ref.Digest(digest.String()), Layers: len(manifest.Layers)}
	image.Size = int64(len(raw)) + manifest.Config.Size
	for _, l := range manifest.Layers {
		image.Size += l.Size
	}
	if err := s.sweep(manifest, digest); err != nil {
		return nil, err
	}
	if ctx.Err() != nil { // a build that was cancelled leaves no image
		return nil, context.Cause(ctx)
	}
	return image, s.writeIndex(v1.Descriptor{MediaType: manifest.MediaType, Digest: digest, Size: int64(len(raw)), Platform: &platform})
}

// sweep removes the blobs of other stages and of older images.
func (s *store) sweep(manifest v1.Manifest, digest v1.Hash) error {
	keep := map[string]bool{digest.Hex: true, manifest.Config.Digest.Hex: true}
	for _, l := range manifest.Layers {
		keep[l.Digest.Hex] = true
	}
	folder := filepath.Join(s.dir, "blobs", "sha256")
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if keep[entry.Name()] || !entry.Type().IsRegular() {
			continue
		}
		if err := os.Remove(filepath.Join(folder, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) writeIndex(only v1.Descriptor) error {
	index, err := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{only}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.dir, "oci-layout"), []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o644); err != nil {
		return err
	}
	temp := filepath.Join(s.temp, "index.json")
	if err := os.WriteFile(temp, bytes.TrimSpace(index), 0o644); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(s.dir, "index.json"))
}

// until is w while ctx lasts; then every write fails with the cause of its end.
func until(ctx context.Context, w io.Writer) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return w.Write(p)
	})
}

// writerFunc is an io.Writer that is one function.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// counter counts the bytes that are written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
