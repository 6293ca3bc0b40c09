package archive

import (
	"crypto/sha256"
	"hash"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// newBlob is a blob that is being written: its name is known when it is whole.
type newBlob struct {
	archive *archive
	file    *os.File
	sum     hash.Hash
	size    int64
}

func (a *archive) create() (*newBlob, error) {
	folder := filepath.Join(a.dir, "blobs", "sha256")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, &unwritten{err}
	}
	file, err := os.CreateTemp(a.dir, "blob-")
	if err != nil {
		return nil, &unwritten{err}
	}
	return &newBlob{archive: a, file: file, sum: sha256.New()}, nil
}

func (b *newBlob) Write(p []byte) (int, error) {
	n, err := b.file.Write(p)
	b.sum.Write(p[:n])
	b.size += int64(n)
	if err != nil {
		err = &unwritten{err}
	}
	return n, err
}

// finish gives the blob its name.
func (b *newBlob) finish(kind types.MediaType) (v1.Descriptor, error) {
	if err := b.file.Close(); err != nil {
		return v1.Descriptor{}, &unwritten{err}
	}
	d := v1.Descriptor{MediaType: kind, Size: b.size, Digest: hashOf("sha256", b.sum)}
	if err := os.Rename(b.file.Name(), b.archive.blobPath(d.Digest)); err != nil {
		return v1.Descriptor{}, &unwritten{err}
	}
	return d, nil
}

// drop removes a blob that was not finished.
func (b *newBlob) drop() {
	b.file.Close()
	os.Remove(b.file.Name())
}

// unwritten is what went wrong with the folder that an archive is unpacked to, and
// not with the archive.
type unwritten struct{ err error }

func (u *unwritten) Error() string { return u.err.Error() }
func (u *unwritten) Unwrap() error { return u.err }
