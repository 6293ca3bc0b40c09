package registry_test

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// signedImage is what a build with attestations leaves in a registry, and signers
// beside it: an index of five platforms, an attestation for each, an index within
// it; a signature of the index, an SBOM of one platform, a signature of that SBOM;
// and what cosign keeps by tags.
type signedImage struct {
	reg     *testkit.Registry
	path    string
	index   v1.ImageIndex
	digests []ref.Digest // of all manifests
	tags    []string     // of cosign
}

// anything that can be pushed and has a digest.
type pushable interface {
	remote.Taggable
	partial.Describable
}

func (s *signedImage) push(t *testing.T, id string, m pushable) {
	t.Helper()
	digest := string(digestOf(t, m))
	reference, err := name.ParseReference(s.reg.Host + "/" + s.path + cmp.Or(id, "@"+digest))
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Push(reference, m); err != nil {
		t.Fatal(err)
	}
	if id != ":pr-7" {
		s.digests = append(s.digests, ref.Digest(digest))
	}
}

// putSigned makes one as pr-7 of acme/web.
func putSigned(t *testing.T, reg *testkit.Registry) *signedImage {
	t.Helper()
	return putSignedFor(t, reg, "amd64", "arm64", "arm", "s390x", "ppc64le")
}

func putSignedFor(t *testing.T, reg *testkit.Registry, platforms ...string) *signedImage {
	t.Helper()
	s := &signedImage{reg: reg, path: "acme/web"}
	var children []mutate.IndexAddendum
	for _, arch := range platforms {
		img := mutate.MediaType(randomImage(t, 200, 2), types.OCIManifestSchema1)
		about := mutate.MediaType(randomImage(t, 100, 1), types.OCIManifestSchema1)
		children = append(children,
			mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}},
			mutate.IndexAddendum{Add: about, Descriptor: v1.Descriptor{
				Platform:    &v1.Platform{OS: "unknown", Architecture: "unknown"},
				Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": string(digestOf(t, img))},
			}})
		s.digests = append(s.digests, digestOf(t, img), digestOf(t, about))
	}
	within, err := random.Index(100, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	s.index = mutate.IndexMediaType(mutate.AppendManifests(empty.Index, append(children, mutate.IndexAddendum{Add: within})...), types.OCIImageIndex)
	s.digests = append(s.digests, digestOf(t, s.index), digestOf(t, within))
	s.push(t, ":pr-7", s.index)

	s.push(t, "", artifact(t, s.index, "application/vnd.example.signature"))
	platform := children[0].Add.(v1.Image)
	sbom := artifact(t, platform, "application/spdx+json")
	s.push(t, "", sbom)
	s.push(t, "", artifact(t, sbom, "application/vnd.example.signature"))
	s.cosign(t, s.index, ".sig", randomImage(t, 50, 1))
	s.cosign(t, platform, ".att", randomImage(t, 50, 2))
	reg.Forget()
	return s
}

// cosign attaches something by a tag.
func (s *signedImage) cosign(t *testing.T, to pushable, kind string, img v1.Image) {
	t.Helper()
	hash, err := to.Digest()
	if err != nil {
		t.Fatal(err)
	}
	tag := "sha256-" + hash.Hex + kind
	s.push(t, ":"+tag, img)
	s.tags = append(s.tags, tag)
}

// artifact is something of a kind that names its subject.
func artifact(t *testing.T, subject pushable, kind types.MediaType) v1.Image {
	t.Helper()
	about, err := partial.Descriptor(subject)
	if err != nil {
		t.Fatal(err)
	}
	data, err := subject.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), static.NewLayer(append([]byte(kind), data...), kind))
	if err != nil {
		t.Fatal(err)
	}
	img = mutate.ConfigMediaType(img, kind)
	return mutate.Subject(img, v1.Descriptor{MediaType: about.MediaType, Size: about.Size, Digest: about.Digest}).(v1.Image)
}

// promotion is a request for the image under a version and a floating tag.
func (s *signedImage) promotion(t *testing.T, to ...ref.Repository) registry.PromoteRequest {
	t.Helper()
	return registry.PromoteRequest{
		From: image(t, s.reg.Host+"/"+s.path+":pr-7"), Repositories: to,
		Tags: []registry.Tag{{Name: "latest"}, {Name: "v0.0.8", Rule: registry.Fixed}},
	}
}

// asVersion is a request for main of acme/web as v1.0.0 of team/web.
func asVersion(t *testing.T, from, to *testkit.Registry) registry.PromoteRequest {
	t.Helper()
	return registry.PromoteRequest{
		From: image(t, from.Host+"/acme/web:main"), Repositories: []ref.Repository{repository(t, to.Host+"/team/web")},
		Tags: []registry.Tag{{Name: "v1.0.0", Rule: registry.Fixed}},
	}
}

// remove deletes a manifest, as a clean-up does.
func remove(t *testing.T, reg *testkit.Registry, path string, digest ref.Digest) {
	t.Helper()
	request, err := http.NewRequest(http.MethodDelete, "http://"+reg.Host+"/v2/"+path+"/manifests/"+string(digest), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusAccepted {
		t.Fatal(answer.Status)
	}
}

// wholeAt checks that another repository has every manifest as it is, and lists
// what is attached as the original does.
func (s *signedImage) wholeAt(t *testing.T, to *testkit.Registry, path string) {
	t.Helper()
	client := newClient()
	for _, digest := range s.digests {
		want, kind := manifestAt(t, s.reg, s.path, string(digest))
		got, gotKind := manifestAt(t, to, path, string(digest))
		if !bytes.Equal(got, want) || kind != gotKind {
			t.Errorf("%s is %q (%s), want %q (%s)", digest, got, gotKind, want, kind)
		}
		if diff := gocmp.Diff(attachedTo(t, client, s.reg, s.path, digest), attachedTo(t, client, to, path, digest)); diff != "" {
			t.Errorf("attached to %s, -want +got:\n%s", digest, diff)
		}
	}
	for _, tag := range s.tags {
		if got, want := to.Digest(path, tag), s.reg.Digest(s.path, tag); got != want {
			t.Errorf("%s is %s, want %s", tag, got, want)
		}
	}
}

func manifestAt(t *testing.T, reg *testkit.Registry, path, id string) (data []byte, kind string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+reg.Host+"/v2/"+path+"/manifests/"+id, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []types.MediaType{types.OCIImageIndex, types.OCIManifestSchema1, types.DockerManifestList, types.DockerManifestSchema2} {
		request.Header.Add("Accept", string(kind))
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err = io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("%s %s: %s, %v", path, id, answer.Status, err)
	}
	return data, answer.Header.Get("Content-Type")
}

// attachedTo is what a client finds, in the order of digests.
func attachedTo(t *testing.T, client *registry.Client, reg *testkit.Registry, path string, digest ref.Digest) []string {
	t.Helper()
	found, err := client.Referrers(t.Context(), repository(t, reg.Host+"/"+path), digest)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range found {
		lines = append(lines, string(r.Digest)+" "+r.ArtifactType+" "+string(r.Tag))
	}
	slices.Sort(lines)
	return lines
}
