package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
)

// guard is the transport that keeps the login for a registry with that registry, and
// with the token service that the registry itself has named. Clients follow whatever
// answers a greeting, and take the challenge that they meet at the end of the way for
// the registry's own.
//
// It knows a request for a token by what the client has made of it, since those who
// answer choose the address.
type guard struct {
	base  http.RoundTripper
	host  string                  // of the registry, as requests have it
	led   *atomic.Pointer[string] // the host that a greeting was led on to; it stays
	byTLS *atomic.Bool            // the registry has answered by https
}

func newGuard(base http.RoundTripper, host string) guard {
	return guard{base: base, host: host, led: new(atomic.Pointer[string]), byTLS: new(atomic.Bool)}
}

// astray is what a registry does that nobody goes along with.
type astray struct {
	text, hint string
	withheld   bool // it was the login that did not go along: without one, it may be done
}

func (a *astray) Error() string { return a.text }

// Withheld tells others of an error's cause that what was asked may be asked without a
// login.
func (a *astray) Withheld() bool { return a.withheld }

func outOfTLS(from, to *url.URL) error {
	hint := "let the registry, or the proxy before it, name its addresses with https"
	if strings.Contains(from.Path, "/blobs/") && !sameHost(from, to) {
		hint = "let the registry name its storage with https (distribution: `secure: true`), or hand out what lies there by itself (`redirect: disable: true`)"
	}
	return &astray{text: nameOf(from) + " leads to " + nameOf(to) + ", out of TLS", hint: hint}
}

// RoundTrip sends the request where it may go.
func (g guard) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := g.refuses(request); err != nil {
		if request.Body != nil {
			request.Body.Close()
		}
		return nil, err
	}
	first := firstOf(request)
	if isBasic(request) && !sameHost(request.URL, first.URL) {
		request = request.Clone(request.Context())
		request.Header.Del("Authorization")
	}
	response, err := g.base.RoundTrip(request)
	if err == nil && request.URL.Scheme == "https" && request.URL.Host == g.host && (!greets(request) || takesGreeting(response)) {
		g.byTLS.Store(true)
	}
	if err != nil || !wantsToken(first) {
		return response, err
	}
	if err := tokenAnswer(request, response); err != nil {
		response.Body.Close()
		return nil, err
	}
	return response, nil
}

// refuses is why a request is not sent.
func (g guard) refuses(request *http.Request) error {
	own := sameHost(request.URL, &url.URL{Host: g.host})
	if last := before(request); last != nil {
		if last.URL.Scheme == "https" && request.URL.Scheme != "https" {
			return outOfTLS(last.URL, request.URL)
		}
		if !own && greets(firstOf(request)) {
			to := request.URL.Host
			g.led.CompareAndSwap(nil, &to)
		}
	} else if g.leaks(request.URL) {
		return outOfTLS(&url.URL{Scheme: "https", Host: g.host, Path: "/v2/"}, request.URL)
	}
	if led := g.led.Load(); led != nil && !own && (isBasic(request) || postsForm(request)) {
		return &astray{
			text:     fmt.Sprintf("the registry sends its clients on to %s, which does not get the login for %s", *led, g.host),
			hint:     fmt.Sprintf("name %s in the image, and give the login for that; or give none for %s", *led, g.host),
			withheld: true,
		}
	}
	return nil
}

// leaks reports whether an address that the registry has named, such as that of an
// upload, is out of TLS though the registry itself is within. The registry by its own
// name is asked as its client has chosen.
func (g guard) leaks(to *url.URL) bool {
	return g.byTLS.Load() && to.Scheme != "https" && to.Host != g.host && !isLoopback(to.Hostname())
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// tokenAnswer is what is wrong with the answer of a token service: that it leads out
// of TLS, or what was posted to another host, or that it has no token. Of its text
// nothing is told, which may have other secrets.
func tokenAnswer(request *http.Request, response *http.Response) error {
	if to, err := response.Location(); err == nil && response.StatusCode/100 == 3 {
		switch {
		case request.URL.Scheme == "https" && to.Scheme != "https":
			return outOfTLS(request.URL, to)
		case postsForm(request) && !sameHost(request.URL, to):
			return &astray{text: nameOf(request.URL) + " leads to " + nameOf(to) + ", which does not get the login", hint: "let the registry name the address as the realm of its tokens, or give a login with a password"}
		}
	}
	if response.StatusCode != http.StatusOK {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	response.Body = readCloser{io.MultiReader(bytes.NewReader(text), response.Body), response.Body}
	var told struct {
		Token  string
		Access string `json:"access_token"`
	}
	if err == nil && json.Unmarshal(text, &told) == nil && told.Token == "" && told.Access == "" {
		return &astray{text: nameOf(request.URL) + ": " + tokenless, hint: knownDefect(tokenless)}
	}
	return nil
}

// tokenless is said of a token service's answer.
const tokenless = "no token in bearer response"

// before is the request whose answer has led to this one; nil where none has.
func before(request *http.Request) *http.Request {
	if request.Response == nil {
		return nil
	}
	return request.Response.Request
}

// firstOf is the request that began the way here.
func firstOf(request *http.Request) *http.Request {
	for before(request) != nil {
		request = before(request)
	}
	return request
}

func greets(request *http.Request) bool {
	return request.Method == http.MethodGet && request.URL.Path == "/v2/"
}

// takesGreeting reports whether an answer to a greeting is that of a registry. After
// another one a client greets by http where it may.
func takesGreeting(response *http.Response) bool {
	return response.StatusCode == http.StatusOK || response.StatusCode == http.StatusUnauthorized
}

// wantsToken reports whether a request is one for a token: by GET with the name of a
// service, which may be empty (distribution, Token Authentication), or by a form.
func wantsToken(request *http.Request) bool {
	return postsForm(request) || request.Method == http.MethodGet && request.URL.Query().Has("service")
}

func postsForm(request *http.Request) bool {
	return request.Method == http.MethodPost && strings.HasPrefix(request.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

func isBasic(request *http.Request) bool {
	scheme, _, _ := strings.Cut(request.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "basic")
}

func sameHost(a, b *url.URL) bool {
	return strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}
