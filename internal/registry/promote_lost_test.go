package registry_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// before does something before a certain request is sent.
type before struct {
	http         http.RoundTripper
	method, part string
	then         func()
}

func (b before) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method == b.method && strings.Contains(request.URL.Path, b.part) {
		b.then()
	}
	return b.http.RoundTrip(request)
}

// The target loses a part of an index, which was seen there, right before the index
// is written, and says so in one way or another: it is sent again.
func TestPromoteSendsAgainWhatTheTargetLost(t *testing.T) {
	for name, refusal := range map[string]*testkit.RegistryFailure{
		"the store's own words": nil,
		"a blob is unknown":     {Method: http.MethodPut, Status: 400, Code: "MANIFEST_BLOB_UNKNOWN", Message: "blob unknown to registry"},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := withAPI(t, true), withAPI(t, true)
			signed := putSignedFor(t, from, "amd64")
			root := "/v2/team/web/manifests/" + string(digestOf(t, signed.index))
			if refusal != nil {
				once := *refusal
				once.Path, once.Times = root, 1
				to.Fail(once)
			}
			client := newClient()
			client.Transport = before{remote.DefaultTransport, http.MethodPut, root, sync.OnceFunc(func() { remove(t, to, "team/web", signed.digests[0]) })}
			if _, err := client.Promote(t.Context(), signed.promotion(t, repository(t, to.Host+"/team/web"))); err != nil {
				t.Fatal(err)
			}
			signed.wholeAt(t, to, "team/web")
		})
	}
}

func TestPromoteToARegistryThatLosesParts(t *testing.T) {
	for name, code := range map[string]string{"a blob": "MANIFEST_BLOB_UNKNOWN", "a manifest": "MANIFEST_UNKNOWN"} {
		t.Run(name, func(t *testing.T) {
			from, to := withAPI(t, true), withAPI(t, true)
			signed := putSignedFor(t, from, "amd64")
			to.Fail(testkit.RegistryFailure{Method: http.MethodPut, Path: "/manifests/" + string(digestOf(t, signed.index)), Status: 404, Code: code, Message: "not found"})
			_, err := newClient().Promote(t.Context(), signed.promotion(t, repository(t, to.Host+"/team/web")))
			check(t, err, "E_REGISTRY", code, "see whether a clean-up runs")
		})
	}
}

// Whoever removes what has no tag leaves lists of attachments behind that name what
// is gone: the rest is promoted, and a line says what is not.
func TestPromoteLeavesOutWhatIsListedAndGone(t *testing.T) {
	for _, api := range []bool{true, false} {
		t.Run("to "+withAndWithout[api], func(t *testing.T) {
			from, to := withAPI(t, false), withAPI(t, api)
			signed := putSignedFor(t, from, "amd64")
			kept, sbom := signed.digests[len(signed.digests)-5], signed.digests[len(signed.digests)-4]
			remove(t, from, "acme/web", sbom)
			var log strings.Builder
			client := newClient()
			client.Log = &log
			request := signed.promotion(t, repository(t, to.Host+"/team/web"))
			if _, err := client.Promote(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			if to.Digest("team/web", string(kept)) == "" || to.Digest("team/web", "v0.0.8") == "" {
				t.Error("what is not gone did not come along")
			}
			if told := to.Host + "/team/web: left out " + string(sbom) + ": " + from.Host + "/acme/web lists it as attached to " + string(signed.digests[0]); !strings.Contains(log.String(), told) {
				t.Errorf("the log lacks %q: %s", told, log.String())
			}
			var warned []*fault.Fault
			request.Repositories = []ref.Repository{repository(t, to.Host+"/team/one"), repository(t, to.Host+"/team/two")}
			request.Warn = func(f *fault.Fault) { warned = append(warned, f) }
			if _, err := client.Promote(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			if len(warned) != 2 || warned[0].Code != "E_ATTACHED_GONE" || !strings.Contains(warned[0].Error(), string(sbom)) || warned[0].Hint == "" {
				t.Errorf("warned of %v", warned)
			}
			found, err := newClient().Referrers(t.Context(), repository(t, to.Host+"/team/web"), signed.digests[0])
			for _, r := range found {
				if r.Digest == sbom {
					t.Errorf("the target lists what is gone")
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// An index may be attached, too: gone as a whole it is left out, but half of it is
// no attachment.
func TestPromoteOfAnAttachedIndex(t *testing.T) {
	for name, test := range map[string]struct {
		gone func(within, bundle ref.Digest) ref.Digest
		code string
	}{
		"gone as a whole": {func(_, bundle ref.Digest) ref.Digest { return bundle }, ""},
		"gone in part":    {func(within, _ ref.Digest) ref.Digest { return within }, "E_IMAGE_MISSING"},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := withAPI(t, false), withAPI(t, false)
			img, within := randomImage(t, 100, 1), randomImage(t, 50, 1)
			bundle := mutate.IndexMediaType(mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: within}), types.OCIImageIndex)
			digest := digestOf(t, bundle)
			from.Put("acme/web", "main", img)
			from.Put("acme/web", "within", within)
			from.Put("acme/web", "bundle", bundle)
			from.Put("acme/web", "sha256-"+string(digestOf(t, img))[len("sha256:"):], oddManifest{kind: indexType,
				text: `{"schemaVersion":2,"manifests":[{"mediaType":"` + indexType + `","digest":"` + string(digest) + `"}]}`})
			remove(t, from, "acme/web", test.gone(digestOf(t, within), digest))
			_, err := newClient().Promote(t.Context(), asVersion(t, from, to))
			if test.code != "" {
				check(t, err, test.code, "is gone", "")
			} else if err != nil || to.Digest("team/web", "v1.0.0") != string(digestOf(t, img)) {
				t.Errorf("v1.0.0 is %q: %v", to.Digest("team/web", "v1.0.0"), err)
			}
		})
	}
}

// What the target has is promoted, even if the original has lost it.
func TestPromoteKeepsWhatOnlyTheTargetHas(t *testing.T) {
	from, to := withAPI(t, false), withAPI(t, false)
	signed := putSignedFor(t, from, "amd64")
	request := signed.promotion(t, repository(t, to.Host+"/team/web"))
	if _, err := newClient().Promote(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	sbom := signed.digests[len(signed.digests)-4]
	remove(t, from, "acme/web", sbom)
	if _, err := newClient().Promote(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	found, err := newClient().Referrers(t.Context(), repository(t, to.Host+"/team/web"), signed.digests[0])
	if err != nil || len(found) == 0 || found[0].Digest != sbom {
		t.Errorf("the target lists %v, %v; want %s", found, err, sbom)
	}
}

// A part of the image itself is another matter.
func TestPromoteOfAnImageThatLacksAPart(t *testing.T) {
	from, to := withAPI(t, false), withAPI(t, false)
	signed := putSignedFor(t, from, "amd64")
	for _, part := range []ref.Digest{signed.digests[0], signed.digests[3]} { // an image, and the index within
		remove(t, from, "acme/web", part)
		_, err := newClient().Promote(t.Context(), signed.promotion(t, repository(t, to.Host+"/team/web")))
		check(t, err, "E_IMAGE_MISSING", "", "build the image again")
		if to.Digest("team/web", "v0.0.8") != "" {
			t.Error("the version was set all the same")
		}
	}
}
