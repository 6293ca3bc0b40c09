package github

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
)

func hintOf(err error) string {
	for _, f := range fault.All(err) {
		return f.Hint
	}
	return ""
}

func TestARenamedRepositoryIsFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 307, 308} {
		w := newWorld(t)
		moved := says(status, `{"message":"Moved Permanently"}`, "Location", w.URL+"/repositories/7/git/refs")
		w.then(moved, says(200, mainRef), moved, says(201, mainRef))
		c := w.client()
		meets(t, get(t.Context(), c), Other, "")
		meets(t, create(t.Context(), c), Other, "")
		body := `{"ref":"refs/heads/x","sha":"` + strings.Repeat("a", 40) + `"}` + "\n"
		want := []string{
			"GET /repos/acme/infra/git/ref/heads/main ", "GET /repositories/7/git/refs ",
			"POST /repos/acme/infra/git/refs " + body, "POST /repositories/7/git/refs " + body,
		}
		if diff := cmp.Diff(want, w.requests()); diff != "" {
			t.Errorf("%d: -want +got:\n%s", status, diff)
		}
	}
}

// The token goes nowhere but to its host, whoever says so.
func TestTheTokenStaysWithItsHost(t *testing.T) {
	stranger := newWorld(t) // fails the test when it is asked
	for name, location := range map[string]string{
		"another host":    stranger.URL + "/repositories/7/git/refs",
		"no scheme":       strings.TrimPrefix(stranger.URL, "http:") + "/x",
		"another scheme":  "https://" + strings.TrimPrefix(newWorld(t).URL, "http://") + "/x",
		"a name for it":   "http://localhost:1/x",
		"something else":  "file:///etc/passwd",
		"nowhere":         "",
		"an impossible":   "http://[::1",
		"user@stranger":   "http://api.github.com@" + strings.TrimPrefix(stranger.URL, "http://") + "/x",
		"backslash trick": `http:\\` + strings.TrimPrefix(stranger.URL, "http://"),
	} {
		t.Run(name, func(t *testing.T) {
			moved := says(307, "", "Location", location)
			w := newWorld(t, moved, moved)
			w.t = t
			c := w.client()
			meets(t, get(t.Context(), c), Other, "E_GITHUB_REFUSED")
			meets(t, create(t.Context(), c), Other, "E_GITHUB_REFUSED")
		})
	}
	c := newWorld(t).client()
	req, err := c.REST().NewRequest(http.MethodGet, stranger.URL+"/page/2", nil) // as a Link header may say
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.REST().Do(t.Context(), req, nil)
	meets(t, Explain(err), Other, "E_GITHUB_REFUSED")
}

func TestRedirectsInACircleEnd(t *testing.T) {
	moved := says(307, "", "Location", "/repos/acme/infra/git/refs")
	w := newWorld(t, moved, moved, moved, moved, moved, moved)
	meets(t, create(t.Context(), w.client()), Other, "E_GITHUB_REFUSED")
	if n := len(w.requests()); n != maxHops+1 {
		t.Errorf("asked %d times", n)
	}
}

func TestPortsOfTheirSchemeAreNone(t *testing.T) {
	for given, want := range map[string]string{
		"https://api.github.com":     "https://api.github.com:https",
		"https://API.github.com:443": "https://api.github.com:https",
		"http://h:80/x":              "http://h:http",
		"https://h:80":               "https://h:80",
		"https://h:8443/api/v3":      "https://h:8443",
	} {
		u, err := address("it", given, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := origin(u); got != want {
			t.Errorf("%s: got %s, want %s", given, got, want)
		}
	}
}
