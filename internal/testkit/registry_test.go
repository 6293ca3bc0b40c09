package testkit_test

import (
	"bytes"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/world"
)

func image(t *testing.T) v1.Image {
	t.Helper()
	img, err := random.Image(1<<10, 2)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func tag(t *testing.T, s string) name.Tag {
	t.Helper()
	tag, err := name.NewTag(s)
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

// ask sends one request and tells "STATUS body".
func ask(t *testing.T, network http.RoundTripper, method, url string, header http.Header) (string, http.Header) {
	t.Helper()
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := network.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.Status[:3] + " " + string(body), response.Header
}

// Every kind of registry, under its own name, takes an image from
// go-containerregistry's own client and gives it back.
func TestRegistriesTakeAndGive(t *testing.T) {
	for image1, test := range map[string]struct {
		option testkit.RegistryOption
		hosts  []string
		login  authn.Basic
	}{
		"ghcr.io/acme/web:v1": {
			testkit.RegistryGHCR(testkit.GHCR{Password: "s3cret"}), []string{"ghcr.io"}, authn.Basic{Username: "any", Password: "s3cret"},
		},
		"index.docker.io/acme/web:v1": {
			testkit.RegistryDockerHub(testkit.DockerHub{User: "acme", Password: "s3cret"}),
			[]string{"index.docker.io", "auth.docker.io"}, authn.Basic{Username: "acme", Password: "s3cret"},
		},
		"123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/web:v1": {
			testkit.RegistryECR(testkit.ECR{Password: is("s3cret"), Blobs: "s3.us-gov-west-1.amazonaws.com"}),
			[]string{"123456789012.dkr.ecr.us-gov-west-1.amazonaws.com"}, authn.Basic{Username: "AWS", Password: "s3cret"},
		},
		"registry.example/acme/web:v1": {
			testkit.RegistryRedirects("https://storage.example", "manifests", "blobs", "uploads"),
			[]string{"registry.example"}, authn.Basic{},
		},
	} {
		t.Run(image1, func(t *testing.T) {
			w, reg := world.New(t), testkit.NewRegistry(t, test.option)
			for _, host := range test.hosts {
				w.Handle(host, reg)
			}
			w.Handle("s3.us-gov-west-1.amazonaws.com", reg.Storage())
			w.Handle("storage.example", reg.Storage())
			w.Secret("s3cret", test.hosts...)
			options := []remote.Option{remote.WithTransport(w.Transport()), remote.WithAuth(&test.login)}
			img, reference := image(t), tag(t, image1)
			if err := remote.Write(reference, img, options...); err != nil {
				t.Fatal(err)
			}
			got, err := remote.Image(reference, options...)
			if err != nil {
				t.Fatal(err)
			}
			layers, err := got.Layers()
			if err != nil {
				t.Fatal(err)
			}
			for _, layer := range layers {
				content, err := layer.Compressed()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, content); err != nil { // of another digest, too
					t.Error(err)
				}
			}
		})
	}
}

func is(right string) func(string) (bool, bool) {
	return func(password string) (ok, expired bool) { return password == right, password == "old" }
}

func TestGHCR(t *testing.T) {
	w := world.New(t)
	reg := testkit.NewRegistry(t, testkit.RegistryGHCR(testkit.GHCR{
		Password: "s3cret", Public: []string{"acme/open"}, Denied: []string{"acme/closed"},
	}))
	w.Handle("ghcr.io", reg)
	reg.Put("acme/open", "v1", image(t))
	network := w.Transport()
	const realm = `Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"`
	if got, header := ask(t, network, "GET", "https://ghcr.io/v2/", nil); !strings.HasPrefix(got, "401 ") || header.Get("WWW-Authenticate") != realm {
		t.Errorf("got %s %v", got, header)
	}
	for name, test := range map[string]struct{ user, scope, want string }{
		"wrong password":       {"me:guess", "repository:acme/open:pull", `403 {"errors":[{"code":"DENIED","message":"denied"}]}`},
		"nobody, private":      {"", "repository:acme/web:pull", "401 "},
		"nobody, public":       {"", "repository:acme/open:pull", `200 {"token":"`},
		"nobody, public, push": {"", "repository:acme/open:push,pull", "401 "},
		"any user":             {"x:s3cret", "repository:acme/web:push,pull", `200 {"token":"`},
	} {
		if got := ghcrToken(t, network, test.user, test.scope); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
	for request, want := range map[string]string{
		"GET acme/web/manifests/v1":                                 `403 {"errors":[{"code":"DENIED","message":"denied"}]}`,
		"GET acme/open/manifests/v2":                                `404 {"errors":[{"code":"MANIFEST_UNKNOWN"`,
		"POST acme/closed/blobs/uploads/":                           `403 {"errors":[{"code":"DENIED","message":"permission_denied: write_package"}]}`,
		"DELETE acme/open/manifests/v1":                             `405 {"errors":[{"code":"UNSUPPORTED","message":"The operation is unsupported."}]}`,
		"GET acme/open/referrers/sha256:" + strings.Repeat("0", 64): `404 {"errors":[{"code":"MANIFEST_UNKNOWN"`,
		"HEAD acme/web/blobs/sha256:" + strings.Repeat("0", 64):     "404 ",
		"GET acme/open/tags/list":                                   `200 {"name":"acme/open","tags":["v1"]}`,
	} {
		method, path, _ := strings.Cut(request, " ")
		repository := strings.Join(strings.Split(path, "/")[:2], "/")
		opaque := tokenIn(ghcrToken(t, network, "x:s3cret", "repository:"+repository+":pull,push"))
		got, _ := ask(t, network, method, "https://ghcr.io/v2/"+path, http.Header{"Authorization": {"Bearer " + opaque}})
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", request, got, want)
		}
	}
}

func ghcrToken(t *testing.T, network http.RoundTripper, login, scope string) string {
	t.Helper()
	header := http.Header{}
	if login != "" {
		header.Set("Authorization", "Basic "+basic(login))
	}
	got, _ := ask(t, network, "GET", "https://ghcr.io/token?service=ghcr.io&scope="+scope, header)
	return got
}

// tokenIn finds the token in the answer of a token service.
func tokenIn(answer string) string {
	_, rest, _ := strings.Cut(answer, `"token":"`)
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

func basic(login string) string {
	request := http.Request{Header: http.Header{}}
	user, password, _ := strings.Cut(login, ":")
	request.SetBasicAuth(user, password)
	return strings.TrimPrefix(request.Header.Get("Authorization"), "Basic ")
}

func TestGHCRListsInNoOrder(t *testing.T) {
	reg := testkit.NewRegistry(t, testkit.RegistryGHCR(testkit.GHCR{Password: "s3cret"}))
	var tags []string
	for i := range 250 {
		tags = append(tags, "v"+string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
	reg.Fill("acme/web", image(t), tags...)
	got, err := remote.List(tag(t, reg.Host+"/acme/web").Context(), remote.WithAuth(&authn.Basic{Username: "x", Password: "s3cret"}))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	ordered := true
	for i, tag := range got {
		seen[tag] = true
		ordered = ordered && (i == 0 || got[i-1] < tag)
	}
	if len(seen) != 250 || len(got) != 250 || ordered {
		t.Errorf("got %d tags, %d of them different, in order: %v", len(got), len(seen), ordered)
	}
	if n := reg.Count("GET", "/tags/list"); n != 3 {
		t.Errorf("asked for %d pages", n)
	}
}

func TestDockerHubLimitsReaders(t *testing.T) {
	now := time.Now()
	reg := testkit.NewRegistry(t, testkit.RegistryDockerHub(testkit.DockerHub{Public: []string{"library/"}, Pulls: 2}),
		testkit.RegistryClock(func() time.Time { return now }))
	w := world.New(t)
	w.Handle("registry-1.docker.io", reg)
	w.Handle("auth.docker.io", reg)
	reg.Put("library/nginx", "1", image(t))
	network := w.Transport()
	got, _ := ask(t, network, "GET", "https://auth.docker.io/token?service=registry.docker.io&scope=repository:library/nginx:pull", nil)
	header := http.Header{"Authorization": {"Bearer " + tokenIn(got)}}
	for i, step := range []struct{ method, left, want string }{
		{"HEAD", "2;w=21600", "200 "}, {"GET", "1;w=21600", "200 "}, {"GET", "0;w=21600", "200 "}, {"HEAD", "0;w=21600", "200 "},
		{"GET", "0;w=21600", `429 {"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit.`},
	} {
		got, answered := ask(t, network, step.method, "https://registry-1.docker.io/v2/library/nginx/manifests/1", header)
		if !strings.HasPrefix(got, step.want) || answered.Get("Ratelimit-Remaining") != step.left {
			t.Errorf("%d: got %s, %v", i, got, answered)
		}
	}
	now = now.Add(5 * time.Minute)
	got, answered := ask(t, network, "HEAD", "https://registry-1.docker.io/v2/library/nginx/manifests/1", header)
	const realm = `Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"`
	if !strings.HasPrefix(got, "401 ") || answered.Get("WWW-Authenticate") != realm {
		t.Errorf("after 300 s: got %s, %v", got, answered)
	}
}

func TestECR(t *testing.T) {
	const host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
	w := world.New(t)
	reg := testkit.NewRegistry(t, testkit.RegistryECR(testkit.ECR{
		Password: is("s3cret"), HasRepository: func(name string) bool { return name == "web" },
		Immutable: true, Mutable: []string{"pr-*"},
	}))
	w.Handle(host, reg)
	reg.Put("web", "v1", image(t))
	reg.Put("web", "pr-7", image(t))
	network := w.Transport()
	for request, want := range map[string]string{
		"GET me:s3cret /v2/":                                                 "401 Not Authorized",
		"GET AWS:guess /v2/":                                                 "401 Not Authorized",
		"GET AWS:s3cret /v2/":                                                "200 ",
		"GET AWS:old /v2/web/tags/list":                                      `403 {"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}`,
		"HEAD AWS:old /v2/web/manifests/v1":                                  "403 ",
		"POST AWS:s3cret /v2/api/blobs/uploads/":                             `404 {"errors":[{"code":"NAME_UNKNOWN","message":"The repository with name 'api' does not exist in the registry with id '123456789012'"}]}`,
		"PUT AWS:s3cret /v2/web/manifests/v1":                                `400 {"errors":[{"code":"TAG_INVALID","message":"The image tag 'v1' already exists in the 'web' repository and cannot be overwritten because the tag is immutable."}]}`,
		"PUT AWS:s3cret /v2/web/manifests/pr-7":                              "201 ",
		"GET AWS:s3cret /v2/web/tags/list?n=1001":                            "400 ",
		"GET AWS:s3cret /v2/web/tags/list?n=1000":                            `200 {"name":"web","tags":["pr-7","v1"]}`,
		"GET AWS:s3cret /v2/web/referrers/sha256:" + strings.Repeat("0", 64): `200 {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`,
	} {
		parts := strings.SplitN(request, " ", 3)
		got, header := ask(t, network, parts[0], "https://"+host+parts[2], http.Header{"Authorization": {"Basic " + basic(parts[1])}})
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", request, got, want)
		}
		if challenged := header.Get("WWW-Authenticate") != ""; challenged != strings.HasPrefix(want, "401") {
			t.Errorf("%s: challenged: %v", request, challenged)
		}
	}
}

// The same manners stand before Docker's own registry.
func TestBehindARealRegistry(t *testing.T) {
	for _, program := range []string{"docker-registry", "htpasswd"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	backend := testkit.Program{User: "ci", Password: "inner"}.Start(t)
	reg := testkit.NewRegistry(t, testkit.RegistryBehind("http://ci:inner@"+backend),
		testkit.RegistryGHCR(testkit.GHCR{Password: "s3cret", Denied: []string{"acme/closed"}}))
	w := world.New(t)
	w.Handle("ghcr.io", reg)
	w.Secret("s3cret", "ghcr.io")
	options := []remote.Option{remote.WithTransport(w.Transport()), remote.WithAuth(&authn.Basic{Username: "x", Password: "s3cret"})}
	img := image(t)
	if err := remote.Write(tag(t, "ghcr.io/acme/web:v1"), img, options...); err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if got := reg.Digest("acme/web", "v1"); got != digest.String() {
		t.Errorf("it holds %q, want %s", got, digest)
	}
	if err := remote.Write(tag(t, "ghcr.io/acme/closed:v1"), img, options...); err == nil || !strings.Contains(err.Error(), "write_package") {
		t.Errorf("got %v", err)
	}
	reg.Put("acme/put", "v1", img)
	if got := reg.Tags("acme/put"); len(got) != 1 || got[0] != "v1" {
		t.Errorf("got %v", got)
	}
}

// Docker's own registry, with a certificate of the world's authority.
func TestARealRegistryWithTLS(t *testing.T) {
	if _, err := exec.LookPath("docker-registry"); err != nil {
		t.Skip(err)
	}
	w := world.New(t)
	cert, key := w.Issue("localhost", "127.0.0.1")
	host := testkit.Program{CertFile: cert, KeyFile: key, ReadOnly: true}.Start(t)
	if got, _ := ask(t, w.Transport(), "GET", "https://"+host+"/v2/", nil); !strings.HasPrefix(got, "200 ") {
		t.Errorf("got %s", got)
	}
	if got, _ := ask(t, w.Transport(), "POST", "https://"+host+"/v2/acme/web/blobs/uploads/", nil); got != "405 Method not allowed\n" {
		t.Errorf("got %q", got)
	}
}

func TestPackages(t *testing.T) {
	reg := testkit.NewRegistry(t, testkit.RegistryGHCR(testkit.GHCR{Password: "s3cret"}))
	w := world.New(t)
	w.Handle("api.github.com", reg.Packages(testkit.Packages{Token: "t0ken", Repository: "acme/web"}))
	old, young := image(t), image(t)
	reg.Put("acme/team/web", "v1", old)
	reg.Put("acme/team/web", "v2", young)
	reg.Put("acme/team/web", "latest", young)
	const at = "https://api.github.com/orgs/acme/packages/container/"
	network, header := w.Transport(), http.Header{"Authorization": {"Bearer t0ken"}}
	for _, step := range []struct{ request, want, part string }{
		{"GET team%2Fweb", "200 ", `"html_url":"https://github.com/orgs/acme/packages/container/package/team%2Fweb"`},
		{"GET team%2Fweb", "200 ", `"repository":{"full_name":"acme/web"`},
		{"GET other", "404 ", "Package not found."},
		{"GET team/web", "404 ", "Package not found."},
		{"GET team%2Fweb/versions?per_page=1", "200 ", `"tags":["latest","v2"]`},
		{"GET team%2Fweb/versions?per_page=1&page=2", "200 ", `"tags":["v1"]`},
		{"DELETE team%2Fweb/versions/7", "404 ", "Package not found."},
		{"DELETE team%2Fweb/versions/1000", "204 ", ""},
		{"DELETE team%2Fweb/versions/1001", "400 ", "You cannot delete the last tagged version of a package."},
		{"GET team%2Fweb/versions?state=deleted", "200 ", `"id":1000`},
		{"DELETE team%2Fweb", "204 ", ""},
		{"GET team%2Fweb", "404 ", "Package not found."},
	} {
		method, path, _ := strings.Cut(step.request, " ")
		got, answered := ask(t, network, method, at+path, header)
		if !strings.HasPrefix(got, step.want) || !strings.Contains(got, step.part) {
			t.Errorf("%s: got %s, want %s…%s", step.request, got, step.want, step.part)
		}
		if link := answered.Get("Link"); (link != "") != strings.HasSuffix(path, "per_page=1") {
			t.Errorf("%s: link %q", step.request, link)
		}
	}
	if got, _ := ask(t, network, "GET", at+"web", nil); !strings.HasPrefix(got, "401 ") {
		t.Errorf("nobody got %s", got)
	}
}

// referrer is an image that refers to another one.
func referrer(t *testing.T, subject v1.Image, artifactType string) v1.Image {
	t.Helper()
	digest, err := subject.Digest()
	if err != nil {
		t.Fatal(err)
	}
	img := mutate.ConfigMediaType(mutate.MediaType(image(t), types.OCIManifestSchema1), types.MediaType(artifactType))
	return mutate.Subject(img, v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: digest, Size: 1}).(v1.Image)
}

func TestReferrers(t *testing.T) {
	img := image(t)
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		options []testkit.RegistryOption
		want    string
		count   int
	}{
		"on":      {[]testkit.RegistryOption{testkit.RegistryReferrers()}, "200 ", 2},
		"off":     {nil, "404 404 page not found", 0},
		"on disk": {[]testkit.RegistryOption{testkit.RegistryReferrers(), testkit.RegistryOnDisk(t.TempDir())}, "200 ", 2},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, test.options...)
			for tag, one := range map[string]v1.Image{"v1": img, "sig": referrer(t, img, "application/sig"), "sbom": referrer(t, img, "application/sbom")} {
				reg.Put("acme/web", tag, one)
			}
			at := "http://" + reg.Host + "/v2/acme/web/referrers/" + digest.String()
			got, _ := ask(t, http.DefaultTransport, "GET", at, nil)
			if !strings.HasPrefix(got, test.want) || strings.Count(got, `"artifactType":"application/s`) != test.count {
				t.Errorf("got %s", got)
			}
			if test.count == 0 {
				return
			}
			got, header := ask(t, http.DefaultTransport, "GET", at+"?artifactType=application/sig", nil)
			if strings.Count(got, "artifactType") != 1 || header.Get("OCI-Filters-Applied") != "artifactType" {
				t.Errorf("got %s, %v", got, header)
			}
		})
	}
}

// A manifest needs its blobs, in its own repository.
func TestManifestWithoutBlobs(t *testing.T) {
	reg := testkit.NewRegistry(t)
	img := image(t)
	reg.Put("acme/web", "v1", img)
	raw, err := img.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"acme/web": 201, "acme/other": 404} {
		request, err := http.NewRequest("PUT", "http://"+reg.Host+"/v2/"+path+"/manifests/v2", bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: got %d, want %d", path, response.StatusCode, want)
		}
	}
}
