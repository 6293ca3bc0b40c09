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

// first reports whether a moment is one of the first repository: the others are
// treated as it is.
func (m moment) first() bool { return m.host == 0 && !strings.Contains(m.part, "/team/web/") }

// moments lists the requests that were made. Of those that begin, carry and end
// uploads, which nothing tells apart, the first and the last stand for all.
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

// trouble is what can come in the place of an answer, or with it.
type trouble struct {
	name    string
	failure testkit.RegistryFailure
	passes  func(moment) bool // once, it must not be noticed; nil is wherever it comes

	anywhere bool // at other repositories than the first, too
}

var troubles = []trouble{
	{name: "500", failure: testkit.RegistryFailure{Status: 500, Code: "UNKNOWN", Message: "unknown error"}},
	{name: "503 for a while", failure: testkit.RegistryFailure{Status: 503, Header: http.Header{"Retry-After": {"9"}}}, anywhere: true},
	{name: "429", failure: testkit.RegistryFailure{Status: 429, Code: "TOOMANYREQUESTS", Message: "slow down"}},
	{name: "reset before", failure: testkit.RegistryFailure{Reset: true}, anywhere: true},
	{name: "reset after", failure: testkit.RegistryFailure{Reset: true, Done: true}, anywhere: true},
	{name: "cut", failure: testkit.RegistryFailure{Cut: true}},
	{name: "token ended", failure: testkit.RegistryFailure{Status: 401, Code: "UNAUTHORIZED", Message: "authentication required", Header: http.Header{}},
		passes: func(m moment) bool { return m.part != "/token" && m.part != "/v2/" }},
	{name: "403", failure: testkit.RegistryFailure{Status: 403, Code: "DENIED", Message: "denied"},
		passes: func(m moment) bool { return m.method == "PUT" || m.method == "PATCH" }, anywhere: true},
	{name: "404", failure: testkit.RegistryFailure{Status: 404},
		passes: func(m moment) bool { return m.uploads() && m.method != "POST" }},
	{name: "400", failure: testkit.RegistryFailure{Status: 400, Code: "BLOB_UPLOAD_INVALID", Message: "blob upload invalid"},
		passes: func(m moment) bool { return m.uploads() && m.method != "POST" }},
}

// clear are the codes with which a push may end.
var clear = []string{
	"E_REGISTRY", "E_NO_REGISTRY", "E_REGISTRY_AUTH", "E_REGISTRY_LIMIT", "E_REGISTRY_UNREACHABLE", "E_PUSH_DENIED", "E_PUSH_VERIFY", "E_REPOSITORY_MISSING",
}

// stage is where a push is tried: registries, their addresses, a client that waits
// for nothing, and what it does.
type stage struct {
	registries []*testkit.Registry
	addresses  []string // https:// or http:// of each
	request    registry.PushRequest
	client     func() *registry.Client
	push       func(context.Context, *registry.Client) error
}

// campaign counts what became of the cases.
type campaign struct{ cases, unnoticed, told atomic.Int64 }

// TestEveryRequestOfAPushFailsInEveryWay pushes an index of two platforms to two
// repositories of one registry and to one of another. Each request fails in each
// way: once, and for good. What may pass is not noticed. Else there is a clear
// error, no floating tag stands without its version, and the next run ends with
// the same digest everywhere.
func TestEveryRequestOfAPushFailsInEveryWay(t *testing.T) {
	image, before := platforms(t, 1), randomImage(t, 100, 1)
	var c campaign
	set := func(t *testing.T) stage {
		manners := testkit.RegistryGHCR(testkit.GHCR{Password: "secret"})
		one, other := testkit.NewRegistry(t, manners), testkit.NewRegistry(t, manners)
		s := stage{registries: []*testkit.Registry{one, other}, addresses: []string{"http://" + one.Host, "http://" + other.Host}, request: image, client: faulty}
		s.request.Repositories = []ref.Repository{repository(t, one.Host+"/acme/web"), repository(t, one.Host+"/team/web"), repository(t, other.Host+"/acme/web")}
		one.Put("acme/web", "latest", before) // of an earlier release; the others are new
		return s
	}
	c.against(t, 60, troubles, set, func(t *testing.T, s stage, m moment, one trouble) {
		c.run(t, s, m, one, 1)
		if m.first() && m.skip == 0 {
			c.run(t, set(t), m, one, 0)
		}
	})
}

// against makes every request of a push that goes well fail in every way.
func (c *campaign) against(t *testing.T, atLeast int, troubles []trouble, set func(*testing.T) stage, run func(*testing.T, stage, moment, trouble)) {
	s := set(t)
	if err := s.pushes(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := moments(s.registries)
	if len(all) < atLeast {
		t.Fatalf("only %d requests: %v", len(all), all)
	}
	began := time.Now()
	t.Run("cases", func(t *testing.T) {
		for _, m := range all {
			for _, one := range troubles {
				if !m.first() && !one.anywhere {
					continue
				}
				t.Run(fmt.Sprintf("%s/%d %s %s %d", one.name, m.host, m.method, m.part, m.skip), func(t *testing.T) {
					t.Parallel()
					run(t, set(t), m, one)
				})
			}
		}
	})
	t.Logf("push faults, %s: %d cases at %d requests: %d were not noticed, %d told, in %.1f s",
		t.Name(), c.cases.Load(), len(all), c.unnoticed.Load(), c.told.Load(), time.Since(began).Seconds())
}

// pushes is a run.
func (s stage) pushes(ctx context.Context) error {
	if s.push != nil {
		return s.push(ctx, s.client())
	}
	_, err := s.client().Push(ctx, s.request)
	return err
}

// fails makes one request fail, so many times; 0 is always.
func (s stage) fails(m moment, one trouble, times int) {
	failure := one.failure
	failure.Method, failure.Path, failure.Skip, failure.Times = m.method, m.part, m.skip, times
	if failure.Status == 401 {
		failure.Header = http.Header{"Www-Authenticate": {`Bearer realm="` + s.addresses[m.host] + `/token",service="ghcr.io"`}}
	}
	s.registries[m.host].Fail(failure)
}

// at is the registry of a repository.
func (s stage) at(image ref.Repository) *testkit.Registry {
	return s.registries[slices.IndexFunc(s.addresses, func(a string) bool { return strings.HasSuffix(a, "//"+image.Domain()) })]
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

func (c *campaign) run(t *testing.T, s stage, m moment, one trouble, times int) {
	t.Helper()
	s.fails(m, one, times)
	c.cases.Add(1)
	err := s.pushes(t.Context())
	if passes := times == 1 && (one.passes == nil || one.passes(m)); passes && err != nil {
		t.Errorf("%d times: %v", times, err)
	}
	for _, reg := range s.registries {
		reg.Heal()
	}
	wayOut(t, err, clear)
	for _, image := range s.request.Repositories {
		if reg := s.at(image); reg.Digest(image.Path(), "latest") == string(s.request.Digest) && reg.Digest(image.Path(), "v0.0.7") == "" {
			t.Errorf("%d times: %s has latest without its version", times, image)
		}
	}
	if err == nil {
		c.unnoticed.Add(1)
	} else {
		c.told.Add(1)
		if err := s.pushes(t.Context()); err != nil {
			t.Errorf("%d times: the second run: %v", times, err)
		}
	}
	for _, image := range s.request.Repositories {
		for _, tag := range s.request.Tags {
			if got := s.at(image).Digest(image.Path(), string(tag.Name)); got != string(s.request.Digest) {
				t.Errorf("%d times: %s:%s is %q, want %s", times, image, tag.Name, got, s.request.Digest)
			}
		}
	}
}

// wayOut sees that all that is told has a code that is meant, and a hint.
func wayOut(t *testing.T, err error, codes []string) {
	t.Helper()
	for _, f := range fault.All(err) {
		if !slices.Contains(codes, f.Code) || f.Hint == "" {
			t.Errorf("%s without a way out: %v", f.Code, f)
		}
	}
	if err != nil && len(fault.All(err)) == 0 {
		t.Errorf("no code: %v", err)
	}
}
