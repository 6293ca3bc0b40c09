package ref_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/distribution/reference"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// library reads a reference as github.com/distribution/reference does. What it
// takes for a name without any registry, and digests that are not SHA-256, are
// no images to us.
func library(s string) (image ref.Image, ok bool) {
	named, err := reference.ParseNormalizedNamed(s)
	if err != nil || reference.Domain(named) == "" {
		return ref.Image{}, false
	}
	text := named.Name()
	if t, ok := named.(reference.Tagged); ok {
		image.Tag = ref.Tag(t.Tag())
	}
	if d, ok := named.(reference.Digested); ok {
		if image.Digest, err = ref.ParseDigest(d.Digest().String()); err != nil {
			return ref.Image{}, false
		}
	}
	image.Repository, err = ref.ParseRepository(text)
	return image, err == nil && image.Repository.String() == text
}

func compare(t *testing.T, s string) {
	t.Helper()
	got, err := ref.ParseImage(s)
	want, ok := library(s)
	if (err == nil) != ok || err == nil && got != want {
		t.Errorf("%q is read as %+v, %v; the library says %+v, %t", s, got, err, want, ok)
	}
}

// Texts of what names are made of are read as the library reads them.
func TestGrammarIsTheLibrarys(t *testing.T) {
	parts := []string{"nginx", "a", "Web", "localhost", "ghcr.io", "docker.io", "index.docker.io", "library", "x-y", "a--b", "a__b", "a___b", "a..b",
		"/", "/", "/", ":", ":", "@", ".", "-", "_", "[::1]", "[", "]", "5000", "v1.2.3", "é", " ", "\n", sum, "sha256:", strings.Repeat("a1", 32), strings.Repeat("b", 130)}
	random := rand.New(rand.NewPCG(1, 2))
	valid := 0
	for range 60_000 {
		var b strings.Builder
		for range 1 + random.IntN(7) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		compare(t, b.String())
		if _, err := ref.ParseImage(b.String()); err == nil {
			valid++
		}
	}
	if valid < 2000 {
		t.Errorf("only %d texts were references", valid)
	}
}

func FuzzGrammar(f *testing.F) {
	for _, seed := range []string{"nginx", "ghcr.io/acme/web:v1@" + sum, "[::1]:5000/x", "A/b", "a:b:c", "localhost:5000", "a_b.c/d", "[]/a", "a./b", "a:/b", "[A/o"} {
		f.Add(seed)
	}
	f.Fuzz(compare)
}
