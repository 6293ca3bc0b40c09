//go:build e2e

package e2e

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// provenance is what BuildKit attests of an image, in its short form.
const provenance = `{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://slsa.dev/provenance/v0.2","subject":[],` +
	`"predicate":{"builder":{"id":"https://acme.example/builder"},"buildType":"https://mobyproject.org/buildkit@v1","materials":[]}}`

// attested is an index of two platforms, each with its provenance, in the shape that
// BuildKit gives them.
func attested(t *testing.T) v1.ImageIndex {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	var proofs []mutate.IndexAddendum
	for _, arch := range []string{"amd64", "arm64"} {
		image, err := random.Image(20_000, 2)
		check(t, err)
		config, err := image.ConfigFile()
		check(t, err)
		config.OS, config.Architecture = "linux", arch
		image, err = mutate.ConfigFile(mutate.MediaType(image, types.OCIManifestSchema1), config)
		check(t, err)
		digest, err := image.Digest()
		check(t, err)
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
		proofs = append(proofs, proof(t, digest))
	}
	return mutate.AppendManifests(index, proofs...)
}

// proof is the manifest with the provenance of an image.
func proof(t *testing.T, of v1.Hash) mutate.IndexAddendum {
	t.Helper()
	image, err := mutate.Append(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), mutate.Addendum{
		Layer:       static.NewLayer([]byte(strings.Replace(provenance, "[]", `[{"name":"web","digest":{"sha256":"`+of.Hex+`"}}]`, 1)), "application/vnd.in-toto+json"),
		Annotations: map[string]string{"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"},
	})
	check(t, err)
	return mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{
		Platform:    &v1.Platform{OS: "unknown", Architecture: "unknown"},
		Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": of.String()},
	}}
}

// layoutOf writes an index to a folder as an OCI layout.
func layoutOf(t *testing.T, index v1.ImageIndex) (folder, digest string) {
	t.Helper()
	folder = t.TempDir()
	path, err := layout.Write(folder, empty.Index)
	check(t, err)
	check(t, path.AppendIndex(index))
	hash, err := index.Digest()
	check(t, err)
	return folder, hash.String()
}

// children are the platforms that buildx finds in an index. It can read each.
func (l *lab) children(image, digest string) (all []string) {
	l.t.Helper()
	var index v1.IndexManifest
	check(l.t, json.Unmarshal([]byte(l.raw(image, digest)), &index))
	name := image[:strings.LastIndex(image, ":")]
	for _, child := range index.Manifests {
		l.raw(name+"@"+child.Digest.String(), child.Digest.String())
		all = append(all, child.Platform.String())
	}
	slices.Sort(all)
	return all
}

// TestAnIndexGoesWholeWithItsAttestations pushes an index from a folder and from a
// tar, and promotes it on to another registry. buildx reads the same bytes in all
// of them, the images within, and what is attested of them.
func TestAnIndexGoesWholeWithItsAttestations(t *testing.T) {
	l := newLab(t)
	guarded, successor := l.private(), startServer(t, "distribution", t.TempDir()).address()
	folder, digest := layoutOf(t, attested(t))
	archive := filepath.Join(t.TempDir(), "image.tar")
	tarOf(t, folder, archive)
	known, client := l.knowing(guarded), l.loggedIn(guarded)
	for name, args := range map[string][]string{
		guarded + "/acme/folder:v1":    {"push", "--from", folder, "--images", guarded + "/acme/folder", "--tags", "raw=v1"},
		successor + "/acme/archive:v1": {"push", "--from", archive, "--images", successor + "/acme/archive", "--tags", "raw=v1"},
	} {
		if got := known.verb(args...); got.Digest != digest || got.Images != name+"@"+digest {
			t.Errorf("%s: it pushed %+v, want %s", name, got, digest)
		}
	}
	got := known.verb("promote", "--from", guarded+"/acme/folder:v1", "--images", successor+"/acme/promoted", "--to", "v0.0.8", "--to", "latest")
	if got.Digest != digest || !slices.Equal(lines(got.Tags), []string{"v0.0.8", "latest"}) {
		t.Errorf("it promoted %+v, want %s", got, digest)
	}
	want := []string{"linux/amd64", "linux/arm64", "unknown/unknown", "unknown/unknown"}
	for _, image := range []string{guarded + "/acme/folder:v1", successor + "/acme/archive:v1", successor + "/acme/promoted:v0.0.8", successor + "/acme/promoted:latest"} {
		if diff := cmp.Diff(want, client.children(image, digest)); diff != "" {
			t.Errorf("%s: -want +got\n%s", image, diff)
		}
		if of := client.pull(image).RepoDigests; !slices.Contains(of, image[:strings.LastIndex(image, ":")]+"@"+digest) {
			t.Errorf("docker says that %s has the digests %v", image, of)
		}
		for _, platform := range want[:2] {
			builder := client.output("docker", "buildx", "imagetools", "inspect", image, "--format", `{{(index .Provenance "`+platform+`").SLSA.builder.id}}`)
			if builder != "https://acme.example/builder" {
				t.Errorf("buildx says that %s of %s was built by %q", platform, image, builder)
			}
		}
	}
}
