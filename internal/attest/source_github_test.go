package attest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/snappy"
	"golang.org/x/oauth2"

	"github.com/seed-96940006/tagboat/internal/attest"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/github"
)

const token = "ghs_0123456789abcdef0123456789abcdef0123"

// api is the part of GitHub that knows attestations, and the store where it keeps
// large ones.
type api struct {
	t           *testing.T
	api, bundle *httptest.Server

	mu     sync.Mutex
	asked  []string
	pages  map[string][]string // by the path's repository: JSON arrays of attestations, a page each
	refuse func(http.ResponseWriter) bool
	stored map[string][]byte // what the store has, as it is sent
	broken int               // how many answers of the store are 503 before the next good one
	sent   int               // bundles out of the store
}

func newAPI(t *testing.T) *api {
	t.Helper()
	a := &api{t: t, pages: map[string][]string{}, stored: map[string][]byte{}}
	a.api = httptest.NewServer(http.HandlerFunc(a.answer))
	a.bundle = httptest.NewTLSServer(http.HandlerFunc(a.store))
	t.Cleanup(a.api.Close)
	t.Cleanup(a.bundle.Close)
	return a
}

func (a *api) answer(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, r.URL.RequestURI())
	if got := r.Header.Get("Authorization"); got != "Bearer "+token {
		a.t.Errorf("the API was asked as %q", got)
	}
	if a.refuse != nil && a.refuse(w) {
		return
	}
	if r.URL.Path == "/meta" {
		fmt.Fprint(w, `{"verifiable_password_authentication":true,"domains":{"artifact_attestations":{"trust_domain":"acme","services":["*.actions.acme.ghe.com"]}}}`)
		return
	}
	repository, _ := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/repos/"), "/attestations/"+string(digest))
	pages := a.pages[repository]
	if pages == nil {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"message":"Not Found","documentation_url":"https://docs.github.com/rest/repos/attestations#list-attestations","status":"404"}`)
		return
	}
	page := 0
	fmt.Sscanf(r.URL.Query().Get("after"), "cursor %d==", &page)
	if page+1 < len(pages) {
		w.Header().Set("Link", fmt.Sprintf(`<%s/repositories/1/attestations/%s?per_page=100&after=cursor+%d%%3D%%3D>; rel="next"`, a.api.URL, digest, page+1))
	}
	fmt.Fprintf(w, `{"attestations":%s}`, pages[page])
}

func (a *api) store(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(r.Header["Authorization"])+len(r.Header["Cookie"]) > 0 {
		a.t.Error("credentials were sent to the store")
	}
	content, ok := a.stored[r.URL.Path]
	switch {
	case a.broken > 0:
		a.broken--
		w.WriteHeader(http.StatusServiceUnavailable)
	case !ok || r.URL.Query().Get("sig") != "secret":
		w.WriteHeader(http.StatusForbidden)
	default:
		a.sent++
		w.Header().Set("Content-Type", "application/x-snappy")
		w.Write(content)
	}
}

// source asks this GitHub.
func (a *api) source() *attest.FromGitHub {
	a.t.Helper()
	client, err := github.New(github.Options{API: a.api.URL, GraphQL: a.api.URL + "/graphql", Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}), Sleep: atOnce})
	if err != nil {
		a.t.Fatal(err)
	}
	return &attest.FromGitHub{API: client, Transport: a.bundle.Client().Transport, Sleep: atOnce}
}

// held is an attestation whose bundle is in the answer.
func held(bundle []byte) string {
	return fmt.Sprintf(`{"repository_id":1,"bundle":%s,"bundle_url":"","initiator":"user"}`, bundle)
}

// kept is one whose bundle is in the store.
func (a *api) kept(name string, content []byte) string {
	a.stored["/"+name] = content
	return fmt.Sprintf(`{"repository_id":1,"bundle":null,"bundle_url":%q}`, a.bundle.URL+"/"+name+"?sv=2024&sig=secret")
}

// There may be hundreds, of up to 32 MB each: a few are fetched at once, and no more
// once all is met.
func TestBundlesAreFetchedAFewAtOnce(t *testing.T) {
	public := newAuthority(t, publicGood)
	a := newAPI(t)
	kept := a.kept("b", snappy.Encode(nil, public.attest(release, digest, provenance)))
	page := "[" + strings.Repeat(kept+",", 29) + kept + "]"
	a.pages["acme/web"] = []string{page, page}
	v := &attest.Verifier{Sources: []attest.Source{a.source()}, Roots: &attest.Roots{File: rootFile(t, public)}}
	if _, err := v.Verify(t.Context(), image(t, digest), parse(t, "acme/web")); err != nil || a.sent != 8 || len(a.asked) != 1 {
		t.Errorf("%d bundles and %d pages were fetched, %v", a.sent, len(a.asked), err)
	}
	a.sent, a.asked = 0, nil
	if _, err := v.Verify(t.Context(), image(t, digest), parse(t, "acme/web,ref=refs/heads/dev")); !fault.Is(err, "E_VERIFY_FAILED") || a.sent != 60 || len(a.asked) != 2 {
		t.Errorf("%d bundles and %d pages were fetched, %v", a.sent, len(a.asked), err)
	}
}

func TestGitHubKeepsAttestations(t *testing.T) {
	public := newAuthority(t, publicGood)
	good, other := public.attest(release, digest, provenance), public.attest(release, digest, "https://spdx.dev/Document/v2.3")
	file := rootFile(t, public)
	first := "/repos/acme/web/attestations/" + string(digest) + "?per_page=100"
	tests := map[string]struct {
		set   func(*api)
		lines []string
		code  string   // "" is that all is met
		says  string   // in the failure or its hint
		asked []string // nil is the first page
	}{
		"in the answer": {set: func(a *api) { a.pages["acme/web"] = []string{"[" + held(good) + "]"} }},
		"in the store":  {set: func(a *api) { a.pages["acme/web"] = []string{"[" + a.kept("b", snappy.Encode(nil, good)) + "]"} }},
		"in the store, at the third try": {set: func(a *api) {
			a.pages["acme/web"], a.broken = []string{"[" + a.kept("b", snappy.Encode(nil, good)) + "]"}, 2
		}},
		"on the third page": {set: func(a *api) {
			a.pages["acme/web"] = []string{"[" + held(other) + "]", "[]", "[" + held(good) + "]"}
		}, asked: []string{first, first + "&after=cursor+1%3D%3D", first + "&after=cursor+2%3D%3D"}},
		"each repository once": {set: func(a *api) {
			a.pages["acme/web"] = []string{"[" + held(good) + "," + held(other) + "]"}
		}, lines: []string{"acme/web", "Acme/Web,predicate=https://spdx.dev/Document/v2.3"}},
		"nobody is asked about a person": {set: func(*api) {}, lines: []string{"identity=a@b.example,issuer=https://i.example"}, code: "E_VERIFY_MISSING", asked: []string{}},
		"an empty list":                  {set: func(a *api) { a.pages["acme/web"] = []string{"[]"} }, code: "E_VERIFY_MISSING", says: "GitHub's attestations of acme/web"},
		"no such repository":             {set: func(*api) {}, code: "E_VERIFY_MISSING", says: "may not see the repository"},
		"not allowed": {set: func(a *api) {
			a.refuse = func(w http.ResponseWriter) bool {
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprint(w, `{"message":"Resource not accessible by integration","documentation_url":"https://docs.github.com/rest","status":"403"}`)
				return true
			}
		}, code: "E_GITHUB_AUTH", says: "`permissions: attestations: read`"},
		"a token that is refused": {set: func(a *api) {
			a.refuse = func(w http.ResponseWriter) bool {
				w.WriteHeader(http.StatusUnauthorized)
				fmt.Fprint(w, `{"message":"Bad credentials","status":"401"}`)
				return true
			}
		}, code: "E_GITHUB_AUTH", says: "Bad credentials"},
		"an answer that is none": {set: func(a *api) {
			a.refuse = func(w http.ResponseWriter) bool { fmt.Fprint(w, `<html>`); return true }
		}, code: "E_GITHUB_UNREACHABLE"},
		"a store that refuses": {set: func(a *api) {
			a.pages["acme/web"] = []string{`[{"bundle":null,"bundle_url":"` + a.bundle.URL + `/gone?sig=secret"}]`}
		}, code: "E_GITHUB_UNREACHABLE", says: "403 Forbidden"},
		"a store that is not packed": {set: func(a *api) {
			a.pages["acme/web"] = []string{"[" + a.kept("b", good) + "]"}
		}, code: "E_GITHUB_UNREACHABLE", says: "not packed with snappy"},
		"a store that unpacks without end": {set: func(a *api) {
			a.pages["acme/web"] = []string{"[" + a.kept("b", []byte{0xff, 0xff, 0xff, 0xff, 0x07, 0x00}) + "]"}
		}, code: "E_GITHUB_UNREACHABLE", says: "more than 33554432 bytes"},
		"a store without TLS": {set: func(a *api) {
			a.pages["acme/web"] = []string{`[{"bundle":null,"bundle_url":"http://127.0.0.1:1/b?sig=secret"}]`}
		}, code: "E_GITHUB_UNREACHABLE", says: "no https URL"},
		"no place at all": {set: func(a *api) { a.pages["acme/web"] = []string{`[{"bundle":null}]`} }, code: "E_GITHUB_UNREACHABLE", says: "no https URL"},
		"one that is good, one that cannot be had": {set: func(a *api) {
			a.pages["acme/web"] = []string{`[{"bundle":null,"bundle_url":"` + a.bundle.URL + `/gone"},` + held(good) + `]`}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t)
			test.set(a)
			if test.lines == nil {
				test.lines = []string{"acme/web"}
			}
			if test.asked == nil {
				test.asked = []string{first}
			}
			v := &attest.Verifier{Sources: []attest.Source{a.source()}, Roots: &attest.Roots{File: file}}
			proofs, err := v.Verify(t.Context(), image(t, digest), parse(t, test.lines...))
			checkFault(t, err, test.code, test.says)
			if test.code == "" && len(proofs) != len(test.lines) {
				t.Errorf("got %d proofs", len(proofs))
			}
			if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), token)) {
				t.Errorf("a secret is told: %v", err)
			}
			if diff := cmp.Diff(test.asked, append([]string{}, a.asked...)); diff != "" && a.refuse == nil {
				t.Errorf("requests: %s", diff)
			}
		})
	}
}

// checkFault compares the first fault, with its hint; "" is none.
func checkFault(t *testing.T, err error, code, says string) {
	t.Helper()
	all := fault.All(err)
	switch {
	case code == "" && err != nil:
		t.Errorf("got %v", err)
	case code == "":
	case len(all) == 0 || all[0].Code != code || !strings.Contains(all[0].Error()+" "+all[0].Hint, says):
		t.Errorf("got %+v, want %s with %q", all, code, says)
	}
}

func TestAttestationsWithoutEndAreTooMany(t *testing.T) {
	public := newAuthority(t, publicGood)
	a := newAPI(t)
	a.pages["acme/web"] = slices.Repeat([]string{"[]"}, 50)
	v := &attest.Verifier{Sources: []attest.Source{a.source()}, Roots: &attest.Roots{File: rootFile(t, public)}}
	_, err := v.Verify(t.Context(), image(t, digest), parse(t, "acme/web"))
	if err == nil || fault.Is(err, "E_VERIFY_MISSING") || len(a.asked) != 10 {
		t.Errorf("got %v after %d requests", err, len(a.asked))
	}
}

func TestAGHEHostTellsItsTrustDomain(t *testing.T) {
	a := newAPI(t)
	if got, err := a.source().TrustDomain(t.Context()); got != "acme" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	a.refuse = func(w http.ResponseWriter) bool {
		fmt.Fprint(w, `{"domains":{"artifact_attestations":{"trust_domain":"../../x"}}}`)
		return true
	}
	if got, err := a.source().TrustDomain(t.Context()); got != "" || err == nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// What is asked is what GitHub describes, where its description was fetched.
func TestTheQuestionIsOneThatGitHubDescribes(t *testing.T) {
	found, err := filepath.Glob("../../.cache/schemas/openapi-*.json")
	if err != nil || len(found) == 0 {
		t.Skip("run .ci/schemas: there is no openapi-*.json in .cache/schemas")
	}
	data, err := os.ReadFile(slices.Max(found))
	if err != nil {
		t.Fatal(err)
	}
	var description struct {
		Paths map[string]struct {
			Get *struct {
				Parameters []struct{ Ref, Name string }
			}
		}
	}
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(data), `"$ref"`, `"Ref"`)), &description); err != nil {
		t.Fatal(err)
	}
	if description.Paths["/meta"].Get == nil {
		t.Error("GET /meta is not described")
	}
	described := description.Paths["/repos/{owner}/{repo}/attestations/{subject_digest}"].Get
	if described == nil {
		t.Fatal("the attestations of a digest are not described")
	}
	var named []string
	for _, p := range described.Parameters {
		named = append(named, p.Name+strings.TrimPrefix(p.Ref, "#/components/parameters/"))
	}
	for _, want := range []string{"per-page", "pagination-after"} {
		if !slices.Contains(named, want) {
			t.Errorf("%s is not among %v", want, named)
		}
	}
}
