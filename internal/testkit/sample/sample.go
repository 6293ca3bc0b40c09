// Package sample makes images for tests, and holds errors against what they should
// tell.
package sample

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Image is one that nobody else has, with layers of so many bytes each.
func Image(t testing.TB, size, layers int64) v1.Image {
	t.Helper()
	image, err := random.Image(size, layers)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// Index names so many images of that kind.
func Index(t testing.TB, size, layers, images int64) v1.ImageIndex {
	t.Helper()
	index, err := random.Index(size, layers, images)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// Layout writes an image, or an index with all that it names, into an OCI layout, as a
// build leaves it.
func Layout(t testing.TB, of interface{ Digest() (v1.Hash, error) }) (dir string, digest ref.Digest) {
	t.Helper()
	dir = t.TempDir()
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	switch of := of.(type) {
	case v1.Image:
		err = path.AppendImage(of)
	case v1.ImageIndex:
		err = path.AppendIndex(of)
	default:
		t.Fatalf("%T is neither an image nor an index", of)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir, Digest(t, of)
}

// Digest is that of an image, an index or a layer.
func Digest(t testing.TB, of interface{ Digest() (v1.Hash, error) }) ref.Digest {
	t.Helper()
	hash, err := of.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return ref.Digest(hash.String())
}

// Fault sees that err is one fault with a code, that it tells something, and that its
// hint says what to do.
func Fault(t testing.TB, err error, code, told, hint string) {
	t.Helper()
	all := fault.All(err)
	if len(all) != 1 || all[0].Code != code {
		t.Fatalf("got %s: %v, want %s", fault.Code(err), err, code)
	}
	if !strings.Contains(all[0].Error(), told) {
		t.Errorf("error %q lacks %q", all[0], told)
	}
	if !strings.Contains(all[0].Hint, hint) {
		t.Errorf("hint %q lacks %q", all[0].Hint, hint)
	}
}
