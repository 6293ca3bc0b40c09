package bench

import (
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// attested is an index of five platforms with an attestation each, as buildx makes
// them, and what signers and scanners have attached: a signature of the index, an SBOM
// of every platform, and a signature of the first of those.
type attested struct {
	index    v1.ImageIndex
	attached []v1.Image // in an order in which they can be pushed
}

// thing is what can be pushed and has a digest.
type thing interface {
	remote.Taggable
	partial.Describable
}

func newAttested(b *testing.B) attested {
	b.Helper()
	var children []mutate.IndexAddendum
	var platforms []v1.Image
	for _, arch := range []string{"amd64", "arm64", "arm", "s390x", "ppc64le"} {
		img, about := small(b, 2), small(b, 1)
		digest, err := img.Digest()
		if err != nil {
			b.Fatal(err)
		}
		platforms = append(platforms, img)
		children = append(children,
			mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}},
			mutate.IndexAddendum{Add: about, Descriptor: v1.Descriptor{
				Platform:    &v1.Platform{OS: "unknown", Architecture: "unknown"},
				Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest.String()},
			}})
	}
	a := attested{index: mutate.IndexMediaType(mutate.AppendManifests(empty.Index, children...), types.OCIImageIndex)}
	a.attached = append(a.attached, attachment(b, a.index, "application/vnd.example.signature"))
	for _, platform := range platforms {
		a.attached = append(a.attached, attachment(b, platform, "application/spdx+json"))
	}
	a.attached = append(a.attached, attachment(b, a.attached[1], "application/vnd.example.signature"))
	return a
}

func small(b *testing.B, layers int64) v1.Image {
	b.Helper()
	img, err := random.Image(1000, layers)
	if err != nil {
		b.Fatal(err)
	}
	return mutate.MediaType(img, types.OCIManifestSchema1)
}

// attachment is something of a kind that names its subject.
func attachment(b *testing.B, subject thing, kind types.MediaType) v1.Image {
	b.Helper()
	of, err := partial.Descriptor(subject)
	if err != nil {
		b.Fatal(err)
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), kind)
	img, err = mutate.AppendLayers(img, static.NewLayer([]byte(string(kind)+of.Digest.String()), kind))
	if err != nil {
		b.Fatal(err)
	}
	return mutate.Subject(img, v1.Descriptor{MediaType: of.MediaType, Size: of.Size, Digest: of.Digest}).(v1.Image)
}

// push puts it all into a repository, the index under a tag.
func (a attested) push(b *testing.B, repository, tag string) {
	b.Helper()
	put := func(id string, m remote.Taggable) {
		to, err := name.ParseReference(repository + id)
		if err == nil {
			err = remote.Push(to, m)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	put(":"+tag, a.index)
	for i, id := range a.digests(b)[1:] {
		put("@"+id, a.attached[i])
	}
}

// digests are those of the index and of all that is attached.
func (a attested) digests(b *testing.B) (all []string) {
	b.Helper()
	for _, m := range append([]thing{a.index}, things(a.attached)...) {
		digest, err := m.Digest()
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, digest.String())
	}
	return all
}

func things(images []v1.Image) (all []thing) {
	for _, img := range images {
		all = append(all, img)
	}
	return all
}

// arrivedAt fails where a repository lacks any of it.
func (a attested) arrivedAt(b *testing.B, repository string) {
	b.Helper()
	for _, digest := range a.digests(b) {
		to, err := name.ParseReference(repository + "@" + digest)
		if err == nil {
			_, err = remote.Head(to)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
