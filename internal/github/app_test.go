package github

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"github.com/google/go-cmp/cmp"
)

// key is made once: it is slow to make.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func pkcs1() []byte { return pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key())) }

func (w *world) app() App {
	return App{
		ID: "Iv1.abc", Key: pkcs1(), Repository: "acme/infra", Permissions: Permissions{Contents: "write", PullRequests: "write"},
		API: w.URL, Log: &w.log, Now: w.clock, Sleep: w.sleep, Silence: 5 * time.Second,
	}
}

func (w *world) tokens(a App) *AppTokens {
	w.t.Helper()
	s, err := a.Source(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

const installed = `{"id":7001,"app_slug":"bumper","permissions":{"contents":"write","pull_requests":"read","metadata":"read"}}`

// asTheApp answers what an App asks, after a look at its proof.
func (w *world) asTheApp(then http.HandlerFunc) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		proof, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		claims := jwt.MapClaims{}
		_, err := jwt.ParseWithClaims(proof, claims, func(*jwt.Token) (any, error) { return key().Public(), nil },
			jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(w.clock), jwt.WithIssuer("Iv1.abc"), jwt.WithIssuedAt(), jwt.WithExpirationRequired())
		now := float64(w.clock().Unix())
		if issued, ends := claims["iat"].(float64), claims["exp"].(float64); err != nil || issued != now-60 || ends > now+600 || ends < now+300 {
			w.t.Errorf("the proof is %v: %v", claims, err)
		}
		then(rw, r)
	}
}

func (w *world) mints(token string) http.HandlerFunc {
	body := fmt.Sprintf(`{"token":%q,"expires_at":%q,"repository_selection":"selected"}`, token, w.clock().Add(time.Hour).Format(time.RFC3339))
	return w.asTheApp(says(201, body))
}

func TestAnAppHasATokenForOneRepository(t *testing.T) {
	w := newWorld(t)
	as := func(then http.HandlerFunc) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer "+secret {
				t.Errorf("asked as %q", r.Header.Get("Authorization"))
			}
			then(rw, r)
		}
	}
	w.then(w.asTheApp(says(200, installed)), w.mints(secret), as(says(200, mainRef)), as(says(201, mainRef)), as(says(204, "")))
	var masked []string
	a := w.app()
	a.Mask = func(s string) {
		if len(w.requests()) != 2 {
			t.Error("masked after it was used")
		}
		masked = append(masked, s)
	}
	source := w.tokens(a)
	if got := source.Slug(); got != "" || len(w.requests()) > 0 {
		t.Errorf("%q is known before anything was asked: %q", got, w.requests())
	}
	o := w.options()
	o.Token = source
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	meets(t, get(t.Context(), c), Other, "")
	meets(t, create(t.Context(), c), Other, "")
	if err := source.Revoke(t.Context()); err != nil {
		t.Error(err)
	}
	if err := source.Revoke(t.Context()); err != nil {
		t.Error(err)
	}
	want := []string{
		"GET /repos/acme/infra/installation ",
		`POST /app/installations/7001/access_tokens {"repositories":["infra"],"permissions":{"contents":"write","pull_requests":"write"}}` + "\n",
		"GET /repos/acme/infra/git/ref/heads/main ", w.requests()[3], "DELETE /installation/token ",
	}
	if diff := cmp.Diff(want, w.requests()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{secret}, masked); diff != "" || source.Slug() != "bumper" {
		t.Errorf("slug %q; -want +got:\n%s", source.Slug(), diff)
	}
}

func TestRevokeWithoutATokenAsksNothing(t *testing.T) {
	w := newWorld(t)
	if err := w.tokens(w.app()).Revoke(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestATokenIsRenewedBeforeItEnds(t *testing.T) {
	w := newWorld(t)
	w.then(w.asTheApp(says(200, installed)), w.mints("first-token"))
	source := w.tokens(w.app())
	token := func() string {
		t.Helper()
		got, err := source.Token()
		if err != nil {
			t.Fatal(err)
		}
		return got.AccessToken
	}
	got := []string{token()}
	w.pass(54 * time.Minute)
	got = append(got, token())
	w.then(w.mints("second-token"))
	w.pass(2 * time.Minute)
	got = append(got, token())
	if diff := cmp.Diff([]string{"first-token", "first-token", "second-token"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	w.then(says(401, `{"message":"Bad credentials"}`), says(500, ""), says(204, ""))
	if err := source.Revoke(t.Context()); err != nil {
		t.Error(err) // the first has ended, the second is tried again
	}
	if n := len(w.requests()); n != 6 {
		t.Errorf("asked %d times", n)
	}
}

func TestATokenThatIsNotRevokedIsToldAndTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.then(w.asTheApp(says(200, installed)), w.mints(secret))
	source := w.tokens(w.app())
	if _, err := source.Token(); err != nil {
		t.Fatal(err)
	}
	w.then(says(500, ""), says(500, ""), says(500, ""), says(204, ""))
	err := source.Revoke(t.Context())
	meets(t, err, Lost, "E_GITHUB_UNREACHABLE")
	if err != nil && strings.Contains(err.Error(), secret) {
		t.Error("the token is in the error")
	}
	meets(t, source.Revoke(t.Context()), Other, "")
}

// GitHub does not know at once everywhere what it gave.
func TestAFreshTokenMayNotBeKnownYet(t *testing.T) {
	bad := says(401, `{"message":"Bad credentials"}`)
	w := newWorld(t)
	w.then(w.asTheApp(says(200, installed)), w.mints(secret), bad, bad, says(201, mainRef))
	o := w.options()
	o.Token = w.tokens(w.app())
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	meets(t, create(t.Context(), c), Other, "")
	if diff := cmp.Diff([]time.Duration{time.Second, 4 * time.Second}, w.slept); diff != "" || strings.Count(w.log.String(), "not known yet") != 2 {
		t.Errorf("the log says %s; -want +got:\n%s", &w.log, diff)
	}
	w.pass(time.Minute)
	w.then(bad)
	meets(t, create(t.Context(), c), Unauthorized, "E_GITHUB_AUTH")
}

// evergreen is a source whose clock stands still.
type evergreen struct{ oauth2.TokenSource }

func (evergreen) fresh() bool { return true }

func TestAFreshTokenIsGivenUpAfterTwoTries(t *testing.T) {
	bad := says(401, `{"message":"Bad credentials"}`)
	w := newWorld(t, bad, bad, bad)
	o := w.options()
	o.Token = evergreen{o.Token}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	meets(t, get(t.Context(), c), Unauthorized, "E_GITHUB_AUTH")
}

func TestAMintThatIsLostIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.then(says(502, ""), w.asTheApp(says(200, installed)), says(502, ""), hangsUp, w.mints(secret))
	if got, err := w.tokens(w.app()).Token(); err != nil || got.AccessToken != secret {
		t.Errorf("got %v", err)
	}
}

func TestWhatAnAppIsRefused(t *testing.T) {
	no := func(status int, message string) http.HandlerFunc {
		return says(status, fmt.Sprintf(`{"message":%q}`, message))
	}
	found := says(200, installed)
	cases := map[string]struct {
		answers []http.HandlerFunc
		kind    Kind
		code    string
		hint    string
	}{
		"another app's key":       {[]http.HandlerFunc{no(401, "A JSON web token could not be decoded")}, Unauthorized, "E_GITHUB_APP", "of different apps"},
		"a wrong clock":           {[]http.HandlerFunc{no(401, "'Expiration time' claim ('exp') is too far in the future")}, Unauthorized, "E_GITHUB_APP", "clock"},
		"no such app":             {[]http.HandlerFunc{no(404, "Integration not found")}, NotFound, "E_GITHUB_APP", "no app of this GitHub has this id"},
		"not installed":           {[]http.HandlerFunc{no(404, "Not Found")}, NotFound, "E_GITHUB_APP", "install the app on acme/infra"},
		"suspended, it says":      {[]http.HandlerFunc{says(200, `{"id":7001,"suspended_at":"2026-01-01T00:00:00Z"}`)}, Denied, "E_GITHUB_APP", "unsuspend"},
		"suspended, it refuses":   {[]http.HandlerFunc{found, no(403, "This installation has been suspended")}, Denied, "E_GITHUB_APP", "unsuspend"},
		"permission not granted":  {[]http.HandlerFunc{found, no(422, "The permissions requested are not granted to this installation.")}, Invalid, "E_GITHUB_APP", "Permissions & events (Pull requests: write)"},
		"repository not selected": {[]http.HandlerFunc{found, no(422, "There is at least one repository that does not exist or is not accessible to the parent installation.")}, Invalid, "E_GITHUB_APP", "Repository access"},
		"no token in it":          {[]http.HandlerFunc{found, says(201, `{}`)}, Lost, "E_GITHUB_UNREACHABLE", hintLost},
		"nothing came":            {[]http.HandlerFunc{found, hangsUp, hangsUp, hangsUp}, Lost, "E_GITHUB_UNREACHABLE", hintLost},
		"a limit that stays":      {[]http.HandlerFunc{says(429, "", "retry-after", "99999")}, Limited, "E_GITHUB_LIMIT", "run again after"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.answers...)
			source := w.tokens(w.app())
			_, err := source.Token()
			meets(t, err, c.kind, c.code)
			if !strings.Contains(hintOf(err), c.hint) {
				t.Errorf("the hint is %q", hintOf(err))
			}
			w.then(c.answers...)
			o := w.options()
			o.Token = w.tokens(w.app())
			client, newErr := New(o)
			if newErr != nil {
				t.Fatal(newErr)
			}
			meets(t, create(t.Context(), client), c.kind, c.code) // through a client it stays what it is
		})
	}
}

func TestKeys(t *testing.T) {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key())
	if err != nil {
		t.Fatal(err)
	}
	whole := string(pkcs1())
	for name, text := range map[string]string{
		"PKCS#1":        whole,
		"PKCS#8":        string(pemOf("PRIVATE KEY", pkcs8)),
		"one line":      strings.ReplaceAll(whole, "\n", `\n`),
		"Windows":       strings.ReplaceAll(whole, "\n", "\r\n"),
		"blanks around": "\n  " + whole + "\n\n",
	} {
		got, err := readKey("1", []byte(text))
		if err != nil || !got.Equal(key()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := newWorld(t)
	middle := strings.Split(whole, "\n")[3]
	for name, text := range map[string]string{
		"nothing":      "",
		"a path":       "/home/x/key.pem",
		"half":         whole[:len(whole)/2],
		"damaged":      strings.Replace(whole, middle, middle[:len(middle)/2]+"AAAA", 1),
		"not a key":    string(pemOf("CERTIFICATE", []byte(middle))),
		"no base64":    "-----BEGIN RSA PRIVATE KEY-----\n" + middle + "!\n-----END RSA PRIVATE KEY-----",
		"base64 alone": middle,
	} {
		a := w.app()
		a.Key = []byte(text)
		source, err := a.Source(t.Context())
		meets(t, err, Unauthorized, "E_GITHUB_APP")
		if err == nil || source != nil || strings.Contains(fmt.Sprintf("%v %+v", err, errors.Unwrap(err)), middle[:12]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnAppNeedsAnIDAndARepository(t *testing.T) {
	for name, change := range map[string]func(*App){
		"no id":       func(a *App) { a.ID = " " },
		"no owner":    func(a *App) { a.Repository = "infra" },
		"a URL":       func(a *App) { a.Repository = "https://github.com/acme/infra" },
		"nothing":     func(a *App) { a.Repository = "" },
		"half a name": func(a *App) { a.Repository = "acme/" },
	} {
		a := newWorld(t).app()
		change(&a)
		if source, err := a.Source(t.Context()); source != nil || KindOf(err) == Other {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
