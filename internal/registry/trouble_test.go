package registry_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

func TestOneRegistryFailsTheOthersDoNot(t *testing.T) {
	good, bad := testkit.NewRegistry(t), testkit.NewRegistry(t, testkit.RegistryDenies("acme/"))
	r := request(t, repository(t, good.Host+"/acme/web"), repository(t, bad.Host+"/acme/web"),
		repository(t, "127.0.0.1:1/acme/web"), repository(t, good.Host+"/acme/copy"))
	pushed, err := newClient().Push(t.Context(), r)
	var codes []string
	for _, f := range fault.All(err) {
		codes = append(codes, f.Code)
	}
	if diff := cmp.Diff([]string{"E_PUSH_DENIED", "E_REGISTRY_UNREACHABLE"}, codes); diff != "" {
		t.Error(diff)
	}
	want := []string{
		"acme/web v0.0.7 pushed", "acme/web main pushed", "acme/web latest pushed",
		"acme/copy v0.0.7 pushed", "acme/copy main pushed", "acme/copy latest pushed",
	}
	if diff := cmp.Diff(want, short(pushed)); diff != "" {
		t.Error(diff)
	}
}

// No room is not made by asking again.
func TestAFullRegistryIsAskedOnce(t *testing.T) {
	const words = `{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":{"DriverName":"filesystem","Enclosed":{"Err":28}}}]}`
	for method, path := range map[string]string{"POST": "/uploads/", "PATCH": "", "PUT": "/manifests/main"} {
		t.Run(method, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			reg.Fail(testkit.RegistryFailure{Method: method, Path: path, Status: 500, Body: words})
			_, err := newClient().Push(t.Context(), oneBlob(t, reg))
			check(t, err, "E_REGISTRY_FULL", "Err:28", "make room")
			if n := reg.Count(method, path); n != 1 {
				t.Errorf("asked %d times:\n%s", n, strings.Join(reg.Requests(), "\n"))
			}
		})
	}
}

func TestVersionFailsThenNothingFloats(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Fail(testkit.RegistryFailure{Method: "PUT", Path: "/manifests/v0.0.7", Status: 507, Code: "UNKNOWN", Message: "disk full"})
	r := request(t, repository(t, reg.Host+"/acme/web"))
	_, err := newClient().Push(t.Context(), r)
	if !fault.Is(err, "E_REGISTRY_FULL") || !strings.Contains(err.Error(), "disk full") {
		t.Fatalf("got %v", err)
	}
	for _, tag := range []string{"main", "latest"} {
		if got := reg.Digest("acme/web", tag); got != "" {
			t.Errorf("%s is %s without a version", tag, got)
		}
	}
}

func TestAnotherDigestAfterwards(t *testing.T) {
	reg := testkit.NewRegistry(t)
	r := request(t, repository(t, reg.Host+"/acme/web"))
	r.Tags = []registry.Tag{{Name: "main"}}
	// The tag moves while the manifest is on its way, as another job would move it.
	other := randomImage(t, 100, 1)
	reg.Put("acme/web", "other", other)
	stolen := sync.OnceFunc(func() { reg.Put("acme/web", "main", other) })
	client := newClient()
	client.Transport = after{http: remote.DefaultTransport, method: "PUT", part: "/manifests/main", then: stolen}
	_, err := client.Push(t.Context(), r)
	if !fault.Is(err, "E_PUSH_VERIFY") {
		t.Fatalf("got %v", err)
	}
	for _, digest := range []ref.Digest{r.Digest, digestOf(t, other)} {
		if !strings.Contains(err.Error(), string(digest)) {
			t.Errorf("%v\ndoes not name %s", err, digest)
		}
	}
}

func TestImmutableRepository(t *testing.T) {
	mine := request(t)
	other := randomImage(t, 100, 1)
	for name, test := range map[string]struct {
		faster func(*testkit.Registry)
		status registry.Status
		code   string
	}{
		"another run was faster with the same image": {
			faster: func(reg *testkit.Registry) { reg.Put("acme/web", "v0.0.7", layoutImage(t, mine)) },
			status: registry.StatusAlready,
		},
		"another run was faster with another image": {
			faster: func(reg *testkit.Registry) { reg.Put("acme/web", "v0.0.7", other) },
			code:   "E_TAG_TAKEN",
		},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, testkit.RegistryImmutable())
			r := mine
			r.Repositories = []ref.Repository{repository(t, reg.Host+"/acme/web")}
			r.Tags = []registry.Tag{{Name: "v0.0.7", Rule: registry.Fixed}}
			client := newClient()
			client.Transport = after{http: remote.DefaultTransport, method: "POST", part: "/blobs/",
				then: sync.OnceFunc(func() { test.faster(reg) })}
			pushed, err := client.Push(t.Context(), r)
			if test.code != "" {
				if !fault.Is(err, test.code) {
					t.Fatalf("got %v, want %s", err, test.code)
				}
				return
			}
			if err != nil || len(pushed) != 1 || pushed[0].Status != test.status {
				t.Fatalf("got %v and %v", short(pushed), err)
			}
		})
	}
}

func TestBadDays(t *testing.T) {
	for name, failure := range map[string]testkit.RegistryFailure{
		"503 at an upload":           {Method: "PATCH", Status: 503, Times: 2},
		"500 with a code of its own": {Method: "PUT", Path: "/blobs/", Status: 500, Code: "INTERNAL_SERVER_ERROR", Message: "oops", Times: 2},
		"429 at a manifest":          {Method: "PUT", Path: "/manifests/", Status: 429, Code: "TOOMANYREQUESTS", Message: "slow down", Times: 2},
		"429 at the first question":  {Method: "HEAD", Path: "/manifests/", Status: 429, Times: 2},
		"reset in the middle":        {Method: "PATCH", Reset: true, Times: 2},
		"499 at the login":           {Path: "/v2/", Status: 499, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			reg.Fail(failure)
			dir, digest := onDisk(t, randomImage(t, 1<<20, 2))
			var log strings.Builder
			client := newClient()
			client.Log = &log
			pushed, err := client.Push(t.Context(), registry.PushRequest{
				Layout: dir, Digest: digest, Tags: []registry.Tag{{Name: "main"}},
				Repositories: []ref.Repository{repository(t, reg.Host+"/acme/web")},
			})
			if err != nil || len(pushed) != 1 || reg.Digest("acme/web", "main") != string(digest) {
				t.Fatalf("got %v and %v", short(pushed), err)
			}
			if !strings.Contains(log.String(), ", again in 0 s (try 2 of 3)\n") {
				t.Errorf("the log says %q", log.String())
			}
		})
	}
}

func TestCancelledPush(t *testing.T) {
	reg := testkit.NewRegistry(t)
	ctx, cancel := context.WithCancel(t.Context())
	client := newClient()
	client.Transport = after{http: remote.DefaultTransport, method: "PATCH", part: "/blobs/", then: cancel}
	_, err := client.Push(ctx, request(t, repository(t, reg.Host+"/acme/web")))
	if err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("got %v", err)
	}
	if n := reg.Count("PUT", "/manifests/"); n != 0 {
		t.Errorf("%d manifests were written afterwards", n)
	}
}

func TestLayoutThatIsNotWhole(t *testing.T) {
	missing := ref.Digest("sha256:" + strings.Repeat("0", 64))
	good := request(t)
	for name, test := range map[string]struct {
		request registry.PushRequest
		told    string
	}{
		"no folder":      {registry.PushRequest{Layout: t.TempDir() + "/none", Digest: missing}, "no such file"},
		"no layout":      {registry.PushRequest{Layout: t.TempDir(), Digest: missing}, "no such file"},
		"another digest": {registry.PushRequest{Layout: good.Layout, Digest: missing}, "is called \"" + string(missing)},
		"missing blob":   {broken(t, aLayer, os.Remove), "no such file"},
		"cut blob":       {broken(t, aLayer, func(path string) error { return os.Truncate(path, 10) }), "has 10 bytes, not "},
		"other manifest": {broken(t, theManifest, recased), "is damaged"},
		"other config":   {broken(t, theConfig, recased), "is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			test.request.Repositories = []ref.Repository{repository(t, reg.Host+"/acme/web")}
			_, err := newClient().Push(t.Context(), test.request)
			check(t, err, "E_LAYOUT", test.told, "build the image again")
			if requests := reg.Requests(); len(requests) != 0 {
				t.Errorf("asked %v", requests)
			}
		})
	}
}

// broken is a request of which one blob on disk was damaged.
func broken(t testing.TB, which func(testing.TB, v1.Image) v1.Hash, damage func(path string) error) registry.PushRequest {
	t.Helper()
	r := request(t)
	blob := which(t, layoutImage(t, r))
	if err := damage(filepath.Join(r.Layout, "blobs", "sha256", blob.Hex)); err != nil {
		t.Fatal(err)
	}
	return r
}

func aLayer(t testing.TB, img v1.Image) v1.Hash {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	return hashOf(t, layers[1].Digest)
}

func theConfig(t testing.TB, img v1.Image) v1.Hash { return hashOf(t, img.ConfigName) }

func theManifest(t testing.TB, img v1.Image) v1.Hash { return hashOf(t, img.Digest) }

func hashOf(t testing.TB, of func() (v1.Hash, error)) v1.Hash {
	t.Helper()
	hash, err := of()
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// recased changes JSON into other bytes of the same length and, to Go, meaning: its
// first key begins with another case.
func recased(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[len(`{"`)] ^= 'a' ^ 'A'
	return os.WriteFile(path, data, 0o644)
}

// flip changes one byte in the middle.
func flip(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	return os.WriteFile(path, data, 0o644)
}

// large is a push of an image with two layers that are not hashed before.
func large(t testing.TB, repositories ...ref.Repository) registry.PushRequest {
	t.Helper()
	dir, digest := onDisk(t, randomImage(t, 2<<20, 2))
	return registry.PushRequest{Layout: dir, Digest: digest, Repositories: repositories, Tags: []registry.Tag{{Name: "main"}}}
}

// A registry that refuses a large layer is right if it changed on disk after the
// build: it is not sent again, and no proxy is blamed.
func TestALayerChangedOnDisk(t *testing.T) {
	reg := testkit.NewRegistry(t)
	r := large(t, repository(t, reg.Host+"/acme/web"))
	blob := aLayer(t, layoutImage(t, r))
	if err := flip(filepath.Join(r.Layout, "blobs", "sha256", blob.Hex)); err != nil {
		t.Fatal(err)
	}
	_, err := newClient().Push(t.Context(), r)
	check(t, err, "E_LAYOUT", blob.String()+" is damaged", "make the image again")
	if n := reg.Count("PATCH", ""); n > 3 {
		t.Errorf("%d blobs were sent, of 3", n)
	}
	if n := reg.Count("PUT", "/manifests/"); n != 0 {
		t.Errorf("%d manifests were written", n)
	}
}

// A registry that is wrong about a layer gets it again.
func TestALayerChangedOnItsWay(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Fail(testkit.RegistryFailure{Method: "PUT", Path: "/blobs/", Status: 400, Code: "DIGEST_INVALID", Message: "provided digest did not match uploaded content", Times: 2})
	r := large(t, repository(t, reg.Host+"/acme/web"))
	if _, err := newClient().Push(t.Context(), r); err != nil || reg.Digest("acme/web", "main") != string(r.Digest) {
		t.Errorf("main is %q, %v", reg.Digest("acme/web", "main"), err)
	}
}

// Two runs push one image at once, and the registry forgets a blob in between.
func TestABlobIsLostBeforeTheManifest(t *testing.T) {
	for times, want := range map[int]string{1: "", 2: "", 0: "E_REGISTRY"} {
		reg := testkit.NewRegistry(t)
		reg.Fail(testkit.RegistryFailure{Method: "PUT", Path: "/manifests/sha256:", Times: times, Status: 404, Code: "MANIFEST_BLOB_UNKNOWN", Message: "blob unknown to registry"})
		pushed, err := newClient().Push(t.Context(), request(t, repository(t, reg.Host+"/acme/web")))
		if want == "" && (err != nil || len(pushed) != 3) || want != "" && !fault.Is(err, want) {
			t.Errorf("%d times: pushed %v, %v", times, short(pushed), err)
		}
	}
}
