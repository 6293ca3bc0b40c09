package registry_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// HTTP/2 has resets of its own, which are none of the network.
func TestAStreamIsReset(t *testing.T) {
	for name, test := range map[string]struct {
		method string
		times  int32 // 0 is always
	}{
		"as an upload begins": {"POST", 1},
		"in an upload":        {"PATCH", 2},
		"a question":          {"HEAD", 1},
		"at a manifest":       {"PUT", 2},
		"each time":           {"PATCH", 0},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			var resets atomic.Int32
			host, transport := overHTTP2(t, http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
				if request.Method == test.method && (resets.Add(1) <= test.times || test.times == 0) {
					panic(http.ErrAbortHandler)
				}
				reg.ServeHTTP(w, request)
			}))
			client := newClient()
			client.Transport = transport
			dir, digest := onDisk(t, randomImage(t, 100, 0))
			_, err := client.Push(t.Context(), registry.PushRequest{
				Layout: dir, Digest: digest, Tags: []registry.Tag{{Name: "main"}}, Repositories: []ref.Repository{repository(t, host+"/acme/web")},
			})
			if test.times == 0 {
				check(t, err, "E_REGISTRY_UNREACHABLE", "stream error", "closed the connection each time")
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// What net/http says where a request that it cannot repeat meets an end.
func TestAConnectionEndsInOtherWords(t *testing.T) {
	for _, words := range []string{
		"http: server closed idle connection",
		"http2: client connection lost",
		"http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug=\"\"",
		"http2: Transport: cannot retry err [http2: Transport received Server's graceful shutdown GOAWAY] after Request.Body was written; define Request.GetBody to avoid this error",
	} {
		t.Run(words, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			var failed atomic.Bool
			client := newClient()
			client.Transport = roundTrip(func(request *http.Request) (*http.Response, error) {
				if request.Method == http.MethodPost && !failed.Swap(true) {
					return nil, errors.New(words)
				}
				return remote.DefaultTransport.RoundTrip(request)
			})
			if _, err := client.Push(t.Context(), oneBlob(t, reg)); err != nil || !failed.Load() {
				t.Error(err)
			}
		})
	}
}
