package registry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// pagesOf answers the question for referrers page by page, each of which leads on.
type pagesOf func(w http.ResponseWriter, page int)

func (p pagesOf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.URL.Path, "/referrers/") {
		answers{}.ServeHTTP(w, r)
		return
	}
	page := 1
	fmt.Sscanf(r.URL.RawQuery, "page=%d", &page)
	w.Header().Set("Link", fmt.Sprintf(`<%s?page=%d>; rel="next"`, r.URL.Path, page+1))
	p(w, page)
}

// A list of referrers is whole, or it is an error: of half a list nobody can tell
// what is missing.
func TestReferrersInPagesThatBreak(t *testing.T) {
	list := func(first, n int) func(http.ResponseWriter) { return saying(200, indexType, listFrom(first, n), "") }
	second := func(answer func(http.ResponseWriter)) pagesOf {
		return func(w http.ResponseWriter, page int) {
			if page == 2 {
				answer(w)
			} else {
				list(1, 1)(w)
			}
		}
	}
	for name, test := range map[string]struct {
		pages      pagesOf
		code, told string
	}{
		"the second is refused with 400":    {second(saying(400, "text/plain", "", "")), "E_REGISTRY", "page 2: it is refused with 400"},
		"the second is refused with 404":    {second(saying(404, "text/plain", "", "")), "E_REGISTRY", "page 2: it is refused with 404"},
		"the second is a page to log in at": {second(saying(200, "text/html", "<html>", "")), "E_NO_REGISTRY", "a page of HTML"},
		"the second, after an empty first one": {func(w http.ResponseWriter, page int) {
			saying(map[int]int{1: 200, 2: 404}[page], indexType, listOf(), "")(w)
		}, "E_REGISTRY", "page 2"},
		"empty ones without end": {func(w http.ResponseWriter, _ int) { list(0, 0)(w) }, "E_REGISTRY", "100 pages in a row bring nothing"},
		"the same without end":   {func(w http.ResponseWriter, _ int) { list(1, 2)(w) }, "E_REGISTRY", "100 pages in a row bring nothing"},
		"new ones without end":   {func(w http.ResponseWriter, page int) { list(1000*page, 1000)(w) }, "E_REGISTRY", "more than 10000"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(test.pages)
			defer server.Close()
			host := strings.TrimPrefix(server.URL, "http://")
			found, err := newClient().Referrers(t.Context(), repository(t, host+"/acme/web"), subjectDigest)
			if len(found) > 0 {
				t.Errorf("half a list came back: %v", found)
			}
			check(t, err, test.code, test.told, "")
		})
	}
}

// listFrom is a list of n, from one on.
func listFrom(first, n int) string {
	var digests []int
	for i := range n {
		digests = append(digests, first+i)
	}
	return listOf(digests...)
}

// A registry that lists the same for whatever is asked is not followed for ever.
func TestReferrersOfReferrersWithoutEnd(t *testing.T) {
	from, to := withAPI(t, true), withAPI(t, true)
	from.Put("acme/web", "main", randomImage(t, 100, 1))
	from.Fail(testkit.RegistryFailure{Path: "/referrers/", Status: 200, Header: http.Header{"Content-Type": {indexType}}, Body: listFrom(0, 4000)})
	_, err := newClient().Promote(t.Context(), asVersion(t, from, to))
	check(t, err, "E_REGISTRY", "more than 10000 manifests", "")
	if n := from.Count("GET", "/referrers/"); n > 20 {
		t.Errorf("%d questions", n)
	}
}

// Quay refuses the question about a manifest that it does not have. That is no sign
// of a registry without the API.
func TestReferrersThatAreRefusedForSome(t *testing.T) {
	from, to := withAPI(t, true), withAPI(t, true)
	signed := putSignedFor(t, from, "amd64")
	for _, i := range []int{1, 3, 4, 7, 8} { // to which nothing is attached; among them all but one of those that are asked about together
		from.Fail(testkit.RegistryFailure{Path: "/referrers/" + string(signed.digests[i]), Status: 400, Code: "MANIFEST_INVALID", Message: "manifest invalid"})
	}
	if _, err := newClient().Promote(t.Context(), signed.promotion(t, repository(t, to.Host+"/team/web"))); err != nil {
		t.Fatal(err)
	}
	from.Heal()
	signed.wholeAt(t, to, "team/web")
}

// Google's registries, which have no such API, lead to the page where people log in.
// From any other registry that is something before it.
func TestReferrersAndAPageToLogInAt(t *testing.T) {
	page := testkit.RegistryFailure{Path: "/referrers/", Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html><title>Sign in</title>"}
	for name, code := range map[string]string{
		"europe-docker.pkg.dev/acme/images/web": "",
		"eu.gcr.io/acme/web":                    "",
		"gcr.io/acme/web":                       "",
		"registry.k8s.io/web":                   "",
		"pkg.dev.example/acme/web":              "E_NO_REGISTRY",
		"registry.example/acme/web":             "E_NO_REGISTRY",
	} {
		t.Run(name, func(t *testing.T) {
			repo := repository(t, name)
			_, reg, client := host{image: name}.fails(page).open(t)
			img := randomImage(t, 100, 1)
			reg.Put(repo.Path(), "main", img)
			reg.Put(repo.Path(), "sha256-"+string(digestOf(t, img))[len("sha256:"):], oddManifest{kind: indexType, text: `{"schemaVersion":2,"manifests":[{"digest":"` + string(digestOf(t, img)) + `"}]}`})
			found, err := client.Referrers(t.Context(), repo, digestOf(t, img))
			if code != "" {
				check(t, err, code, "Sign in", "page to log in at")
			} else if err != nil || len(found) != 1 {
				t.Errorf("found %v, %v", found, err)
			}
		})
	}
}
