package registry

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Names of images in the annotations of an index.json: the first is that of the
// specification, and often no more than a tag.
const (
	refNameKey        = "org.opencontainers.image.ref.name"
	containerdNameKey = "io.containerd.image.name"
)

// DigestOf finds the image in an OCI layout that was made elsewhere, and checks the
// digest of everything that it consists of. Where there are several images, want is
// the name, the tag or the digest of one of them. It fails with E_LAYOUT.
func DigestOf(dir, want string) (ref.Digest, error) {
	found, err := digestOf(dir, want)
	if err != nil {
		return "", fault.New("E_LAYOUT", "name the folder of an OCI layout, with index.json and blobs in it, and make it again if it is damaged",
			fmt.Errorf("the OCI layout %q: %w", dir, err))
	}
	return found, nil
}

func digestOf(dir, want string) (ref.Digest, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	data, err := readIn(root, "index.json")
	if err != nil {
		return "", err
	}
	found, err := chooseEntry(data, want)
	if err != nil {
		return "", err
	}
	if err := (inspection{root: root, sums: true, seen: map[v1.Hash]bool{}}).check(found); err != nil {
		return "", err
	}
	return ref.ParseDigest(found.Digest.String())
}

// oci finds the image in the OCI layout that an archive holds. It fails where that
// is not whole, or, if docker has saved it in another form beside, not compressed.
func (a *archive) oci(list member, want string, elsewhere bool) (v1.Descriptor, error) {
	data, err := readSmall(list.file)
	if err != nil {
		return v1.Descriptor{}, err
	}
	found, err := chooseEntry(data, want)
	if err != nil {
		return v1.Descriptor{}, err
	}
	root, err := os.OpenRoot(a.dir)
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer root.Close()
	return found, inspection{root: root, packed: elsewhere, seen: map[v1.Hash]bool{}}.check(found)
}

// chooseEntry finds the only image of an index.json, or the one that is wanted.
func chooseEntry(data []byte, want string) (v1.Descriptor, error) {
	index, err := v1.ParseIndexManifest(bytes.NewReader(data))
	if err != nil {
		return v1.Descriptor{}, fmt.Errorf("index.json: %w", err)
	}
	var names []string
	var found []v1.Descriptor
	for _, entry := range index.Manifests {
		told := []string{entry.Annotations[containerdNameKey], entry.Annotations[refNameKey], entry.Digest.String()}
		if want == "" || slices.ContainsFunc(told, func(name string) bool { return sameName(name, want) }) {
			if !slices.ContainsFunc(found, func(d v1.Descriptor) bool { return d.Digest == entry.Digest }) {
				found = append(found, entry)
			}
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

// inspection looks whether all that a manifest names is there.
type inspection struct {
	root   *os.Root
	sums   bool // what is there is read, too
	packed bool // layers must be compressed
	seen   map[v1.Hash]bool
}

func (i inspection) check(entry v1.Descriptor) error {
	if i.seen[entry.Digest] {
		return nil
	}
	i.seen[entry.Digest] = true
	if err := i.checkBlob(entry); err != nil {
		return err
	}
	if !entry.MediaType.IsIndex() && !entry.MediaType.IsImage() {
		return nil
	}
	data, err := readIn(i.root, blobFile(entry.Digest))
	if err != nil {
		return err
	}
	if entry.MediaType.IsIndex() {
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
	manifest, err := v1.ParseManifest(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("manifest %s: %w", entry.Digest, err)
	}
	for _, blob := range append(manifest.Layers, manifest.Config) {
		if i.packed && (blob.MediaType == types.OCIUncompressedLayer || blob.MediaType == types.DockerUncompressedLayer) {
			return fmt.Errorf("layer %s is not compressed", blob.Digest)
		}
		if err := i.checkBlob(blob); err != nil {
			return err
		}
	}
	return nil
}

func (i inspection) checkBlob(blob v1.Descriptor) error {
	if !blob.MediaType.IsDistributable() {
		return nil // such as Windows' base layers, which stay where they are
	}
	if _, err := v1.NewHash(blob.Digest.String()); err != nil {
		return err
	}
	file, size, err := openIn(i.root, blobFile(blob.Digest))
	if err != nil {
		return err
	}
	defer file.Close()
	if size != blob.Size {
		return fmt.Errorf("blob %s has %d bytes, not %d", blob.Digest, size, blob.Size)
	}
	if !i.sums {
		return nil
	}
	sum, err := v1.Hasher(blob.Digest.Algorithm)
	if err != nil {
		return err
	}
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if got := hashOf(blob.Digest.Algorithm, sum); got != blob.Digest {
		return fmt.Errorf("blob %s is damaged: the content is %s", blob.Digest, got)
	}
	return nil
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

func readIn(root *os.Root, name string) ([]byte, error) {
	file, size, err := openIn(root, name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if size > maxAnswer {
		return nil, fmt.Errorf("%s has %d bytes, more than a manifest may have", name, size)
	}
	return io.ReadAll(file)
}
