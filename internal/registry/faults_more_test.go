package registry_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// overHTTP2 serves a registry at an address that speaks HTTP/2. A reset is one of
// the request's stream.
func overHTTP2(t *testing.T, handler http.Handler) (host string, transport http.RoundTripper) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.ProtoMajor != 2 {
			t.Errorf("%s %s by %s", request.Method, request.URL.Path, request.Proto)
		}
		defer func() {
			if recover() != nil {
				panic(http.ErrAbortHandler) // and not that the connection cannot be taken over
			}
		}()
		handler.ServeHTTP(w, request)
	}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "https://"), server.Client().Transport
}

// TestEveryRequestFailsOverHTTP2 is the same where the connection is shared by all
// requests, for a run that first asks whether it may push.
func TestEveryRequestFailsOverHTTP2(t *testing.T) {
	image := platforms(t, 1)
	some := slices.DeleteFunc(slices.Clone(troubles), func(one trouble) bool {
		return slices.Contains([]string{"500", "503 for a while", "429", "404", "400"}, one.name)
	})
	var c campaign
	c.against(t, 20, some, func(t *testing.T) stage {
		reg := testkit.NewRegistry(t, testkit.RegistryGHCR(testkit.GHCR{Password: "secret"}))
		host, transport := overHTTP2(t, reg)
		s := stage{registries: []*testkit.Registry{reg}, addresses: []string{"https://" + host}, request: image}
		s.request.Repositories = []ref.Repository{repository(t, host+"/acme/web"), repository(t, host+"/team/web")}
		s.client = func() *registry.Client {
			client := faulty()
			client.Transport = transport
			return client
		}
		s.push = func(ctx context.Context, client *registry.Client) error {
			for _, one := range s.request.Repositories {
				if err := client.MayPush(ctx, one, s.request.Repositories...); err != nil {
					return err
				}
			}
			_, err := client.Push(ctx, s.request)
			return err
		}
		return s
	}, func(t *testing.T, s stage, m moment, one trouble) {
		c.run(t, s, m, one, 1)
	})
}

// TestARivalTakesTheVersionAtEachRetry pushes while another run takes the version
// whenever this one waits. What it has taken stays its own.
func TestARivalTakesTheVersionAtEachRetry(t *testing.T) {
	image, theirs := platforms(t, 1), randomImage(t, 100, 1)
	var c campaign
	var taken atomic.Int64
	c.against(t, 15, troubles, func(t *testing.T) stage {
		reg := testkit.NewRegistry(t, testkit.RegistryGHCR(testkit.GHCR{Password: "secret"}))
		s := stage{registries: []*testkit.Registry{reg}, addresses: []string{"http://" + reg.Host}, request: image, client: faulty}
		s.request.Repositories = []ref.Repository{repository(t, reg.Host+"/acme/web")}
		return s
	}, func(t *testing.T, s stage, m moment, one trouble) {
		s.fails(m, one, 1)
		c.cases.Add(1)
		reg, client := s.registries[0], faulty()
		var rival atomic.Bool
		client.Sleep = func(ctx context.Context, _ time.Duration) error {
			if reg.Digest("acme/web", "v0.0.7") == "" {
				reg.Put("acme/web", "v0.0.7", theirs)
				rival.Store(true)
			}
			return ctx.Err()
		}
		_, err := client.Push(t.Context(), s.request)
		reg.Heal()
		wayOut(t, err, append([]string{"E_TAG_TAKEN"}, clear...))
		switch got, won := reg.Digest("acme/web", "v0.0.7"), rival.Load(); {
		case !won && got != string(s.request.Digest) && err == nil:
			t.Errorf("the version is %q", got)
		case !won && err == nil:
			c.unnoticed.Add(1)
		case !won:
			c.told.Add(1)
		case got != string(digestOf(t, theirs)):
			t.Errorf("the version of another run was overwritten: %q", got)
		case !fault.Is(err, "E_TAG_TAKEN"):
			t.Errorf("another run was faster, and the push says %v", err)
		case reg.Digest("acme/web", "latest") != "":
			t.Error("latest is not what the version is")
		default:
			c.told.Add(1)
			taken.Add(1)
		}
	})
	if taken.Load() < 30 {
		t.Errorf("the other run was faster %d times only", taken.Load())
	}
}
