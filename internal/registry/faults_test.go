package registry_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// moment is a request of a push, in terms that hold for another run of it.
type moment struct {
	host         int // the first registry, which has two repositories, or the second
	method, part string
	skip         int // how many of the same kind come before
}

func (m moment) uploads() bool { return strings.HasSuffix(m.part, "/blobs/uploads/") }

// moments lists the requests of a push that goes well. Of those that begin, carry
// and end uploads, which nothing tells apart, the first and the last stand for all.
func moments(registries []*testkit.Registry) (all []moment) {
	for host, reg := range registries {
		seen := map[moment]int{}
		for _, line := range reg.Requests() {
			method, path, _ := strings.Cut(line, " ")
			if before, _, upload := strings.Cut(path, "/blobs/uploads/"); upload {
				path = before + "/blobs/uploads/"
			}
			seen[moment{host: host, method: method, part: path}]++
		}
		for kind, times := range seen {
			for skip := range times {
				if kind.skip = skip; !kind.uploads() || skip == 0 || skip == times-1 {
					all = append(all, kind)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b moment) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return all
}

// troubles are what can come in the place of an answer, or with it.
var troubles = []struct {
	name    string
	failure testkit.RegistryFailure
	passes  func(moment) bool // once, it must not be noticed; nil is wherever it comes
}{
	{name: "500", failure: testkit.RegistryFailure{Status: 500, Code: "UNKNOWN", Message: "unknown error"}},
	{name: "503 for a while", failure: testkit.RegistryFailure{Status: 503, Header: http.Header{"Retry-After": {"9"}}}},
	{name: "429", failure: testkit.RegistryFailure{Status: 429, Code: "TOOMANYREQUESTS", Message: "slow down"}},
	{name: "reset before", failure: testkit.RegistryFailure{Reset: true}},
	{name: "reset after", failure: testkit.RegistryFailure{Reset: true, Done: true}},
	{name: "cut", failure: testkit.RegistryFailure{Cut: true}},
	{name: "token ended", failure: testkit.RegistryFailure{Status: 401, Code: "UNAUTHORIZED", Message: "authentication required", Header: http.Header{}},
		passes: func(m moment) bool { return m.part != "/token" && m.part != "/v2/" }},
	{name: "403", failure: testkit.RegistryFailure{Status: 403, Code: "DENIED", Message: "denied"},
		passes: func(m moment) bool { return m.method == "PUT" || m.method == "PATCH" }},
	{name: "404", failure: testkit.RegistryFailure{Status: 404},
		passes: func(m moment) bool { return m.uploads() && m.method != "POST" }},
	{name: "400", failure: testkit.RegistryFailure{Status: 400, Code: "BLOB_UPLOAD_INVALID", Message: "blob upload invalid"},
		passes: func(m moment) bool { return m.uploads() && m.method != "POST" }},
}

// clear are the codes with which a push may end.
var clear = []string{
	"E_REGISTRY", "E_NO_REGISTRY", "E_REGISTRY_AUTH", "E_REGISTRY_LIMIT", "E_REGISTRY_UNREACHABLE", "E_PUSH_DENIED", "E_PUSH_VERIFY", "E_REPOSITORY_MISSING",
}

// campaign counts what became of the cases.
type campaign struct{ cases, unnoticed, told atomic.Int64 }

// TestEveryRequestOfAPushFailsInEveryWay pushes an index of two platforms to two
// repositories of one registry and to one of another. Each request fails in each
// way: once, and for good. What may pass is not noticed. Else there is a clear
// error, no floating tag stands without its version, and the next run ends with
// the same digest everywhere.
func TestEveryRequestOfAPushFailsInEveryWay(t *testing.T) {
	request := platforms(t, 1)
	registries, r := stage(t, request)
	if _, err := faulty().Push(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	all := moments(registries)
	if len(all) < 60 {
		t.Fatalf("only %d requests", len(all))
	}
	began := time.Now()
	var c campaign
	t.Run("cases", func(t *testing.T) {
		for _, m := range all {
			for _, trouble := range troubles {
				t.Run(fmt.Sprintf("%s/%d %s %s %d", trouble.name, m.host, m.method, m.part, m.skip), func(t *testing.T) {
					t.Parallel()
					c.run(t, request, m, trouble.failure, 1, trouble.passes == nil || trouble.passes(m))
					if m.skip == 0 && m.host == 0 { // the other registry is treated as the first repository
						c.run(t, request, m, trouble.failure, 0, false)
					}
				})
			}
		}
	})
	t.Logf("push faults: %d cases at %d requests: %d were not noticed, %d told and completed by the next run, in %.1f s",
		c.cases.Load(), len(all), c.unnoticed.Load(), c.told.Load(), time.Since(began).Seconds())
}

// stage makes the registries, and the request for them.
func stage(t *testing.T, r registry.PushRequest) ([]*testkit.Registry, registry.PushRequest) {
	t.Helper()
	manners := testkit.RegistryGHCR(testkit.GHCR{Password: "secret"})
	one, other := testkit.NewRegistry(t, manners), testkit.NewRegistry(t, manners)
	r.Repositories = []ref.Repository{repository(t, one.Host+"/acme/web"), repository(t, one.Host+"/team/web"), repository(t, other.Host+"/acme/web")}
	return []*testkit.Registry{one, other}, r
}

// faulty is a client that waits for nothing, and does not try https first.
func faulty() *registry.Client {
	client := newClient()
	client.Keychain = jobToken{}
	client.Retry = remote.Backoff{Steps: 3, Duration: time.Second, Factor: 3}
	client.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	client.Transport = plainly{remote.DefaultTransport}
	return client
}

type jobToken struct{}

func (jobToken) Resolve(authn.Resource) (authn.Authenticator, error) {
	return &authn.Basic{Username: "bot", Password: "secret"}, nil
}

type plainly struct{ http.RoundTripper }

func (p plainly) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme == "https" {
		return nil, io.ErrClosedPipe
	}
	return p.RoundTripper.RoundTrip(request)
}

func (c *campaign) run(t *testing.T, r registry.PushRequest, m moment, failure testkit.RegistryFailure, times int, passes bool) {
	registries, r := stage(t, r)
	failure.Method, failure.Path, failure.Skip, failure.Times = m.method, m.part, m.skip, times
	if failure.Status == 401 {
		failure.Header = http.Header{"Www-Authenticate": {`Bearer realm="http://` + registries[m.host].Host + `/token",service="ghcr.io"`}}
	}
	registries[m.host].Fail(failure)
	c.cases.Add(1)
	_, err := faulty().Push(t.Context(), r)
	if passes && err != nil {
		t.Errorf("%d times: %v", times, err)
	}
	for _, reg := range registries {
		reg.Heal()
	}
	for _, f := range fault.All(err) {
		if !slices.Contains(clear, f.Code) || f.Hint == "" {
			t.Errorf("%d times: %s without a way out: %v", times, f.Code, f)
		}
	}
	for _, image := range r.Repositories {
		reg := registries[slices.IndexFunc(registries, func(reg *testkit.Registry) bool { return reg.Host == image.Domain() })]
		if reg.Digest(image.Path(), "latest") != "" && reg.Digest(image.Path(), "v0.0.7") == "" {
			t.Errorf("%d times: %s has latest without its version", times, image)
		}
	}
	if err == nil {
		c.unnoticed.Add(1)
	} else {
		c.told.Add(1)
		if _, err := faulty().Push(t.Context(), r); err != nil {
			t.Errorf("%d times: the second run: %v", times, err)
		}
	}
	everywhere(t, r, registries...)
}
