package archive

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Names of images in the annotations of an index.json: the first is that of the
// specification, and often no more than a tag.
const (
	refNameKey        = "org.opencontainers.image.ref.name"
	containerdNameKey = "io.containerd.image.name"
)

// hintForeign is for a layout that was made elsewhere, hintOwn for one of a build.
const (
	hintForeign = "name the folder of an OCI layout, with index.json and blobs in it, and make it again if it is damaged"
	hintOwn     = "build the image again; the folder must be an OCI layout whose index.json names the digest"
)

// Find finds the image in an OCI layout that was made elsewhere. Where there are
// several, want is the name, the tag or the digest of one of them. All that the
// image consists of is there then, in full length; Verify compares the digests of
// what is large. It fails with E_LAYOUT.
func Find(dir, want string) (Source, error) {
	found, err := entryOf(dir, want)
	if err == nil {
		_, err = inspect(dir, found, false)
	}
	if err != nil {
		return Source{}, layoutFault(dir, hintForeign, err)
	}
	return Source{Layout: dir, Digest: ref.Digest(found.Digest.String())}, nil
}

// Verify compares the digest of everything that the image consists of with its
// content. It fails with E_LAYOUT.
func (s Source) Verify(ctx context.Context) error {
	found, err := entryOf(s.Layout, string(s.Digest))
	var large []v1.Descriptor
	if err == nil {
		large, err = inspect(s.Layout, found, false)
	}
	if err == nil {
		err = hashAll(ctx, s.Layout, large)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("the OCI layout %q: %w", s.Layout, context.Cause(ctx))
	}
	return layoutFault(s.Layout, hintForeign, err)
}

// Check sees that an OCI layout of a build holds all of an image, in full length,
// and that what is small is what its digest says, and gives the image's entry in
// index.json. It fails with E_LAYOUT.
func Check(dir string, digest ref.Digest) (v1.Descriptor, error) {
	found, err := entryOf(dir, string(digest))
	if err == nil {
		_, err = inspect(dir, found, false)
	}
	if err != nil {
		return v1.Descriptor{}, layoutFault(dir, hintOwn, fmt.Errorf("image %s: %w", digest, err))
	}
	return found, nil
}

// CheckBlob compares the content of one blob of an OCI layout with its digest. It
// fails with E_LAYOUT.
func CheckBlob(ctx context.Context, dir string, digest v1.Hash) error {
	err := hashAll(ctx, dir, []v1.Descriptor{{Digest: digest}})
	if err == nil || ctx.Err() != nil {
		return err
	}
	return layoutFault(dir, "make the image again: the content of a blob is not what its digest says", err)
}

func layoutFault(dir, hint string, err error) error {
	return fault.New("E_LAYOUT", hint, fmt.Errorf("the OCI layout %q: %w", dir, err))
}

// entryOf reads the index.json of a layout.
func entryOf(dir, want string) (v1.Descriptor, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer root.Close()
	file, _, err := openIn(root, "index.json")
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer file.Close()
	data, err := readAll(file)
	if err != nil {
		return v1.Descriptor{}, fmt.Errorf("index.json: %w", err)
	}
	return chooseEntry(data, want)
}

// chooseEntry finds the only image of an index.json, or the one that is wanted.
func chooseEntry(data []byte, want string) (v1.Descriptor, error) {
	index, err := v1.ParseIndexManifest(bytes.NewReader(data))
	if err != nil {
		return v1.Descriptor{}, fmt.Errorf("index.json: %w", err)
	}
	_, notDigest := ref.ParseDigest(want)
	var names []string
	var found []v1.Descriptor
	for _, entry := range index.Manifests {
		told := []string{entry.Annotations[containerdNameKey], entry.Annotations[refNameKey], entry.Digest.String()}
		fits := want == "" || entry.Digest.String() == want ||
			notDigest != nil && slices.ContainsFunc(told, func(name string) bool { return sameName(name, want) })
		if fits && !slices.ContainsFunc(found, func(d v1.Descriptor) bool { return d.Digest == entry.Digest }) {
			found = append(found, entry)
		}
		names = append(names, strings.Join(slices.DeleteFunc(told, func(s string) bool { return s == "" }), " = "))
	}
	if len(found) != 1 {
		return v1.Descriptor{}, unclear(names, want)
	}
	return found[0], nil
}

// unclear says what there is to choose from.
func unclear(names []string, want string) error {
	if len(names) == 0 {
		return fmt.Errorf("there is no image in it")
	}
	list := strings.Join(names, ", ")
	if want == "" {
		return fmt.Errorf("there are %d images in it, say which: %s", len(names), list)
	}
	return fmt.Errorf("no image in it, or more than one, is called %q; there are %s", want, list)
}

// sameName compares names of images, of which the beginning and the end may go
// without saying.
func sameName(a, b string) bool {
	if a == "" || a == b {
		return a == b
	}
	first, err := name.ParseReference(a, name.WithDefaultRegistry("docker.io"))
	if err != nil {
		return false
	}
	second, err := name.ParseReference(b, name.WithDefaultRegistry("docker.io"))
	return err == nil && first.Name() == second.Name()
}

func blobFile(hash v1.Hash) string { return filepath.Join("blobs", hash.Algorithm, hash.Hex) }

// openIn opens a regular file of a folder; links are not followed.
func openIn(root *os.Root, name string) (*os.File, int64, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is no regular file", name)
	}
	file, err := root.Open(name)
	return file, info.Size(), err
}
