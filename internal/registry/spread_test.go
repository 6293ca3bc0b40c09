package registry_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/sample"
)

// platforms is a push of an index of two images of so many layers each, and a config.
func platforms(t testing.TB, layers int64, repositories ...ref.Repository) registry.PushRequest {
	t.Helper()
	dir, digest := onDisk(t, sample.Index(t, 1<<10, layers, 2))
	return registry.PushRequest{Layout: dir, Digest: digest, Repositories: repositories, Tags: []registry.Tag{
		{Name: "latest"}, {Name: "v0.0.7", Rule: registry.Fixed},
	}}
}

// toThree is a push to three repositories of one registry and one of another.
func toThree(t testing.TB, reg, other *testkit.Registry) registry.PushRequest {
	t.Helper()
	return platforms(t, 2, repository(t, reg.Host+"/acme/web"), repository(t, reg.Host+"/team/web"),
		repository(t, reg.Host+"/team/copy"), repository(t, other.Host+"/acme/web"))
}

func everywhere(t testing.TB, r registry.PushRequest, registries ...*testkit.Registry) {
	t.Helper()
	for _, image := range r.Repositories {
		for _, reg := range registries {
			if reg.Host != image.Domain() {
				continue
			}
			for _, tag := range r.Tags {
				if got := reg.Digest(image.Path(), string(tag.Name)); got != string(r.Digest) {
					t.Errorf("%s:%s is %q, want %s", image, tag.Name, got, r.Digest)
				}
			}
		}
	}
}

func TestBlobsGoToARegistryOnce(t *testing.T) {
	reg, other := testkit.NewRegistry(t), testkit.NewRegistry(t)
	r := toThree(t, reg, other)
	pushed, err := newClient().Push(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	everywhere(t, r, reg, other)
	if a, b := reg.Count("PATCH", ""), other.Count("PATCH", ""); a != 6 || b != 6 {
		t.Errorf("sent %d and %d blobs, want 6 to each registry", a, b)
	}
	var got [][2]int // blobs that were sent, and that were there
	for _, p := range pushed {
		if p.Tag == "v0.0.7" {
			got = append(got, [2]int{p.Blobs, p.Skipped})
		}
	}
	if diff := cmp.Diff([][2]int{{6, 0}, {0, 6}, {0, 6}, {6, 0}}, got); diff != "" {
		t.Error(diff)
	}
	for _, p := range pushed[2:6] {
		if p.Sent > 4<<10 {
			t.Errorf("%s:%s took %d bytes, want manifests alone", p.Repository, p.Tag, p.Sent)
		}
	}
}

// Who has it already is whom the others mount from.
func TestBlobsComeFromWhereTheyAre(t *testing.T) {
	reg, other := testkit.NewRegistry(t), testkit.NewRegistry(t)
	r := toThree(t, reg, other)
	last := r
	last.Repositories = r.Repositories[2:3]
	if _, err := newClient().Push(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	reg.Forget()
	if _, err := newClient().Push(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	everywhere(t, r, reg, other)
	if n := reg.Count("PATCH", ""); n != 0 {
		t.Errorf("sent %d blobs that the registry had", n)
	}
}

func TestTheFirstRepositoryFails(t *testing.T) {
	reg, other := testkit.NewRegistry(t, testkit.RegistryDenies("acme/")), testkit.NewRegistry(t)
	r := toThree(t, reg, other)
	pushed, err := newClient().Push(t.Context(), r)
	if !fault.Is(err, "E_PUSH_DENIED") || len(fault.All(err)) != 1 || len(pushed) != 6 {
		t.Fatalf("pushed %v, %v", short(pushed), err)
	}
	r.Repositories = r.Repositories[1:]
	everywhere(t, r, reg, other)
	if n := reg.Count("PATCH", ""); n != 6 {
		t.Errorf("sent %d blobs, want 6 by the next and none by the last", n)
	}
}

// ungranted drops what an upload asks to mount, as a registry does that may not.
type ungranted struct {
	http.RoundTripper
	status int
}

func (u ungranted) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method != http.MethodPost || !request.URL.Query().Has("mount") {
		return u.RoundTripper.RoundTrip(request)
	}
	if u.status != 0 {
		return &http.Response{StatusCode: u.status, Body: http.NoBody, Request: request}, nil
	}
	plain := request.Clone(request.Context())
	plain.URL.RawQuery = ""
	return u.RoundTripper.RoundTrip(plain)
}

func TestAMountIsNotGranted(t *testing.T) {
	for name, status := range map[string]int{"an upload instead": 0, "denied": 403, "unauthorized": 401, "unknown": 404, "in trouble": 500} {
		t.Run(name, func(t *testing.T) {
			reg, other := testkit.NewRegistry(t), testkit.NewRegistry(t)
			r := toThree(t, reg, other)
			client := newClient()
			client.Transport = ungranted{remote.DefaultTransport, status}
			if _, err := client.Push(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			everywhere(t, r, reg, other)
			if n := reg.Count("PATCH", ""); n != 18 {
				t.Errorf("sent %d blobs, want all of them to each", n)
			}
		})
	}
}

// A token says what its bearer may do: to write one repository, and to read those
// that it mounts from.
func TestTokensAllowMounts(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Put("base/web", "v0.0.7", randomImage(t, 1<<10, 2))
	service := &tokens{RoundTripper: remote.DefaultTransport}
	client := newClient()
	client.Transport = service
	r := copying(t, reg, repository(t, reg.Host+"/acme/web"), repository(t, reg.Host+"/team/web"))
	r.From = image(t, reg.Host+"/base/web:v0.0.7")
	if _, err := client.Push(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	slices.Sort(service.scopes)
	want := []string{
		"repository:acme/web:push,pull repository:base/web:pull repository:team/web:pull",
		"repository:base/web:pull",
		"repository:team/web:push,pull repository:base/web:pull repository:acme/web:pull",
	}
	if diff := cmp.Diff(want, service.scopes); diff != "" {
		t.Error(diff)
	}
	if n := reg.Count("PATCH", ""); n != 0 {
		t.Errorf("sent %d blobs that the registry has", n)
	}
}

// Some token services give nothing to who asks for too much.
func TestATokenForLess(t *testing.T) {
	reg, other := testkit.NewRegistry(t), testkit.NewRegistry(t)
	client := newClient()
	client.Transport = &tokens{RoundTripper: remote.DefaultTransport, strict: true}
	r := toThree(t, reg, other)
	if _, err := client.Push(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	everywhere(t, r, reg, other)
}

// tokens is a token service in front of registries, whose tokens last.
type tokens struct {
	http.RoundTripper
	strict bool // it gives none for two repositories
	mu     sync.Mutex
	scopes []string
}

func (s *tokens) RoundTrip(request *http.Request) (*http.Response, error) {
	scopes := request.URL.Query()["scope"]
	answer := &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: request}
	switch {
	case request.URL.Scheme == "https": // it is asked by plain http then
		return nil, io.ErrClosedPipe
	case request.URL.Path == "/token" && s.strict && len(scopes) > 1:
		answer.StatusCode = 403
	case request.URL.Path == "/token":
		s.mu.Lock()
		s.scopes = append(s.scopes, strings.Join(scopes, " "))
		s.mu.Unlock()
		answer.Body = io.NopCloser(strings.NewReader(`{"token":"secret"}`))
	case request.Header.Get("Authorization") != "Bearer secret":
		answer.StatusCode = 401
		answer.Header.Set("Www-Authenticate", `Bearer realm="`+request.URL.Scheme+`://`+request.URL.Host+`/token",service="testkit"`)
	default:
		inside := request.Clone(request.Context())
		inside.Header.Del("Authorization")
		return s.RoundTripper.RoundTrip(inside)
	}
	return answer, nil
}

// A tag for an image that is in its repository already: its manifest, the tag, the
// write. What the registry says as it takes it is what it holds.
func TestRetagTakesThreeRequests(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*http.Response)
		more   []string
	}{
		"as a rule":                      {},
		"the registry tells no digest":   {change: func(r *http.Response) { r.Header.Del("Docker-Content-Digest") }, more: []string{"HEAD /v2/acme/web/manifests/v0.0.8"}},
		"the registry tells another one": {change: func(r *http.Response) { r.Header.Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64)) }, more: []string{"HEAD /v2/acme/web/manifests/v0.0.8"}},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, testkit.RegistryTokens(1000))
			reg.Put("acme/web", "pr-7", randomImage(t, 1<<10, 2))
			client := newClient()
			if test.change != nil {
				client.Transport = writes(test.change)
			}
			pushed, err := client.Push(t.Context(), registry.PushRequest{
				From: image(t, reg.Host+"/acme/web:pr-7"), Repositories: []ref.Repository{repository(t, reg.Host+"/acme/web")},
				Tags: []registry.Tag{{Name: "v0.0.8", Rule: registry.Fixed}},
			})
			if err != nil || len(pushed) != 1 || reg.Digest("acme/web", "v0.0.8") != reg.Digest("acme/web", "pr-7") {
				t.Fatalf("pushed %v, %v", short(pushed), err)
			}
			want := append([]string{
				"GET /v2/", "GET /token",
				"GET /v2/acme/web/manifests/pr-7", "HEAD /v2/acme/web/manifests/v0.0.8", "PUT /v2/acme/web/manifests/v0.0.8",
			}, test.more...)
			if diff := cmp.Diff(want, reg.Requests()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// writes changes every answer to a PUT.
type writes func(*http.Response)

func (w writes) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := remote.DefaultTransport.RoundTrip(request)
	if err == nil && request.Method == http.MethodPut {
		w(response)
	}
	return response, err
}
