package registry_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit/sample"
)

// atOnce tries three times without waiting.
var atOnce = remote.Backoff{Steps: 3}

// newClient knows no credentials, whatever this machine is logged in to.
func newClient() *registry.Client {
	return &registry.Client{Retry: atOnce, Keychain: noCredentials{}}
}

func repository(t testing.TB, name string) ref.Repository {
	t.Helper()
	r, err := ref.ParseRepository(name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func image(t testing.TB, name string) ref.Image {
	t.Helper()
	i, err := ref.ParseImage(name)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

var (
	randomImage = sample.Image
	onDisk      = sample.Layout
	digestOf    = sample.Digest
	check       = sample.Fault
)

// request is a push of a fresh image of three small layers.
func request(t testing.TB, repositories ...ref.Repository) registry.PushRequest {
	t.Helper()
	dir, digest := onDisk(t, randomImage(t, 1<<10, 3))
	return registry.PushRequest{Layout: dir, Digest: digest, Repositories: repositories, Tags: []registry.Tag{
		{Name: "main"}, {Name: "latest"}, {Name: "v0.0.7", Rule: registry.Fixed},
	}}
}

// short renders results without what differs from run to run.
func short(pushed []registry.Pushed) (lines []string) {
	for _, p := range pushed {
		lines = append(lines, strings.Join([]string{p.Repository.Path(), string(p.Tag), string(p.Status)}, " "))
	}
	return lines
}

// after does something between a certain request's answer and its client.
type after struct {
	http         http.RoundTripper
	method, part string
	then         func()
}

func (a after) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := a.http.RoundTrip(request)
	if request.Method == a.method && strings.Contains(request.URL.Path, a.part) {
		a.then()
	}
	return response, err
}

// nth is f at the nth call, and nothing at the others.
func nth(n int32, f func()) func() {
	var calls atomic.Int32
	return func() {
		if calls.Add(1) == n {
			f()
		}
	}
}

// layoutImage reads back what a request is about to push.
func layoutImage(t testing.TB, r registry.PushRequest) v1.Image {
	t.Helper()
	hash, err := v1.NewHash(string(r.Digest))
	if err != nil {
		t.Fatal(err)
	}
	img, err := layout.Path(r.Layout).Image(hash)
	if err != nil {
		t.Fatal(err)
	}
	return img
}
