package hub

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestWhoMayWhat(t *testing.T) {
	h, _, _ := world(t)
	private := h.Repo("acme/secret")
	private.Commit("main", "x")
	private.Set(func(s *Settings) { s.Private = true })
	old := h.Repo("acme/old")
	old.Commit("main", "x")
	old.Set(func(s *Settings) { s.Archived = true })
	now := time.Unix(1_800_000_000, 0)
	h.SetNow(func() time.Time { return now })
	read := map[string]string{"contents": "read"}
	tokens := map[string]string{
		"nobody": "", "wrong": "ghs_x",
		"job":     h.Token(Token{Permissions: read, Repos: []string{"acme/infra"}}),
		"app":     h.Token(Token{Kind: AppToken}),
		"pat":     h.Token(Token{Kind: FineGrained, Permissions: read}),
		"classic": h.Token(Token{Kind: Classic, Repos: []string{"acme/other"}}),
		"sso":     h.Token(Token{Kind: Classic, SSO: true}),
		"expired": h.Token(Token{Kind: AppToken, Expires: now}),
	}
	const blob, repo = "/git/blobs#create-a-blob", "/repos/repos#get-a-repository"
	tests := map[string]struct {
		token, method, repo string
		want                said
		accepted            string
	}{
		"nobody reads":          {"nobody", "GET", "infra", said{Status: 200}, ""},
		"nobody reads a secret": {"nobody", "GET", "secret", said{404, "Not Found", repo}, ""},
		"nobody writes":         {"nobody", "POST", "infra", said{401, "Requires authentication", ""}, ""},
		"a wrong token":         {"wrong", "GET", "infra", said{401, "Bad credentials", ""}, ""},
		"an expired one":        {"expired", "GET", "infra", said{401, "Bad credentials", ""}, ""},
		"a job reads":           {"job", "GET", "infra", said{Status: 200}, ""},
		"a job writes":          {"job", "POST", "infra", said{403, "Resource not accessible by integration", blob}, "contents=write"},
		"a job reads a secret":  {"job", "GET", "secret", said{404, "Not Found", repo}, ""},
		"an app writes":         {"app", "POST", "secret", said{Status: 201}, ""},
		"an app writes to old":  {"app", "POST", "old", said{403, "Repository was archived so is read-only.", blob}, ""},
		"a token writes":        {"pat", "POST", "infra", said{403, "Resource not accessible by personal access token", blob}, "contents=write"},
		"somebody else writes":  {"classic", "POST", "infra", said{404, "Not Found", blob}, ""},
		"nothing is there":      {"app", "GET", "none", said{404, "Not Found", repo}, ""},
		"without SSO":           {"sso", "GET", "infra", said{403, "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.", repo}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := client{t, h, tokens[test.token]}
			path, body := "/repos/acme/"+test.repo, any(nil)
			if test.method == "POST" {
				path, body = path+"/git/blobs", map[string]any{"content": "x"}
			}
			g := c.rest(test.method, path, body)
			if diff := cmp.Diff(test.want, g.said()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if got := g.Header.Get("X-Accepted-Github-Permissions"); got != test.accepted {
				t.Errorf("accepted permissions are %q", got)
			}
			if g.Header.Get("X-Ratelimit-Reset") == "" || g.Header.Get("X-Ratelimit-Resource") != "core" {
				t.Errorf("the headers of the limit are %v", g.Header)
			}
		})
	}
}

func TestTheEnvelope(t *testing.T) {
	h, r, c := world(t)
	if g := c.rest("GET", "/repos/acme/infra", nil, "User-Agent", ""); g.Status != 403 || !strings.Contains(g.Body, "Request forbidden by administrative rules") {
		t.Errorf("no agent: %d %s", g.Status, g.Body)
	}
	if g := c.rest("GET", "/repos/acme/infra", nil, "X-GitHub-Api-Version", "2020-01-01"); g.Status != 400 || !strings.HasPrefix(g.text("errors"), `The version you specified in the "X-GitHub-API-Version"`) {
		t.Errorf("another version: %d %s", g.Status, g.Body)
	}
	if g := (client{t, h, ""}).graph(headDocument, nil); g.Status != 401 || g.text("message") != "Bad credentials" {
		t.Errorf("GraphQL for nobody: %d %s", g.Status, g.Body)
	}
	if g := c.ask("POST", h.GraphQL, map[string]any{}); g.Status != 400 || g.text("message") != "A query attribute must be specified and must be a string." {
		t.Errorf("no query: %d %s", g.Status, g.Body)
	}
	first := c.rest("GET", "/repos/acme/infra", nil)
	tag := first.Header.Get("ETag")
	second := c.rest("GET", "/repos/acme/infra", nil, "If-None-Match", tag)
	if len(tag) != 68 || second.Status != 304 || second.Body != "" || second.Header.Get("X-Ratelimit-Used") != first.Header.Get("X-Ratelimit-Used") {
		t.Errorf("a tag %s gets %d, used %s then %s", tag, second.Status, first.Header.Get("X-Ratelimit-Used"), second.Header.Get("X-Ratelimit-Used"))
	}
	r.RenamedFrom("acme/former")
	for method, want := range map[string]int{"GET": 301, "POST": 307} {
		path, body := "", any(nil)
		if method == "POST" {
			path, body = "/git/blobs", map[string]any{"content": "x"}
		}
		g := c.rest(method, "/repos/acme/former"+path, body)
		if g.Status != want || !strings.HasPrefix(g.Header.Get("Location"), h.API+"/repositories/") {
			t.Errorf("%s of a former name: %d to %q", method, g.Status, g.Header.Get("Location"))
		}
		if g := c.ask(method, g.Header.Get("Location"), body); g.Status >= 300 {
			t.Errorf("%s where it leads: %d %s", method, g.Status, g.Body)
		}
	}
	if g := c.graph(`{ repository(owner: "acme", name: "former") { nameWithOwner } }`, nil); g.text("data", "repository", "nameWithOwner") != "acme/infra" {
		t.Errorf("GraphQL of a former name: %s", g.Body)
	}
}

func TestTheHourIsUsedUp(t *testing.T) {
	h, _, _ := world(t)
	now := time.Unix(1_800_000_000, 0)
	h.SetNow(func() time.Time { return now })
	c := client{t, h, h.Token(Token{Limit: 2})}
	for i, want := range []string{"1", "0"} {
		if g := c.rest("GET", "/repos/acme/infra", nil); g.Status != 200 || g.Header.Get("X-Ratelimit-Remaining") != want {
			t.Errorf("request %d: %d, remaining %s", i, g.Status, g.Header.Get("X-Ratelimit-Remaining"))
		}
	}
	if g := c.rest("GET", "/rate_limit", nil); g.Status != 200 || string(encode(g.at("resources", "core"))) != `{"limit":2,"remaining":0,"reset":1800003600,"resource":"core","used":2}` {
		t.Errorf("the limit itself: %d %s", g.Status, g.Body)
	}
	if g := c.rest("GET", "/repos/acme/infra", nil); g.Status != 403 || !strings.HasPrefix(g.text("message"), "API rate limit exceeded for installation ID") || g.Header.Get("X-Ratelimit-Reset") != "1800003600" {
		t.Errorf("after the last: %d %s", g.Status, g.Body)
	}
	if g := c.graph(headDocument, nil); g.at("errors") != nil {
		t.Errorf("GraphQL has a bucket of its own: %s", g.Body)
	}
	now = now.Add(time.Hour)
	if g := c.rest("GET", "/repos/acme/infra", nil); g.Status != http.StatusOK {
		t.Errorf("an hour later: %d", g.Status)
	}
}

func TestTokensLookLikeGitHubs(t *testing.T) {
	h := New(t)
	for kind, want := range map[Kind]int{GitHubToken: 520, AppToken: 520, Classic: 40, FineGrained: 93} {
		a, b := h.Token(Token{Kind: kind}), h.Token(Token{Kind: kind})
		if a == b || len(a) != want {
			t.Errorf("kind %d: %q and %q, %d long", kind, a, b, len(a))
		}
	}
}
