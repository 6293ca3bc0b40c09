package build

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/login"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/world"
)

// bob is a keychain with one login, for everybody.
type bob struct{}

func (bob) Resolve(authn.Resource) (authn.Authenticator, error) {
	return authn.FromConfig(authn.AuthConfig{Username: "bob", Password: bobsPassword}), nil
}

const bobsPassword = "s3cret-of-bob"

// A base image is read as commands read images: a login stays with its registry, and
// what no registry answers is told as that, before and in the build.
func TestBasesAreReadWithCare(t *testing.T) {
	ghcr := testkit.RegistryGHCR(testkit.GHCR{Password: bobsPassword, Public: []string{"acme/"}})
	leads := func(to, kind string) testkit.RegistryOption { return testkit.RegistryRedirects(to, kind) }
	for name, test := range map[string]struct {
		options    []testkit.RegistryOption
		anonymous  bool
		code, told string // "" is one that is read
		only       string // "build": what the check leaves to it
	}{
		"a greeting elsewhere":      {[]testkit.RegistryOption{ghcr, leads("https://stranger.example", "greeting")}, false, "E_REGISTRY", "the registry sends its clients on to stranger.example, which does not get the login for registry.example", ""},
		"… which anybody may read":  {[]testkit.RegistryOption{leads("https://stranger.example", "greeting")}, false, "", "", ""},
		"… and nobody is logged in": {[]testkit.RegistryOption{leads("https://stranger.example", "greeting")}, true, "", "", ""},
		"a token elsewhere":         {[]testkit.RegistryOption{ghcr, leads("https://stranger.example", "token")}, false, "E_BASE_IMAGE", "UNAUTHORIZED", ""},
		"a greeting out of TLS":     {[]testkit.RegistryOption{ghcr, leads("http://registry.example", "greeting")}, false, "E_REGISTRY", "leads to http://registry.example/v2/, out of TLS", ""},
		"a manifest out of TLS":     {[]testkit.RegistryOption{ghcr, leads("http://storage.example", "manifests")}, false, "E_REGISTRY", "leads to http://storage.example/v2/acme/base/manifests/1, out of TLS", ""},
		"a blob out of TLS":         {[]testkit.RegistryOption{ghcr, leads("http://storage.example", "blobs")}, false, "E_REGISTRY", "leads to http://storage.example/v2/acme/base/blobs/sha256:", "build"},
		"a page":                    {[]testkit.RegistryOption{testkit.RegistryHTML()}, false, "E_NO_REGISTRY", "200 OK with a page of HTML", ""},
		"storage that is gone":      {[]testkit.RegistryOption{ghcr, leads("https://gone.example", "blobs")}, false, "E_BASE_IMAGE", "https://gone.example/v2/acme/base/blobs/sha256:", "build"},
	} {
		t.Run(name, func(t *testing.T) {
			w, reg := world.New(t), testkit.NewRegistry(t, test.options...)
			w.Handle("registry.example", reg)
			w.Handle("stranger.example", reg.Stranger())
			w.Refuse("gone.example", http.StatusForbidden)
			w.Secret(bobsPassword, "registry.example")
			reg.Put("acme/base", "1", baseImage(t, amd64, nil))
			client := &registry.Client{Transport: w.Transport(), Retry: remote.Backoff{Steps: 1}}
			native := Native{Keychain: bob{}, Reach: client.At, Retry: remote.Backoff{Steps: 1}}
			if test.anonymous {
				native.Keychain = authn.NewMultiKeychain()
			}
			r := Request{Context: folder(t, map[string]string{"Dockerfile": "FROM registry.example/acme/base:1\n"}), Layout: t.TempDir() + "/l", Platform: "linux/amd64"}
			checked := native.CheckBases(t.Context(), r)
			_, built := native.Build(t.Context(), r)
			for _, err := range []error{checked, built} {
				if test.code == "" || test.only == "build" && err == checked {
					if err != nil {
						t.Error(err)
					}
					continue
				}
				if fault.Code(err) != test.code || !strings.Contains(err.Error(), "base image registry.example/acme/base:1: ") || !strings.Contains(err.Error(), test.told) {
					t.Errorf("got %s: %v", fault.Code(err), err)
				}
				if err != nil && strings.Contains(err.Error(), "testkit") {
					t.Errorf("the error has a query: %v", err)
				}
			}
		})
	}
}

// No registry is waited for without end.
func TestASilentBase(t *testing.T) {
	end := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-end }))
	defer server.Close()
	defer close(end)
	client := &registry.Client{Silence: 10 * time.Millisecond, Retry: remote.Backoff{Steps: 1}}
	r := Request{
		Context: folder(t, map[string]string{"Dockerfile": "FROM " + strings.TrimPrefix(server.URL, "http://") + "/base\n"}),
		Layout:  t.TempDir() + "/l", Platform: "linux/amd64",
	}
	_, err := Native{Keychain: authn.NewMultiKeychain(), Reach: client.At}.Build(t.Context(), r)
	wantFault(t, err, "E_BASE_IMAGE", 1, "no answer within 10ms", "see whether")
}

// How a login is given is known by who finds it.
func TestLoginInputOfABase(t *testing.T) {
	for domain, want := range map[string]string{
		"ghcr.io": "`registry-auth`", "containers.ghe.acme.example": "`registry-token`", "containers.intersystems.com": "`registry-auth`",
		"docker.io": "`dockerhub-username`", "quay.io": "`registry-auth`", "public.ecr.aws": "`aws-role`",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com": "`aws-role`",
	} {
		refused := fmt.Errorf("asked: %w", &transport.Error{StatusCode: http.StatusForbidden})
		known := &puller{keychain: login.New(login.Options{GitHubServer: "https://ghe.acme.example"})}
		wantFault(t, known.unreachable(domain+"/acme/base", refused), "E_BASE_IMAGE", 0, "", want)
		wantFault(t, (&puller{}).unreachable(domain+"/acme/base", refused), "E_BASE_IMAGE", 0, "", "`docker login "+domain+"`")
	}
}
