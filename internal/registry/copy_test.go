package registry_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// copying is a request for what from has under v0.0.7.
func copying(t *testing.T, from *testkit.Registry, to ...ref.Repository) registry.PushRequest {
	t.Helper()
	return registry.PushRequest{
		From: image(t, from.Host+"/acme/web:v0.0.7"), Repositories: to,
		Tags: []registry.Tag{{Name: "main"}, {Name: "v0.0.7", Rule: registry.Fixed}},
	}
}

func TestCopyBetweenRegistries(t *testing.T) {
	index, err := random.Index(100, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		image remote.Taggable
		blobs int
	}{
		"image": {randomImage(t, 1<<10, 3), 4},
		"index": {index, 9},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := testkit.NewRegistry(t), testkit.NewRegistry(t)
			from.Put("acme/web", "v0.0.7", test.image)
			want := from.Digest("acme/web", "v0.0.7")
			r := copying(t, from, repository(t, from.Host+"/acme/web"), repository(t, to.Host+"/team/web"))
			pushed, err := newClient().Push(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			lines := []string{"acme/web v0.0.7 already", "acme/web main pushed", "team/web v0.0.7 pushed", "team/web main pushed"}
			if diff := cmp.Diff(lines, short(pushed)); diff != "" {
				t.Error(diff)
			}
			if got := to.Digest("team/web", "v0.0.7"); got != want || string(pushed[2].Digest) != want {
				t.Errorf("the copy is %s, reported as %s; want %s", got, pushed[2].Digest, want)
			}
			if pushed[2].Blobs != test.blobs {
				t.Errorf("%d blobs were sent, want %d", pushed[2].Blobs, test.blobs)
			}
			if n := from.Count("POST", "") + from.Count("HEAD", "/blobs/"); n != 0 {
				t.Errorf("%d requests for blobs where the image comes from", n)
			}
		})
	}
}

func TestCopyWithinARegistryMounts(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Put("acme/web", "v0.0.7", randomImage(t, 1<<10, 3))
	pushed, err := newClient().Push(t.Context(), copying(t, reg, repository(t, reg.Host+"/team/web")))
	if err != nil {
		t.Fatal(err)
	}
	if pushed[0].Skipped != 4 || pushed[0].Blobs != 0 || reg.Count("PATCH", "") != 0 {
		t.Errorf("sent %d blobs, skipped %d", pushed[0].Blobs, pushed[0].Skipped)
	}
	if got, want := reg.Digest("team/web", "v0.0.7"), reg.Digest("acme/web", "v0.0.7"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The digest is what was meant, wherever the tag points by now.
func TestCopyOfADigest(t *testing.T) {
	from, to := testkit.NewRegistry(t), testkit.NewRegistry(t)
	from.Put("acme/web", "v0.0.7", randomImage(t, 100, 1))
	r := copying(t, from, repository(t, to.Host+"/acme/web"))
	r.Digest = ref.Digest(from.Digest("acme/web", "v0.0.7"))
	from.Put("acme/web", "v0.0.7", randomImage(t, 100, 1))
	if _, err := newClient().Push(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if got := to.Digest("acme/web", "v0.0.7"); got != string(r.Digest) {
		t.Errorf("got %s, want %s", got, r.Digest)
	}
}

// Rules hold for a copy, and a refusal names the registry that it comes from.
func TestCopyRefused(t *testing.T) {
	for name, test := range map[string]struct {
		source, target *testkit.RegistryFailure
		taken          bool
		code           string
		atSource       bool
	}{
		"no such image":        {source: answer("", "/manifests/", 404, "MANIFEST_UNKNOWN", "gone"), code: "E_IMAGE_MISSING", atSource: true},
		"may not read":         {source: answer("", "/manifests/", 403, "DENIED", "no"), code: "E_PULL_DENIED", atSource: true},
		"may not read a blob":  {source: answer("GET", "/blobs/", 403, "DENIED", "no"), code: "E_PULL_DENIED", atSource: true},
		"a blob is gone":       {source: answer("GET", "/blobs/", 404, "BLOB_UNKNOWN", "gone"), code: "E_IMAGE_MISSING", atSource: true},
		"may not write":        {target: answer("POST", "", 403, "DENIED", "no"), code: "E_PUSH_DENIED"},
		"the version is taken": {taken: true, code: "E_TAG_TAKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := testkit.NewRegistry(t), testkit.NewRegistry(t)
			from.Put("acme/web", "v0.0.7", randomImage(t, 100, 1))
			if test.taken {
				to.Put("acme/web", "v0.0.7", randomImage(t, 100, 1))
			}
			if test.source != nil {
				from.Fail(*test.source)
			}
			if test.target != nil {
				to.Fail(*test.target)
			}
			_, err := newClient().Push(t.Context(), copying(t, from, repository(t, to.Host+"/acme/web")))
			host := to.Host
			if test.atSource {
				host = from.Host
			}
			check(t, err, test.code, host+"/acme/web", "")
			if n := to.Count("PUT", "/manifests/"); n != 0 {
				t.Errorf("%d manifests were written", n)
			}
		})
	}
}

func TestCopyOnABadDay(t *testing.T) {
	from, to := testkit.NewRegistry(t), testkit.NewRegistry(t)
	from.Put("acme/web", "v0.0.7", randomImage(t, 1<<10, 2))
	from.Fail(testkit.RegistryFailure{Method: "GET", Path: "/blobs/", Reset: true, Times: 1})
	from.Fail(testkit.RegistryFailure{Method: "GET", Path: "/blobs/", Status: 503, Times: 1})
	to.Fail(testkit.RegistryFailure{Method: "PATCH", Reset: true, Times: 1})
	_, err := newClient().Push(t.Context(), copying(t, from, repository(t, to.Host+"/acme/web")))
	if err != nil {
		t.Fatal(err)
	}
}

// hanging is a network in which one registry takes uploads and says nothing.
type hanging struct{ host string }

func (h hanging) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method != http.MethodPatch || request.URL.Host != h.host {
		return remote.DefaultTransport.RoundTrip(request)
	}
	defer request.Body.Close()
	if _, err := request.Body.Read(make([]byte, 10)); err != nil {
		return nil, err
	}
	<-request.Context().Done()
	return nil, request.Context().Err()
}

// A registry that hangs keeps what it downloads, and nobody else waiting.
func TestOneRegistryHangs(t *testing.T) {
	from, slow, good := testkit.NewRegistry(t), testkit.NewRegistry(t), testkit.NewRegistry(t)
	from.Put("acme/web", "main", randomImage(t, 3<<20, 8))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	client := newClient()
	client.Transport = after{http: hanging{slow.Host}, method: "PUT", part: "/manifests/main", then: cancel} // it is done
	_, err := client.Push(ctx, registry.PushRequest{From: image(t, from.Host+"/acme/web:main"), Tags: []registry.Tag{{Name: "main"}},
		Repositories: []ref.Repository{repository(t, slow.Host+"/acme/web"), repository(t, good.Host+"/acme/web")}})
	if !errors.Is(err, context.Canceled) || good.Digest("acme/web", "main") == "" {
		t.Errorf("the other registry has %d of 9 blobs: %v", good.Count("PATCH", ""), err)
	}
}

// asking notes what is asked to be mounted.
type asking struct {
	http.RoundTripper
	mu     sync.Mutex
	mounts []string
}

func (a *asking) RoundTrip(request *http.Request) (*http.Response, error) {
	if from := request.URL.Query().Get("from"); from != "" {
		a.mu.Lock()
		a.mounts = append(a.mounts, from)
		a.mu.Unlock()
	}
	return a.RoundTripper.RoundTrip(request)
}

// Where a token is for one repository alone, nothing is mounted: that would be
// challenged, and go-containerregistry asks for all that it was challenged for at
// every renewal from then on.
func TestNoMountBeyondTheToken(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Put("base/web", "v0.0.7", randomImage(t, 1<<10, 2))
	network := &asking{RoundTripper: &tokens{RoundTripper: remote.DefaultTransport, strict: true}}
	client := newClient()
	client.Transport = network
	r := copying(t, reg, repository(t, reg.Host+"/acme/web"), repository(t, reg.Host+"/team/web"))
	r.From = image(t, reg.Host+"/base/web:v0.0.7")
	if _, err := client.Push(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if len(network.mounts) != 0 {
		t.Errorf("asked to mount from %q", network.mounts)
	}
}
