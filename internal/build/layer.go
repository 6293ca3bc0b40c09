package build

import (
	"context"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layer is one layer of an image: in the store, or still in a registry.
type layer struct {
	v1.Descriptor
	diffID v1.Hash
	store  *store
	remote func() (io.ReadCloser, error) // where it comes from; nil if it was made here
	retry  retry                         // for a download that breaks off
}

// pull copies a layer of a base image into the store, unless it is there.
func (l *layer) pull(ctx context.Context) error {
	if l.remote == nil || l.store.has(l.Digest, l.Size) {
		return context.Cause(ctx)
	}
	return l.retry.do(ctx, "layer "+l.Digest.String(), func() error { return l.download(ctx) })
}

func (l *layer) download(ctx context.Context) error {
	r, err := l.remote()
	if err != nil {
		return err
	}
	defer r.Close()
	digest, _, err := l.store.put(ctx, func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	})
	if err == nil && digest != l.Digest {
		err = fmt.Errorf("the registry sent %s for layer %s", digest, l.Digest)
	}
	return err
}

// open reads the tar stream of a layer that is in the store, whatever it is
// compressed with. Reading fails with the cause of ctx once that is done.
func (l *layer) open(ctx context.Context) (io.ReadCloser, error) {
	whole, err := partial.CompressedToLayer(blob{l})
	if err != nil {
		return nil, err
	}
	r, err := whole.Uncompressed()
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{readerFunc(func(p []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return r.Read(p)
	}), r}, nil
}

// readerFunc is an io.Reader that is one function.
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// blob is a layer as go-containerregistry asks for it.
type blob struct{ *layer }

func (b blob) Digest() (v1.Hash, error)            { return b.layer.Digest, nil }
func (b blob) Size() (int64, error)                { return b.layer.Size, nil }
func (b blob) MediaType() (types.MediaType, error) { return b.layer.MediaType, nil }
func (b blob) Compressed() (io.ReadCloser, error)  { return os.Open(b.store.path(b.layer.Digest)) }

// ociLayers are the names that OCI has for Docker's kinds of layers.
var ociLayers = map[types.MediaType]types.MediaType{
	types.DockerLayer:             types.OCILayer,
	types.DockerUncompressedLayer: types.OCIUncompressedLayer,
	types.OCILayer:                types.OCILayer,
	types.OCILayerZStd:            types.OCILayerZStd,
	types.OCIUncompressedLayer:    types.OCIUncompressedLayer,
}
