package archive_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/match"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/archive"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

func TestFindInALayout(t *testing.T) {
	dir, digest := onDisk(t, randomImage(t, 1<<10, 2))
	two := t.TempDir()
	path, err := layout.Write(two, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	first, second := randomImage(t, 100, 1), randomImage(t, 100, 1)
	for tag, img := range map[string]v1.Image{"v1": first, "ghcr.io/acme/web:v2": second} {
		if err := path.AppendImage(img, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag})); err != nil {
			t.Fatal(err)
		}
	}
	index, err := random.Index(100, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	many := t.TempDir()
	if path, err = layout.Write(many, empty.Index); err != nil {
		t.Fatal(err)
	}
	if err := path.ReplaceIndex(index, match.Digests()); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		dir, want string
		digest    ref.Digest
		told      string
	}{
		"the only one":        {dir: dir, digest: digest},
		"by its digest":       {dir: dir, want: string(digest), digest: digest},
		"by its tag":          {dir: two, want: "v1", digest: digestOf(t, first)},
		"by its name":         {dir: two, want: "ghcr.io/acme/web:v2", digest: digestOf(t, second)},
		"an index":            {dir: many, digest: digestOf(t, index)},
		"which of them":       {dir: two, told: "2 images in it, say which: "},
		"none of that name":   {dir: two, want: "v3", told: `is called "v3"`},
		"none of that digest": {dir: named(t, string(digest)), want: string(digest), told: "is called"},
		"no layout":           {dir: t.TempDir(), told: "no such file"},
		"no folder":           {dir: filepath.Join(dir, "none"), told: "no such file"},
		"index.json is text":  {dir: withIndex(t, "hello"), told: "index.json"},
		"nothing in it":       {dir: withIndex(t, `{"schemaVersion":2,"manifests":[]}`), told: "no image in it"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := archive.Find(test.dir, test.want)
			if err == nil {
				err = found.Verify(t.Context())
			}
			if test.told != "" {
				check(t, err, "E_LAYOUT", test.told, "OCI layout")
				return
			}
			if err != nil || found != (archive.Source{Layout: test.dir, Digest: test.digest}) {
				t.Errorf("got %v and %v, want %s", found, err, test.digest)
			}
		})
	}
}

// named is an OCI layout of an image that is called so.
func named(t testing.TB, name string) string {
	t.Helper()
	dir := t.TempDir()
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := path.AppendImage(randomImage(t, 10, 1), layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": name})); err != nil {
		t.Fatal(err)
	}
	return dir
}

// What is small is compared with its digest at once, what is large when there is
// time for it; that something is there, in full length, is seen at once in any case.
func TestDamagedLayouts(t *testing.T) {
	const little, much = 1 << 10, 2 << 20
	for name, test := range map[string]struct {
		size   int64
		which  part
		damage func(path string) error
		told   string
		late   bool
	}{
		"a large layer":           {much, aLayer, flip, "is damaged", true},
		"a small layer":           {little, aLayer, flip, "is damaged", false},
		"the config":              {much, theConfig, flip, "is damaged", false},
		"the manifest":            {much, theManifest, flip, "is damaged", false},
		"a layer is cut off":      {much, aLayer, func(path string) error { return os.Truncate(path, 10) }, "has 10 bytes, not ", false},
		"the manifest is cut off": {much, theManifest, func(path string) error { return os.Truncate(path, 10) }, "has 10 bytes, not ", false},
		"a layer is missing":      {much, aLayer, os.Remove, "no such file", false},
		"the config is missing":   {much, theConfig, os.Remove, "no such file", false},
		"a layer is a link":       {much, aLayer, linked, "no regular file", false},
		"nothing":                 {much, aLayer, func(string) error { return nil }, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir, digest, blob := harmed(t, test.size, test.which, test.damage)
			source, err := archive.Find(dir, "")
			if test.late || test.told == "" {
				if err != nil || source.Digest != digest {
					t.Fatalf("found %v, %v", source, err)
				}
				if _, err := archive.Check(dir, digest); err != nil {
					t.Error(err)
				}
			} else {
				check(t, err, "E_LAYOUT", test.told, "OCI layout")
				_, err = archive.Check(dir, digest)
				check(t, err, "E_LAYOUT", test.told, "build the image again")
			}
			if test.told == "" {
				if err := source.Verify(t.Context()); err != nil {
					t.Error(err)
				}
				return
			}
			check(t, archive.Source{Layout: dir, Digest: digest}.Verify(t.Context()), "E_LAYOUT", test.told, "OCI layout")
			if test.late {
				check(t, archive.CheckBlob(t.Context(), dir, blob), "E_LAYOUT", blob.String()+" is damaged", "make the image again")
			}
		})
	}
}

func TestVerifyEnds(t *testing.T) {
	dir, digest := onDisk(t, randomImage(t, 2<<20, 2))
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	err := archive.Source{Layout: dir, Digest: digest}.Verify(ctx)
	if err == nil || fault.Code(err) == "E_LAYOUT" || !strings.Contains(err.Error(), "enough") {
		t.Errorf("got %v", err)
	}
}

// An index names another one twice, and that another one twice, and so on: there are
// more ways through it than can be gone, and 43 blobs.
func TestNestedIndexes(t *testing.T) {
	dir, digest := onDisk(t, randomImage(t, 10, 1))
	hash, err := v1.NewHash(string(digest))
	if err != nil {
		t.Fatal(err)
	}
	d, err := archive.Check(dir, digest)
	if err != nil || d.Digest != hash {
		t.Fatal(d, err)
	}
	for range 40 {
		d = indexOf(t, dir, d, d)
	}
	if err := os.WriteFile(filepath.Join(dir, "index.json"), []byte(marshal(t, v1.IndexManifest{SchemaVersion: 2, Manifests: []v1.Descriptor{d}})), 0o644); err != nil {
		t.Fatal(err)
	}
	source, err := archive.Find(dir, "")
	if err != nil || string(source.Digest) != d.Digest.String() {
		t.Fatal(source, err)
	}
}

// indexOf writes an index into a layout.
func indexOf(t testing.TB, dir string, of ...v1.Descriptor) v1.Descriptor {
	t.Helper()
	data := []byte(marshal(t, v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: of}))
	hash, size, err := v1.SHA256(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "blobs", "sha256", hash.Hex), data, 0o644); err != nil {
		t.Fatal(err)
	}
	return v1.Descriptor{MediaType: types.OCIImageIndex, Size: size, Digest: hash}
}

// An index that names itself can be written, but is not what its name says.
func TestAnIndexNamesItself(t *testing.T) {
	dir, digest := onDisk(t, randomImage(t, 10, 1))
	self := v1.Hash{Algorithm: "sha256", Hex: strings.TrimPrefix(string(digest), "sha256:")}
	d := v1.Descriptor{MediaType: types.OCIImageIndex, Digest: self}
	data := marshal(t, v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{d}})
	d.Size = int64(len(data)) + 2 // of its own size in the text
	data = marshal(t, v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{d}})
	for name, content := range map[string]string{"blobs/sha256/" + self.Hex: data, "index.json": data} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, err := archive.Check(dir, digest)
	check(t, err, "E_LAYOUT", "is damaged", "build the image again")
}

// part picks a blob of an image.
type part func(testing.TB, v1.Image) v1.Hash

func aLayer(t testing.TB, img v1.Image) v1.Hash {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := layers[1].Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func theConfig(t testing.TB, img v1.Image) v1.Hash {
	t.Helper()
	digest, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func theManifest(t testing.TB, img v1.Image) v1.Hash {
	t.Helper()
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// harmed is an OCI layout of which one blob was damaged.
func harmed(t testing.TB, size int64, which part, damage func(path string) error) (dir string, digest ref.Digest, blob v1.Hash) {
	t.Helper()
	img := randomImage(t, size, 3)
	dir, digest = onDisk(t, img)
	blob = which(t, img)
	if err := damage(filepath.Join(dir, "blobs", "sha256", blob.Hex)); err != nil {
		t.Fatal(err)
	}
	return dir, digest, blob
}

func flip(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	return os.WriteFile(path, data, 0o644)
}

func linked(path string) error {
	if err := os.Rename(path, path+"-away"); err != nil {
		return err
	}
	return os.Symlink(filepath.Base(path)+"-away", path)
}

func withIndex(t testing.TB, content string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.json"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}
