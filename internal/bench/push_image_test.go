package bench

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"archive/tar"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layers is how many of them the image has that is pushed.
const layers = 12

// noise is an image of so many bytes that do not compress: a file in every layer. The
// layers are packed with gzip, which docker asks for, and take no longer to unpack
// than to copy.
func noise(b *testing.B, size int64) v1.Image {
	b.Helper()
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.ConfigFile(img, &v1.ConfigFile{OS: "linux", Architecture: "amd64", Config: v1.Config{Cmd: []string{"/none"}}})
	if err != nil {
		b.Fatal(err)
	}
	for i := range layers {
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return file(byte(i), size/layers) },
			tarball.WithCompressionLevel(gzip.NoCompression), tarball.WithMediaType(types.OCILayer))
		if err == nil {
			img, err = mutate.AppendLayers(img, layer)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return img
}

// file is a tar with one file.
func file(seed byte, size int64) (io.ReadCloser, error) {
	var head bytes.Buffer
	if err := tar.NewWriter(&head).WriteHeader(&tar.Header{Name: fmt.Sprintf("data/%02d.bin", seed), Mode: 0o644, Size: size}); err != nil {
		return nil, err
	}
	const block = 512
	end := bytes.NewReader(make([]byte, (block-size%block)%block+2*block))
	return io.NopCloser(io.MultiReader(&head, io.LimitReader(rand.NewChaCha8([32]byte{seed}), size), end)), nil
}

// onDisk writes an image as an OCI layout.
func onDisk(b *testing.B, dir string, img v1.Image) {
	b.Helper()
	path, err := layout.Write(dir, empty.Index)
	if err == nil {
		err = path.AppendImage(img)
	}
	if err != nil {
		b.Fatal(err)
	}
}
