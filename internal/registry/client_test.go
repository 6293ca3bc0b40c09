package registry_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

func TestResolve(t *testing.T) {
	reg := testkit.NewRegistry(t)
	img := randomImage(t, 100, 1)
	reg.Put("acme/web", "v0.0.7", img)
	reg.Put("acme/web", "latest", img)
	digest := digestOf(t, img)
	for name, test := range map[string]struct {
		image string
		code  string
	}{
		"tag":                  {image: "acme/web:v0.0.7"},
		"no tag is latest":     {image: "acme/web"},
		"digest":               {image: "acme/web@" + string(digest)},
		"digest goes over tag": {image: "acme/web:gone@" + string(digest)},
		"no such tag":          {image: "acme/web:v0.0.8", code: "E_IMAGE_MISSING"},
		"no such repository":   {image: "acme/none:v0.0.7", code: "E_IMAGE_MISSING"},
		"no such digest":       {image: "acme/web@sha256:" + strings.Repeat("0", 64), code: "E_IMAGE_MISSING"},
	} {
		t.Run(name, func(t *testing.T) {
			image := image(t, reg.Host+"/"+test.image)
			got, err := newClient().Resolve(t.Context(), image)
			exists, askErr := newClient().Exists(t.Context(), image)
			if askErr != nil || exists != (test.code == "") {
				t.Errorf("Exists: %t, %v", exists, askErr)
			}
			if test.code != "" {
				check(t, err, test.code, image.String(), "push the image first")
				return
			}
			if err != nil || got != digest {
				t.Errorf("got %s and %v, want %s", got, err, digest)
			}
		})
	}
}

func TestFetchIsResolve(t *testing.T) {
	reg := testkit.NewRegistry(t)
	img := randomImage(t, 100, 1)
	reg.Put("acme/web", "v0.0.7", img)
	client := newClient()
	for _, known := range []string{"acme/web:v0.0.7", "acme/web:gone@" + string(digestOf(t, img))} {
		if got, err := client.Fetch(t.Context(), image(t, reg.Host+"/"+known)); err != nil || got != digestOf(t, img) {
			t.Errorf("%s: %s and %v", known, got, err)
		}
	}
	_, err := client.Fetch(t.Context(), image(t, reg.Host+"/acme/web:v0.0.8"))
	check(t, err, "E_IMAGE_MISSING", reg.Host+"/acme/web:v0.0.8", "push the image first")

	reg.Fail(testkit.RegistryFailure{Path: "/manifests/", Status: 403, Code: "DENIED", Message: "denied"})
	_, err = newClient().Fetch(t.Context(), image(t, reg.Host+"/acme/web:v0.0.7"))
	check(t, err, "E_PULL_DENIED", "DENIED: denied", "let this login read")
	if !errors.Is(err, registry.ErrHidden) {
		t.Errorf("%v is not ErrHidden", err)
	}
}

func TestResolveByHeadAlone(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Put("acme/web", "main", randomImage(t, 100, 1))
	if _, err := newClient().Resolve(t.Context(), image(t, reg.Host+"/acme/web:main")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"GET /v2/", "HEAD /v2/acme/web/manifests/main"}, reg.Requests()); diff != "" {
		t.Error(diff)
	}
}

func TestResolveWhereHeadIsOfNoUse(t *testing.T) {
	img := randomImage(t, 100, 1)
	for name, change := range map[string]func(*http.Response){
		"HEAD is not allowed": func(r *http.Response) { r.StatusCode = http.StatusMethodNotAllowed },
		"HEAD has no digest":  func(r *http.Response) { r.Header.Del("Docker-Content-Digest") },
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			reg.Put("acme/web", "main", img)
			client := newClient()
			client.Transport = headers(change)
			got, err := client.Resolve(t.Context(), image(t, reg.Host+"/acme/web:main"))
			if err != nil || got != digestOf(t, img) {
				t.Errorf("got %s and %v", got, err)
			}
			if exists, err := client.Exists(t.Context(), image(t, reg.Host+"/acme/web:none")); exists || err != nil {
				t.Errorf("none: %t, %v", exists, err)
			}
		})
	}
}

// headers changes every answer to a HEAD.
type headers func(*http.Response)

func (h headers) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := remote.DefaultTransport.RoundTrip(request)
	if err == nil && request.Method == http.MethodHead {
		h(response)
	}
	return response, err
}

func TestExistsDoesNotGuess(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Fail(testkit.RegistryFailure{Path: "/manifests/", Status: 403, Code: "DENIED", Message: "denied"})
	client := newClient()
	_, err := client.Exists(t.Context(), image(t, reg.Host+"/acme/web:main"))
	check(t, err, "E_PULL_DENIED", "DENIED: denied", "let this login read")
}

func labelled(t *testing.T, img v1.Image, commit string) v1.Image {
	t.Helper()
	img, err := mutate.Config(img, v1.Config{Labels: map[string]string{"org.opencontainers.image.revision": commit, "org.opencontainers.image.source": "https://github.example/" + commit}})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestRevision(t *testing.T) {
	reg := testkit.NewRegistry(t)
	amd := labelled(t, randomImage(t, 100, 1), "aaa")
	arm := labelled(t, randomImage(t, 100, 1), "bbb")
	attestation := randomImage(t, 100, 1)
	platform := func(img v1.Image, os, arch string) mutate.IndexAddendum {
		return mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: os, Architecture: arch}}}
	}
	index := mutate.AppendManifests(empty.Index,
		platform(attestation, "unknown", "unknown"), platform(amd, "linux", "amd64"), platform(arm, "linux", "arm64"))
	annotated := mutate.Annotations(index, map[string]string{"org.opencontainers.image.revision": "ccc"}).(v1.ImageIndex)
	plain := randomImage(t, 100, 1)
	for tag, img := range map[string]remote.Taggable{"image": amd, "index": index, "annotated": annotated, "plain": plain} {
		reg.Put("acme/web", tag, img)
	}
	for name, test := range map[string]struct {
		tag, platform string
		want          registry.Revision
		code          string
	}{
		"image":              {tag: "image", want: registry.Revision{Digest: digestOf(t, amd), Commit: "aaa", Source: "https://github.example/aaa"}},
		"first that can run": {tag: "index", want: registry.Revision{Digest: digestOf(t, index), Commit: "aaa", Source: "https://github.example/aaa"}},
		"by platform":        {tag: "index", platform: "linux/arm64", want: registry.Revision{Digest: digestOf(t, index), Commit: "bbb", Source: "https://github.example/bbb"}},
		"index annotation":   {tag: "annotated", want: registry.Revision{Digest: digestOf(t, annotated), Commit: "ccc"}},
		"no label":           {tag: "plain", want: registry.Revision{Digest: digestOf(t, plain)}},
		"no such platform":   {tag: "index", platform: "windows/amd64", code: "E_PLATFORM"},
		"no platform at all": {tag: "index", platform: "a/b/c/d", code: "E_PLATFORM"},
		"no such tag":        {tag: "none", code: "E_IMAGE_MISSING"},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient()
			client.Platform = test.platform
			got, err := client.Revision(t.Context(), image(t, reg.Host+"/acme/web:"+test.tag))
			if test.code != "" {
				if fault.Code(err) != test.code {
					t.Errorf("got %v, want %s", err, test.code)
				}
				return
			}
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

// layer is a layer of these entries; Size is set from the content.
func layer(t testing.TB, entries ...tarEntry) v1.Layer {
	t.Helper()
	var data bytes.Buffer
	w := tar.NewWriter(&data)
	for _, e := range entries {
		e.Size, e.Mode = int64(len(e.content)), 0o644
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

type tarEntry struct {
	tar.Header
	content string
}

func file(name, content string) tarEntry {
	return tarEntry{tar.Header{Name: name, Typeflag: tar.TypeReg}, content}
}

func TestFile(t *testing.T) {
	reg := testkit.NewRegistry(t)
	link := tarEntry{Header: tar.Header{Name: "etc/link", Typeflag: tar.TypeSymlink, Linkname: "version"}}
	folder := tarEntry{Header: tar.Header{Name: "etc/", Typeflag: tar.TypeDir}}
	img, err := mutate.AppendLayers(empty.Image,
		layer(t, folder, file("etc/version", "old"), file("etc/gone", "x"), link, file("etc/large", strings.Repeat("x", 16<<20+1))),
		layer(t, file("./etc/version", "new"), file("etc/.wh.gone", "")))
	if err != nil {
		t.Fatal(err)
	}
	reg.Put("acme/web", "main", img)
	for name, test := range map[string]struct{ path, want, told string }{
		"upper layer":    {path: "/etc/version", want: "new"},
		"relative":       {path: "etc/version", want: "new"},
		"unclean":        {path: "/etc/../etc/./version", want: "new"},
		"removed":        {path: "/etc/gone", told: "no such file"},
		"never there":    {path: "/etc/none", told: "no such file"},
		"link":           {path: "/etc/link", told: `a link to "version"`},
		"folder":         {path: "/etc", told: "no regular file"},
		"larger than 16": {path: "/etc/large", told: "16777217 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newClient().File(t.Context(), image(t, reg.Host+"/acme/web:main"), test.path)
			if test.told != "" {
				check(t, err, "E_IMAGE_FILE", test.told, "")
				return
			}
			if err != nil || string(got) != test.want {
				t.Errorf("got %q and %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestDockerHubNames(t *testing.T) {
	for name, want := range map[string]string{
		"nginx:1":             "HEAD https://index.docker.io/v2/library/nginx/manifests/1",
		"docker.io/acme/web":  "HEAD https://index.docker.io/v2/acme/web/manifests/latest",
		"ghcr.io/acme/a/b:v1": "HEAD https://ghcr.io/v2/acme/a/b/manifests/v1",
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient()
			network := &listens{RoundTripper: says{404}}
			client.Transport = network
			if exists, err := client.Exists(t.Context(), image(t, name)); exists || err != nil {
				t.Fatal(exists, err)
			}
			if got := network.asked[len(network.asked)-1]; got != want {
				t.Errorf("asked %s; want %s", got, want)
			}
		})
	}
}

// listens writes down what is asked, as "METHOD URL".
type listens struct {
	http.RoundTripper
	mu    sync.Mutex
	asked []string
}

func (l *listens) RoundTrip(request *http.Request) (*http.Response, error) {
	l.mu.Lock()
	l.asked = append(l.asked, request.Method+" "+request.URL.String())
	l.mu.Unlock()
	return l.RoundTripper.RoundTrip(request)
}
