package registry_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
)

// The index that stands for the API is nobody's alone: what others have written
// stays, and what they undo is written again.
func TestPromoteAmongOtherSigners(t *testing.T) {
	from, to := withAPI(t, true), withAPI(t, false)
	signed := putSignedFor(t, from, "amd64")
	digest := digestOf(t, signed.index)
	tag := "sha256-" + string(digest)[len("sha256:"):]
	own := `{"mediaType":"application/vnd.example+json","digest":"` + attachedDigest(7) + `","size":7,"x-own":["stays"]}`
	put := func() {
		t.Helper()
		request, err := http.NewRequest(http.MethodPut, "http://"+to.Host+"/v2/team/web/manifests/"+tag,
			bytes.NewReader([]byte(`{"schemaVersion":2,"mediaType":"`+indexType+`","manifests":[`+own+`],"annotations":{"a":"b"}}`)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", indexType)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusCreated {
			t.Fatal(answer.Status)
		}
	}
	put()
	var once sync.Once
	client := newClient()
	client.Transport = after{remote.DefaultTransport, http.MethodPut, "/manifests/" + tag, func() { once.Do(put) }}
	if _, err := client.Promote(t.Context(), signed.promotion(t, repository(t, to.Host+"/team/web"))); err != nil {
		t.Fatal(err)
	}
	data, _ := manifestAt(t, to, "team/web", tag)
	var index struct {
		Manifests   []json.RawMessage
		Annotations map[string]string
	}
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	has := slices.ContainsFunc(index.Manifests, func(m json.RawMessage) bool { return string(m) == own })
	if len(index.Manifests) != 2 || !has || index.Annotations["a"] != "b" {
		t.Errorf("got %s", data)
	}
}

// What was attached to a part by the fallback tag before the registry had the API goes along,
// whatever the number of tags that the repository has.
func TestPromoteWhatAnOldFallbackTagNames(t *testing.T) {
	for _, tags := range []int{10, 1100} {
		t.Run(fmt.Sprint(tags), func(t *testing.T) {
			from, to := withAPI(t, true), withAPI(t, true)
			img, sbom := randomImage(t, 100, 1), randomImage(t, 50, 1) // the SBOM names no subject, so that no API lists it
			var names []string
			for i := range tags {
				names = append(names, fmt.Sprintf("t%05d", i))
			}
			from.Fill("acme/web", img, names...)
			from.Put("acme/web", "main", mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: img}))
			from.Put("acme/web", "sbom", sbom)
			raw, err := sbom.RawManifest()
			if err != nil {
				t.Fatal(err)
			}
			from.Put("acme/web", "sha256-"+string(digestOf(t, img))[len("sha256:"):], oddManifest{kind: indexType, text: fmt.Sprintf(
				`{"schemaVersion":2,"mediaType":%q,"manifests":[{"mediaType":%q,"size":%d,"digest":%q}]}`, indexType, types.DockerManifestSchema2, len(raw), digestOf(t, sbom))})
			if _, err := newClient().Promote(t.Context(), asVersion(t, from, to)); err != nil {
				t.Fatal(err)
			}
			if to.Digest("team/web", string(digestOf(t, sbom))) == "" {
				t.Error("what the fallback tag names did not come along")
			}
		})
	}
}

// An index may name what is no image: layers, as caches of BuildKit do, and
// manifests of kinds that nobody has heard of.
func TestPromoteOfWhatIsNoImage(t *testing.T) {
	from, to := withAPI(t, true), withAPI(t, true)
	repo, err := name.NewRepository(from.Host + "/acme/cache")
	if err != nil {
		t.Fatal(err)
	}
	layer, cache := static.NewLayer([]byte("layer"), types.OCILayer), static.NewLayer([]byte("{}"), "application/vnd.buildkit.cacheconfig.v0")
	odd := oddManifest{layer: digestOf(t, layer), kind: "application/vnd.example.manifest.v1+json"}
	for _, l := range []v1.Layer{layer, cache} {
		if err := remote.WriteLayer(repo, l); err != nil {
			t.Fatal(err)
		}
	}
	put := func(id string, m oddManifest) {
		t.Helper()
		reference, err := name.ParseReference(repo.String() + id)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Put(reference, m); err != nil {
			t.Fatal(err)
		}
	}
	raw, _ := odd.RawManifest()
	hash, _, err := v1.SHA256(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	put("@"+hash.String(), odd)
	put(":main", oddManifest{kind: indexType, text: `{"schemaVersion":2,"mediaType":"` + indexType + `","manifests":[` +
		`{"mediaType":"` + string(types.OCILayer) + `","size":5,"digest":"` + string(digestOf(t, layer)) + `"},` +
		`{"mediaType":"application/vnd.buildkit.cacheconfig.v0","size":2,"digest":"` + string(digestOf(t, cache)) + `"},` +
		`{"mediaType":"application/vnd.example.manifest.v1+json","size":1,"digest":"` + hash.String() + `"}]}`})
	if _, err := newClient().Promote(t.Context(), registry.PromoteRequest{
		From: image(t, repo.String()+":main"), Repositories: []ref.Repository{repository(t, to.Host+"/team/cache")}, Tags: []registry.Tag{{Name: "main"}},
	}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"main", hash.String()} {
		want, kind := manifestAt(t, from, "acme/cache", id)
		if got, gotKind := manifestAt(t, to, "team/cache", id); !bytes.Equal(got, want) || gotKind != kind {
			t.Errorf("%s is %q (%s), want %q (%s)", id, got, gotKind, want, kind)
		}
	}
	for _, l := range []v1.Layer{layer, cache} {
		if _, err := newClient().Blob(t.Context(), repository(t, to.Host+"/team/cache"), digestOf(t, l), 100); err != nil {
			t.Error(err)
		}
	}
}

// oddManifest names one layer, or is a text.
type oddManifest struct {
	layer ref.Digest
	kind  types.MediaType
	text  string
}

func (m oddManifest) RawManifest() ([]byte, error) {
	return []byte(cmp.Or(m.text, `{ "blobs": [{"mediaType":"x/y","size":5,"digest":"`+string(m.layer)+`"}] }`)), nil
}

func (m oddManifest) MediaType() (types.MediaType, error) { return m.kind, nil }
