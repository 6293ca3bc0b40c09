package testkit

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// registryBlobs keeps the blobs of each repository apart.
type registryBlobs struct {
	mu   sync.Mutex
	data map[registryBlob][]byte
}

type registryBlob struct {
	repository string
	digest     v1.Hash
}

func newRegistryBlobs() *registryBlobs {
	return &registryBlobs{data: map[registryBlob][]byte{}}
}

// key drops the part of an upload's address that the registry leaves on the name.
func (b *registryBlobs) key(repository string, digest v1.Hash) registryBlob {
	return registryBlob{strings.TrimSuffix(repository, "/blobs"), digest}
}

func (b *registryBlobs) find(repository string, digest v1.Hash) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, found := b.data[b.key(repository, digest)]
	if !found {
		return nil, registry.ErrNotFound
	}
	return data, nil
}

// Get implements registry.BlobHandler.
func (b *registryBlobs) Get(_ context.Context, repository string, digest v1.Hash) (io.ReadCloser, error) {
	data, err := b.find(repository, digest)
	return io.NopCloser(bytes.NewReader(data)), err
}

// Stat implements registry.BlobStatHandler.
func (b *registryBlobs) Stat(_ context.Context, repository string, digest v1.Hash) (int64, error) {
	data, err := b.find(repository, digest)
	return int64(len(data)), err
}

// Put implements registry.BlobPutHandler.
func (b *registryBlobs) Put(_ context.Context, repository string, digest v1.Hash, content io.ReadCloser) error {
	data, err := io.ReadAll(content)
	if err != nil {
		return err // of the digest that does not fit, too
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.data[b.key(repository, digest)] = data
	return nil
}

// mount takes a blob over from another repository, if an upload asks for that and
// it is there; else the blob must be uploaded.
func (b *registryBlobs) mount(to string, query url.Values) bool {
	digest, err := v1.NewHash(query.Get("mount"))
	if err != nil {
		return false
	}
	data, err := b.find(query.Get("from"), digest)
	if err != nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.data[b.key(to, digest)] = data
	return true
}
