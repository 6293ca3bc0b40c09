package registry_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// strict stands before registries that have no manifest of a kind which is not
// accepted.
type strict struct{ http http.RoundTripper }

func (s strict) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := s.http.RoundTrip(request)
	kind := ""
	if err == nil {
		kind = answer.Header.Get("Content-Type")
	}
	if request.Method == http.MethodPut || !strings.Contains(request.URL.Path, "/manifests/") || kind == "" || strings.Contains(strings.Join(request.Header.Values("Accept"), ","), kind) {
		return answer, err
	}
	answer.Body.Close()
	answer.StatusCode, answer.Status = http.StatusNotFound, "404 Not Found"
	answer.Body, answer.ContentLength = io.NopCloser(strings.NewReader("")), 0
	return answer, nil
}

// What is attached as an artifact of ORAS, a kind that clients of images do not ask
// for, is asked for as the kind that it is listed as, and not taken to be gone.
func TestPromoteOfAnAttachedArtifact(t *testing.T) {
	const kind = "application/vnd.cncf.oras.artifact.manifest.v1+json"
	for _, api := range []bool{true, false} {
		t.Run("to "+withAndWithout[api], func(t *testing.T) {
			from, to := withAPI(t, false), withAPI(t, api)
			img := randomImage(t, 100, 1)
			from.Put("acme/web", "main", img)
			artifact := oddManifest{kind: kind, text: fmt.Sprintf(`{"mediaType":%q,"blobs":[],"subject":{"mediaType":"x/y","size":1,"digest":%q}}`, kind, digestOf(t, img))}
			hash, size, err := v1.SHA256(bytes.NewReader([]byte(artifact.text)))
			if err != nil {
				t.Fatal(err)
			}
			at, err := name.NewDigest(from.Host + "/acme/web@" + hash.String())
			if err != nil {
				t.Fatal(err)
			}
			if err := remote.Put(at, artifact); err != nil {
				t.Fatal(err)
			}
			from.Put("acme/web", "sha256-"+string(digestOf(t, img))[len("sha256:"):], oddManifest{kind: indexType, text: fmt.Sprintf(
				`{"schemaVersion":2,"mediaType":%q,"manifests":[{"mediaType":%q,"size":%d,"digest":%q}]}`, indexType, kind, size, hash)})
			for run := range 2 {
				client := newClient()
				client.Transport = strict{remote.DefaultTransport}
				to.Forget()
				if _, err := client.Promote(t.Context(), asVersion(t, from, to)); err != nil {
					t.Fatal(err)
				}
				if n := to.Count("PUT", ""); run > 0 && n != 0 {
					t.Errorf("%d writes the second time: %q", n, to.Requests())
				}
			}
			found, err := newClient().Referrers(t.Context(), repository(t, to.Host+"/team/web"), digestOf(t, img))
			if err != nil || len(found) != 1 || found[0].Digest != ref.Digest(hash.String()) || to.Digest("team/web", hash.String()) == "" {
				t.Errorf("attached are %v, %v", found, err)
			}
		})
	}
}
