package login_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/login"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/world"
)

const right, mistaken = "r1ght-s3cret", "wr0ng-s3cret"

// basicRegistry takes ada and the right password, as ECR and a registry with
// htpasswd do.
func basicRegistry(w http.ResponseWriter, r *http.Request) {
	if user, password, _ := r.BasicAuth(); user != "ada" || password != right {
		w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`, http.StatusUnauthorized)
	}
}

// tokenRegistry gives tokens for the right password, or the right identity token,
// and says of others what GHCR does.
func tokenRegistry(w http.ResponseWriter, r *http.Request) {
	_, password, _ := r.BasicAuth()
	switch {
	case r.URL.Path == "/token" && (password == right || r.FormValue("refresh_token") == right):
		w.Write([]byte(`{"token":"opaque"}`))
	case r.URL.Path == "/token":
		http.Error(w, `{"errors":[{"code":"DENIED","message":"denied"}]}`, http.StatusForbidden)
	case r.Header.Get("Authorization") != "Bearer opaque":
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func answering(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// once reaches registries as commands do, but without patience: no test waits for a
// second try.
func once(host string) http.RoundTripper { return through(nil)(host) }

// through is once by another network.
func through(network http.RoundTripper) func(host string) http.RoundTripper {
	client := &registry.Client{Transport: network, Retry: remote.Backoff{Steps: 1}}
	return client.At
}

func serve(t *testing.T, handler http.HandlerFunc) (host string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		registry   http.HandlerFunc
		password   string
		code, hint string // "" is a login that is taken
	}{
		"a password":              {basicRegistry, right, "", ""},
		"a wrong password":        {basicRegistry, mistaken, "E_REGISTRY_AUTH", `that of "ada" in input registry-auth was refused`},
		"a token":                 {tokenRegistry, right, "", ""},
		"a wrong token":           {tokenRegistry, mistaken, "E_REGISTRY_AUTH", `that of "ada" in input registry-auth was refused`},
		"everybody may":           {answering(http.StatusOK), right, "", ""},
		"a limit":                 {answering(http.StatusTooManyRequests), right, "E_REGISTRY_LIMIT", "wait"},
		"no registry":             {answering(http.StatusNotFound), right, "E_NO_REGISTRY", "no registry answers at 127.0.0.1:"},
		"a page":                  {hotel, right, "E_NO_REGISTRY", "a page to log in at"},
		"a way to a page":         {leadingTo("/welcome?mac=00:11", hotel), right, "E_NO_REGISTRY", "a page to log in at"},
		"a page that refuses":     {nginx, mistaken, "E_REGISTRY_AUTH", `that of "ada" in input registry-auth was refused`},
		"a page that is none":     {mistyped(basicRegistry), right, "", ""},
		"… and refuses":           {mistyped(basicRegistry), mistaken, "E_REGISTRY_AUTH", "was refused"},
		"none by another sign":    {answering(http.StatusTeapot), right, "E_REGISTRY", "own words"},
		"tokens from inside":      {tokensFrom("http://169.254.169.254/token"), right, "E_REGISTRY", "another place"},
		"a token service, empty":  {stingy, right, "E_REGISTRY", "answers without a token"},
		"a token service is gone": {tokensFrom("http://localhost:1/token"), right, "E_REGISTRY_UNREACHABLE", "network"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := serve(t, test.registry)
			k := login.New(login.Options{Auths: []login.Auth{{Host: host, Username: "ada", Password: test.password}}})
			got, err := k.Check(t.Context(), host+"/acme/web", once)
			if test.code == "" {
				if err != nil || got.Host != host || got.Auth.Password != right || got.Source != "input registry-auth" {
					t.Errorf("got %+v, %v", got, err)
				}
				return
			}
			all := fault.All(err)
			if len(all) != 1 || all[0].Code != test.code || !strings.Contains(all[0].Hint, test.hint) {
				t.Fatalf("got %+v, want %s with the hint %q", all, test.code, test.hint)
			}
			if text := all[0].Error(); strings.Contains(text, "<") || strings.Contains(text, "mac=") || strings.Contains(text, "\n") {
				t.Errorf("the error has more than the title of a page: %s", text)
			}
			for _, secret := range []string{test.password, base64.StdEncoding.EncodeToString([]byte("ada:" + test.password)), "opaque"} {
				if strings.Contains(all[0].Error()+all[0].Hint, secret) {
					t.Errorf("the error shows %q: %v", secret, all[0])
				}
			}
		})
	}
}

// hotel is the page of a network that wants to be paid.
func hotel(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	io.WriteString(w, "<!DOCTYPE html><html><title>Welcome to the\n hotel</title></html>")
}

// nginx refuses with a page of its own.
func nginx(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusUnauthorized)
	io.WriteString(w, "<html><head><title>401 Authorization Required</title></head></html>")
}

// mistyped calls all that a registry answers HTML.
func mistyped(registry http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		registry(keepsType{w}, r)
	}
}

type keepsType struct{ http.ResponseWriter }

func (k keepsType) WriteHeader(status int) {
	k.Header().Set("Content-Type", "text/html")
	k.ResponseWriter.WriteHeader(status)
}

// leadingTo sends everybody to another address.
func leadingTo(address string, there http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			http.Redirect(w, r, address, http.StatusFound)
			return
		}
		there(w, r)
	}
}

// stingy gives no token, but tells what nobody else should know.
func stingy(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/token" {
		io.WriteString(w, `{"refresh_token":"opaque"}`)
		return
	}
	tokenRegistry(w, r)
}

// A registry that sends its clients on does not get its login told to others, and
// none is told without TLS: the world fails the test otherwise.
func TestCheckKeepsTheLogin(t *testing.T) {
	for name, test := range map[string]struct {
		to, kind, code, told string
	}{
		"greeting":            {"https://stranger.example", "greeting", "E_REGISTRY", "the registry sends its clients on to stranger.example, which does not get the login for registry.example"},
		"token":               {"https://stranger.example", "token", "E_REGISTRY_AUTH", "UNAUTHORIZED"},
		"greeting out of TLS": {"http://registry.example", "greeting", "E_REGISTRY", "https://registry.example/v2/ leads to http://registry.example/v2/, out of TLS"},
		"token out of TLS":    {"http://registry.example", "token", "E_REGISTRY", "https://registry.example/token leads to http://registry.example/token, out of TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			w := world.New(t)
			reg := testkit.NewRegistry(t, testkit.RegistryGHCR(testkit.GHCR{Password: right}), testkit.RegistryRedirects(test.to, test.kind))
			w.Handle("registry.example", reg)
			w.Handle("stranger.example", reg.Stranger())
			w.Secret(right, "registry.example")
			k := login.New(login.Options{Auths: []login.Auth{{Host: "registry.example", Username: "ada", Password: right}}})
			_, err := k.Check(t.Context(), "registry.example", through(w.Transport()))
			if all := fault.All(err); len(all) != 1 || all[0].Code != test.code || !strings.Contains(all[0].Error(), test.told) {
				t.Errorf("got %v, want %s: %s", err, test.code, test.told)
			}
			if err == nil || strings.Contains(err.Error(), "testkit") {
				t.Errorf("got %v", err)
			}
			if asked := w.Asked("stranger.example"); asked != strings.Contains(test.to, "stranger.example") {
				t.Errorf("the stranger was asked: %v", asked)
			}
		})
	}
}

// tokensFrom is a registry that sends clients elsewhere for a token.
func tokensFrom(realm string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+`",service="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// That a registry which asks nobody takes a login proves nothing.
func TestCheckTellsOpenRegistries(t *testing.T) {
	for name, test := range map[string]struct {
		registry http.HandlerFunc
		want     bool
	}{
		"open":      {answering(http.StatusOK), true},
		"passwords": {basicRegistry, false},
		"tokens":    {tokenRegistry, false},
	} {
		host := serve(t, test.registry)
		k := login.New(login.Options{Auths: []login.Auth{{Host: host, Username: "ada", Password: right}}})
		if got, err := k.Check(t.Context(), host, once); err != nil || got.Open != test.want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestCheckByIdentityToken(t *testing.T) {
	host := serve(t, tokenRegistry)
	k := login.New(login.Options{Docker: stored{host: {Username: "<token>", IdentityToken: right}}})
	got, err := k.Check(t.Context(), host, once)
	if err != nil || got.Auth.IdentityToken != right {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestCheckWithout(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	closed.Close()
	tls := httptest.NewUnstartedServer(http.HandlerFunc(basicRegistry))
	tls.Config.ErrorLog = log.New(io.Discard, "", 0) // who does not trust it says so
	tls.StartTLS()
	t.Cleanup(tls.Close)
	private := tls.Listener.Addr().String()
	known := func(host string) []login.Auth {
		return []login.Auth{{Host: host, Username: "ada", Password: right}}
	}
	tests := map[string]struct {
		target, code, hint string
		auths              []login.Auth
	}{
		"a login":             {"registry.example", "E_REGISTRY_AUTH", "registry.example USERNAME PASSWORD. None was found in docker's config.json", nil},
		"a name":              {"Registry Example", "E_INPUT", "name a registry", nil},
		"a server":            {nobody, "E_REGISTRY_UNREACHABLE", "host and port", known(nobody)},
		"a trusted authority": {private, "E_REGISTRY_UNREACHABLE", "ca-file", known(private)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := login.New(login.Options{Auths: test.auths, Docker: stored{}}).Check(t.Context(), test.target, once)
			if all := fault.All(err); len(all) != 1 || all[0].Code != test.code || !strings.Contains(all[0].Hint, test.hint) {
				t.Errorf("got %v, want %s with the hint %q", err, test.code, test.hint)
			}
		})
	}
	if _, err := login.New(login.Options{Auths: known(private)}).Check(t.Context(), private, through(tls.Client().Transport)); err != nil {
		t.Errorf("with its authority: %v", err)
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	host := serve(t, func(http.ResponseWriter, *http.Request) { cancel(errors.New("enough")) })
	_, err := login.New(login.Options{Auths: []login.Auth{{Host: host, Username: "ada", Password: right}}}).Check(ctx, host, once)
	if err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("got %v", err)
	}
}
