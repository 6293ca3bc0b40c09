package registry_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
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

// A registry starts again in the middle of a push: nothing listens for a moment. That
// nothing ever did is told at once.
func TestARegistryStartsAgain(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	refused, noRoute := dial(syscall.ECONNREFUSED), dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH))
	late := dial(context.DeadlineExceeded) // as net has it of a timeout of its own
	busy := dial(&net.DNSError{Err: "server misbehaving", Name: "registry.example", IsTemporary: true})
	unknown := dial(&net.DNSError{Err: "no such host", Name: "registry.example", IsNotFound: true})
	for name, test := range map[string]struct {
		err          error
		method, part string
		times        int32 // 0 is always
		asked        int32
		told         string
	}{
		"at a question":           {err: refused, method: "HEAD", part: "/manifests/", times: 2, asked: 3},
		"in an upload":            {err: refused, method: "PATCH", times: 2, asked: 3},
		"at a tag":                {err: refused, method: "PUT", part: "/manifests/main", times: 2, asked: 3},
		"and does not come back":  {err: refused, method: "PATCH", asked: 3, told: "whether it runs"},
		"nothing listens, at all": {err: refused, method: "GET", part: "/v2/", asked: 2, told: "whether it runs"}, // by https and http
		"it takes long":           {err: late, method: "PATCH", times: 2, asked: 3},
		"it takes long each time": {err: late, method: "PATCH", asked: 3, told: "check the network to the host and port"},
		"the way is lost":         {err: noRoute, method: "PATCH", asked: 3, told: "check the network to the host and port"},
		"no name server knows":    {err: busy, method: "GET", part: "/v2/", times: 3, asked: 4},
		"nor ever will":           {err: busy, method: "GET", part: "/v2/", asked: 6, told: "name servers"},
		"there is no such name":   {err: unknown, method: "GET", part: "/v2/", asked: 2, told: "name servers"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			var asked atomic.Int32
			client := newClient()
			client.Transport = roundTrip(func(request *http.Request) (*http.Response, error) {
				if request.Method == test.method && strings.Contains(request.URL.Path, test.part) {
					if n := asked.Add(1); n <= test.times || test.times == 0 {
						if request.Body != nil {
							request.Body.Close()
						}
						return nil, test.err
					}
				}
				return remote.DefaultTransport.RoundTrip(request)
			})
			push := oneBlob(t, reg)
			_, err := client.Push(t.Context(), push)
			if test.told != "" {
				check(t, err, "E_REGISTRY_UNREACHABLE", test.err.Error(), test.told)
			} else if err != nil || reg.Digest("acme/web", "main") != string(push.Digest) {
				t.Errorf("%v, and main is %s", err, reg.Digest("acme/web", "main"))
			}
			if asked.Load() < test.asked || test.told != "" && asked.Load() != test.asked {
				t.Errorf("asked %d times, want %d", asked.Load(), test.asked)
			}
		})
	}
}

// That the registry was there a moment ago says nothing of its storage.
func TestAStorageIsNeverReached(t *testing.T) {
	reg := testkit.NewRegistry(t)
	var asked atomic.Int32
	client := newClient()
	client.Transport = roundTrip(func(request *http.Request) (*http.Response, error) {
		if request.URL.Host == "storage.example" {
			asked.Add(1)
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH}
		}
		response, err := remote.DefaultTransport.RoundTrip(request)
		if request.Method == http.MethodPost && err == nil {
			response.Header.Set("Location", "http://storage.example/upload?X-Amz-Signature="+s3cret)
		}
		return response, err
	})
	_, err := client.Push(t.Context(), oneBlob(t, reg))
	check(t, err, "E_REGISTRY_UNREACHABLE", `"http://storage.example/upload": dial tcp: no route to host`, "the registry's storage")
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// That the way to it is lost for a moment is another matter, once anybody has answered.
func TestAStorageIsReachedLate(t *testing.T) {
	reg := testkit.NewRegistry(t)
	var asked atomic.Int32
	client := newClient()
	client.Transport = roundTrip(func(request *http.Request) (*http.Response, error) {
		if request.URL.Host == "storage.example" {
			if asked.Add(1) == 1 {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: context.DeadlineExceeded} // as net says of a dial
			}
			request = request.Clone(request.Context())
			request.URL.Host = reg.Host
		}
		response, err := remote.DefaultTransport.RoundTrip(request)
		if err == nil && request.Method == http.MethodPost {
			response.Header.Set("Location", "http://storage.example"+strings.TrimPrefix(response.Header.Get("Location"), "http://"+reg.Host))
		}
		return response, err
	})
	push := oneBlob(t, reg)
	if _, err := client.Push(t.Context(), push); err != nil || reg.Digest("acme/web", "main") != string(push.Digest) || asked.Load() < 2 {
		t.Errorf("%v after %d", err, asked.Load())
	}
}
