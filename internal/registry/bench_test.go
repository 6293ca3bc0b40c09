package registry_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
)

// discards is a registry that takes every upload, keeps nothing, and says that
// the manifest is there as soon as it was sent. Memory that is counted is the client's.
func discards(b *testing.B, digest ref.Digest) (host string) {
	b.Helper()
	there := false
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			b.Error(err)
		}
		switch {
		case r.Method == http.MethodHead && strings.Contains(r.URL.Path, "/manifests/") && there:
			there = false // so that the next push finds nothing
			w.Header().Set("Docker-Content-Digest", string(digest))
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
			w.Header().Set("Content-Length", "1")
		case r.Method == http.MethodHead:
			w.WriteHeader(http.StatusNotFound)
		case r.Method == http.MethodPost, r.Method == http.MethodPatch:
			w.Header().Set("Location", "/v2/acme/web/blobs/uploads/1")
			w.WriteHeader(http.StatusAccepted)
		case r.Method == http.MethodPut:
			there = strings.HasSuffix(r.URL.Path, "/manifests/v0.0.7")
			w.WriteHeader(http.StatusCreated)
		}
	}))
	server.Start()
	b.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// BenchmarkPush20MB shows by its bytes per operation that blobs are streamed.
func BenchmarkPush20MB(b *testing.B) {
	dir, digest := onDisk(b, randomImage(b, 5<<20, 4))
	host := discards(b, digest)
	client := newClient()
	r := registry.PushRequest{
		Layout: dir, Digest: digest, Repositories: []ref.Repository{repository(b, host+"/acme/web")},
		Tags: []registry.Tag{{Name: "v0.0.7", Rule: registry.Fixed}},
	}
	b.SetBytes(20 << 20)
	b.ReportAllocs()
	for b.Loop() {
		pushed, err := client.Push(b.Context(), r)
		if err != nil {
			b.Fatal(err)
		}
		if pushed[0].Blobs != 5 {
			b.Fatalf("sent %d blobs", pushed[0].Blobs)
		}
	}
}
