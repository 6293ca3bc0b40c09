package registry_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// What lies elsewhere is fetched and sent without the login of the registry; the
// storage and the world fail the test otherwise.
func TestRedirectsLearnNoLogin(t *testing.T) {
	for name, kinds := range map[string][]string{
		"all": {"manifests", "blobs", "uploads"}, "blobs": {"blobs"}, "uploads": {"uploads"},
	} {
		t.Run(name, func(t *testing.T) {
			h := atGHCR(testkit.GHCR{Password: s3cret})
			h.options = append(h.options, testkit.RegistryRedirects("https://storage.example", kinds...))
			w, reg, client := h.open(t)
			r := request(t, repository(t, h.image))
			for range 2 {
				if _, err := client.Push(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			if got := reg.Digest("acme/team/web", "v0.0.7"); got != string(r.Digest) {
				t.Errorf("it holds %s", got)
			}
			good := testkit.NewRegistry(t)
			w.Handle("good.example", good)
			copied := registry.PushRequest{
				From: image(t, h.image+":v0.0.7"), Repositories: []ref.Repository{repository(t, "good.example/acme/web")}, Tags: r.Tags,
			}
			if _, err := client.Push(t.Context(), copied); err != nil || good.Digest("acme/web", "v0.0.7") != string(r.Digest) {
				t.Errorf("copied: %v", err)
			}
			if !w.Asked("storage.example") {
				t.Errorf("the storage was not asked: %v", w.Requests())
			}
		})
	}
}

// The address of a storage lets everybody in who has it.
func TestErrorsDoNotTellSignatures(t *testing.T) {
	for name, storage := range map[string]string{"unreachable": "https://refused.example", "refusing": "https://storage.example"} {
		t.Run(name, func(t *testing.T) {
			w, reg, client := at(testkit.RegistryRedirects(storage, "uploads")).open(t)
			w.Refuse("refused.example", http.StatusForbidden)
			w.Handle("storage.example", http.NotFoundHandler())
			_, err := client.Push(t.Context(), request(t, repository(t, "registry.example/acme/web")))
			if err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(storage, "https://")) || strings.Contains(err.Error(), "Signature=testkit") {
				t.Errorf("got %v", err)
			}
			if tags := reg.Tags("acme/web"); len(tags) != 0 {
				t.Errorf("it has %v", tags)
			}
		})
	}
}

// A registry behind a proxy may not know that it is reached by https.
func TestAddressesWithHTTPOfARegistryWithHTTPS(t *testing.T) {
	w, reg, client := at(testkit.RegistryRedirects("http://registry.example", "uploads")).open(t)
	w.Handle("registry.example", reg) // the upload comes back with a signature, which is none of its concern
	r := request(t, repository(t, "registry.example/acme/web"))
	if _, err := client.Push(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if got := reg.Digest("acme/web", "v0.0.7"); got != string(r.Digest) {
		t.Errorf("it holds %s", got)
	}
}

// stranger is where registries of these tests send on those who shake hands.
const stranger = "https://stranger.example"

// identity is a keychain with an identity token, as docker keeps for some registries.
type identity struct{ oneLogin }

func (i identity) Resolve(at authn.Resource) (authn.Authenticator, error) {
	return authn.FromConfig(authn.AuthConfig{IdentityToken: s3cret}), nil
}

// A registry, or who stands before it, that sends its clients on to another host does
// not thereby make them tell that one who they are.
func TestHandshakesLeadNoLoginAway(t *testing.T) {
	const told = "the registry sends its clients on to stranger.example, which does not get the login for registry.example"
	ghcr, web := testkit.RegistryGHCR(testkit.GHCR{Password: s3cret}), "registry.example/acme/web"
	for name, test := range map[string]struct {
		login   testkit.RegistryOption
		kind    string
		byToken bool
		outcome
	}{
		"greeting, tokens":            {ghcr, "greeting", false, outcome{"E_REGISTRY", told, "name stranger.example in the image"}},
		"greeting, an identity token": {ghcr, "greeting", true, outcome{"E_REGISTRY", told, "name stranger.example in the image"}},
		"token, a password":           {ghcr, "token", false, outcome{"E_REGISTRY_AUTH", "UNAUTHORIZED", "were refused"}},
		"token, an identity token":    {ghcr, "token", true, outcome{"E_REGISTRY", "https://registry.example/token leads to https://stranger.example/token, which does not get the login", "realm"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := host{image: web, user: "octocat", options: []testkit.RegistryOption{test.login, testkit.RegistryRedirects(stranger, test.kind)}}
			w, reg, client := h.open(t)
			w.Handle("stranger.example", reg.Stranger())
			if test.byToken {
				client.Keychain = identity{}
			}
			_, err := client.Push(t.Context(), request(t, repository(t, web)))
			check(t, err, test.code, test.told, test.hint)
			if !w.Asked("stranger.example") && !test.byToken {
				t.Errorf("nobody was sent on: %v", w.Requests())
			}
			if len(reg.Tags("acme/web")) != 0 {
				t.Error("it was pushed")
			}
		})
	}
}

// k8s.gcr.io sends its clients on, too, and jobs of Google's cloud have a login for it:
// what is public is read there as by those who have none.
func TestAGreetingElsewhereDespiteALogin(t *testing.T) {
	for name, keychain := range map[string]authn.Keychain{"a password": oneLogin{"registry.example", "octocat"}, "an identity token": identity{}} {
		t.Run(name, func(t *testing.T) {
			w, reg, client := at(testkit.RegistryRedirects(stranger, "greeting")).open(t)
			w.Handle("stranger.example", reg.Stranger())
			var log strings.Builder
			client.Keychain, client.Log = keychain, &log
			img := randomImage(t, 100, 1)
			reg.Put("acme/web", "main", img)
			got, err := client.Revision(t.Context(), image(t, "registry.example/acme/web:main"))
			if err != nil || got.Digest != digestOf(t, img) {
				t.Errorf("got %v, %v", got.Digest, err)
			}
			if !strings.Contains(log.String(), "stranger.example, which does not get the login for registry.example: it is read without a login") {
				t.Errorf("log %q", log.String())
			}
		})
	}
}

// Where nobody reads without a login, what is wrong is told all the same.
func TestAGreetingElsewhereThatRefuses(t *testing.T) {
	w, reg, client := at(testkit.RegistryRedirects(stranger, "greeting")).by("octocat").open(t)
	asks := reg.Stranger()
	w.Handle("stranger.example", http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		asks.ServeHTTP(w, request)
	}))
	_, err := client.Revision(t.Context(), image(t, "registry.example/acme/web:main"))
	check(t, err, "E_REGISTRY", "does not get the login for registry.example", "name stranger.example in the image")
}

// And so it is where nobody may read the image: a login there is, which is told.
func TestAGreetingElsewhereOfAPrivateImage(t *testing.T) {
	w, reg, client := at(testkit.RegistryRedirects(stranger, "greeting")).by("octocat").open(t)
	w.Handle("stranger.example", reg.Stranger())
	client.Log = io.Discard
	reg.Fail(testkit.RegistryFailure{Path: "/manifests/", Status: http.StatusUnauthorized, Code: "UNAUTHORIZED", Message: "authentication required"})
	_, err := client.Resolve(t.Context(), image(t, "registry.example/acme/web:main"))
	check(t, err, "E_REGISTRY_AUTH", "does not get the login for registry.example", "name stranger.example in the image")
	if errors.Is(err, registry.ErrNoLogin) {
		t.Errorf("%v says that there is no login", err)
	}
}

// A registry within TLS that has its tokens given without it gets no login, and what
// is no registry at all, at the port of https, does not count.
func TestATokenServiceOutOfTLS(t *testing.T) {
	for name, test := range map[string]struct {
		status int // of https
		told   string
	}{"a registry": {http.StatusUnauthorized, "https://registry.example/v2/ leads to http://tokens.example/token, out of TLS"}, "another server": {http.StatusNotFound, ""}} {
		t.Run(name, func(t *testing.T) {
			asked := false
			client := newClient()
			client.Transport = roundTrip(func(request *http.Request) (*http.Response, error) {
				answer := stub(request, http.StatusUnauthorized, "")
				answer.Header.Set("WWW-Authenticate", `Bearer realm="http://tokens.example/token",service="registry"`)
				switch {
				case request.URL.Scheme == "https":
					answer.StatusCode = test.status
				case request.URL.Host == "tokens.example":
					asked = true
				}
				return answer, nil
			})
			line := client.At("registry.example")
			for _, address := range []string{"https://registry.example/v2/", "http://registry.example/v2/", "http://tokens.example/token?service=registry"} {
				request, err := http.NewRequest(http.MethodGet, address, nil)
				if err != nil {
					t.Fatal(err)
				}
				_, err = line.RoundTrip(request)
				if request.URL.Host == "tokens.example" && test.told != "" {
					check(t, err, "E_REGISTRY", test.told, "name its addresses with https")
				} else if err != nil {
					t.Errorf("%s: %v", address, err)
				}
			}
			if asked != (test.told == "") {
				t.Errorf("asked: %t", asked)
			}
		})
	}
}

// registry.k8s.io greets nobody itself: what is public is read there without a login.
func TestAGreetingElsewhereWithoutALogin(t *testing.T) {
	for name, kinds := range map[string][]string{"greeting": {"greeting"}, "token": {"token"}, "all": {"greeting", "token", "manifests"}} {
		t.Run(name, func(t *testing.T) {
			w, reg, client := at(testkit.RegistryRedirects(stranger, kinds...)).open(t)
			w.Handle("stranger.example", reg.Stranger())
			img := randomImage(t, 100, 1)
			reg.Put("acme/web", "main", img)
			got, err := client.Revision(t.Context(), image(t, "registry.example/acme/web:main"))
			if err != nil || got.Digest != digestOf(t, img) {
				t.Errorf("got %v, %v", got.Digest, err)
			}
		})
	}
}

// The world fails the test where its proxy is asked for anything but a tunnel.
func TestNothingLeadsOutOfTLS(t *testing.T) {
	for _, kind := range []string{"greeting", "token", "manifests", "blobs"} {
		for _, where := range []string{"http://registry.example", "http://storage.example"} {
			t.Run(kind+" to "+where, func(t *testing.T) {
				h := host{image: "registry.example/acme/web", user: "octocat"}
				h.options = []testkit.RegistryOption{testkit.RegistryGHCR(testkit.GHCR{Password: s3cret}), testkit.RegistryRedirects(where, kind)}
				w, reg, client := h.open(t)
				reg.Put("acme/web", "main", randomImage(t, 100, 1))
				_, err := client.Revision(t.Context(), image(t, h.image+":main"))
				if kind != "greeting" && kind != "token" && strings.Contains(where, "registry") {
					if err == nil || !strings.Contains(err.Error(), "redirects") { // to itself, with https, for ever
						t.Errorf("got %v", err)
					}
					return
				}
				hint := "name its addresses with https"
				if kind == "blobs" {
					hint = "`redirect: disable: true`"
				}
				check(t, err, "E_REGISTRY", "leads to "+where+"/", hint)
				if strings.Contains(err.Error(), "testkit") {
					t.Errorf("the error has a query: %v", err)
				}
				if w.Asked("storage.example") {
					t.Errorf("asked %v", w.Requests())
				}
			})
		}
	}
}

// An upload goes where its registry says, but for one that is in the clear.
func TestNoUploadLeadsOutOfTLS(t *testing.T) {
	for _, where := range []string{"http://storage.example", "http://registry.example:80"} {
		t.Run(where, func(t *testing.T) {
			w, reg, client := at(testkit.RegistryRedirects(where, "uploads")).open(t)
			_, err := client.Push(t.Context(), request(t, repository(t, "registry.example/acme/web")))
			check(t, err, "E_REGISTRY", "leads to "+where+"/", "name its addresses with https")
			if strings.Contains(err.Error(), "testkit") {
				t.Errorf("the error has a query: %v", err)
			}
			if w.Asked("storage.example") || len(reg.Tags("acme/web")) != 0 {
				t.Errorf("asked %v", w.Requests())
			}
		})
	}
}

// A registry at a loopback address is greeted by https and by http: neither's error
// tells the query of the address that it leads to.
func TestGreetingsDoNotTellSignatures(t *testing.T) {
	client := newClient()
	client.Transport = roundTrip(func(request *http.Request) (*http.Response, error) {
		if request.URL.Host == "storage.example" {
			return nil, io.ErrClosedPipe
		}
		answer := stub(request, http.StatusTemporaryRedirect, "")
		answer.Header.Set("Location", request.URL.Scheme+"://storage.example/a?X-Amz-Signature="+s3cret)
		return answer, nil
	})
	_, err := client.Resolve(t.Context(), image(t, "127.0.0.1:1/acme/web:main"))
	if err == nil || strings.Contains(err.Error(), s3cret) ||
		!strings.Contains(err.Error(), `"https://storage.example/a"`) || !strings.Contains(err.Error(), `"http://storage.example/a"`) {
		t.Errorf("got %v", err)
	}
}

// Whatever a client adds on the way, no login goes where a token service leads to.
func TestALoginIsLeftBehind(t *testing.T) {
	w, reg, client := at(testkit.RegistryRedirects(stranger, "token")).by("octocat").open(t)
	w.Handle("stranger.example", reg.Stranger())
	asking := http.Client{Transport: roundTrip(func(request *http.Request) (*http.Response, error) {
		request.SetBasicAuth("octocat", s3cret)
		return client.At("registry.example").RoundTrip(request)
	})}
	response, err := asking.Get("https://registry.example/token?service=registry.example")
	if err != nil || response.StatusCode != http.StatusOK || !w.Asked("stranger.example") {
		t.Errorf("got %v, %v", response, err)
	}
}

// Others get faults of what no registry should answer.
func TestAtTellsFaults(t *testing.T) {
	for name, test := range map[string]struct {
		path, kind, body string
		outcome
	}{
		"a page":   {"/v2/", "text/html", "<html><title>Pay first</title>", outcome{"E_NO_REGISTRY", `200 OK with a page of HTML: "Pay first"`, "no registry answers at docker.io"}},
		"no token": {"/token?service=", "application/json", `{"refresh_token":"` + s3cret + `"}`, outcome{"E_REGISTRY", "docker.io: https://index.docker.io/token: no token in bearer response", "the token service"}},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient()
			client.Transport = roundTrip(func(request *http.Request) (*http.Response, error) {
				answer := stub(request, http.StatusOK, test.body)
				answer.Header.Set("Content-Type", test.kind)
				return answer, nil
			})
			request, err := http.NewRequest(http.MethodGet, "https://index.docker.io"+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.At("index.docker.io").RoundTrip(request)
			check(t, err, test.code, test.told, test.hint)
			if strings.Contains(err.Error(), s3cret) {
				t.Errorf("told %v", err)
			}
		})
	}
}

// A refusal with a page is told by the page's title alone.
func TestAtTellsTitles(t *testing.T) {
	for name, test := range map[string]struct{ kind, body, want string }{
		"a page":         {"text/html", "<html>\n<head><title>403 Forbidden</title></head>\n<body>nginx</body></html>", "403 Forbidden"},
		"no title":       {"text/html", "<html><body>go away</body></html>", ""},
		"not what it is": {"text/html", `{"errors":[{"code":"DENIED"}]}`, `{"errors":[{"code":"DENIED"}]}`},
		"what it is":     {"application/json", `{"errors":[]}`, `{"errors":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient()
			client.Transport = roundTrip(func(request *http.Request) (*http.Response, error) {
				answer := stub(request, http.StatusForbidden, test.body)
				answer.Header.Set("Content-Type", test.kind)
				return answer, nil
			})
			request, err := http.NewRequest(http.MethodGet, "https://registry.example/v2/", nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.At("registry.example").RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if got, err := io.ReadAll(response.Body); err != nil || string(got) != test.want {
				t.Errorf("got %q and %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestAtTriesAgain(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Fail(testkit.RegistryFailure{Method: "GET", Path: "/v2/", Status: 523, Times: 2})
	var log strings.Builder
	client, waited := patientClient(&log)
	response, err := (&http.Client{Transport: client.At(reg.Host)}).Get("http://" + reg.Host + "/v2/")
	if err != nil || response.StatusCode != http.StatusOK || len(waited.slept) != 2 {
		t.Fatalf("got %v, %v after %v", response, err, waited.slept)
	}
	if want := reg.Host + ": in trouble (523), again in 3 s (try 3 of 3)\n"; !strings.Contains(log.String(), want) {
		t.Errorf("log %q", log.String())
	}
}
