package hub

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// witness is a test that notes what fails it.
type witness struct {
	testing.TB
	mu   sync.Mutex
	said []string
}

func (w *witness) Helper() {}

func (w *witness) Errorf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

// TestRequestsAreHeldAgainstGitHubsDescriptions sends what GitHub does not know.
func TestRequestsAreHeldAgainstGitHubsDescriptions(t *testing.T) {
	if err := Checked(); err != nil {
		t.Skip("no description to hold requests against: ", err)
	}
	tests := map[string]struct {
		send func(client)
		want string // "" is nothing to say
	}{
		"a fine query": {func(c client) { c.graph(headDocument, nil) }, ""},
		"a fine call":  {func(c client) { c.rest("GET", "/repos/acme/infra/pulls?state=all&head=acme:x", nil) }, ""},
		"a field":      {func(c client) { c.graph(`{ viewer { loggin } }`, nil) }, `Cannot query field "loggin" on type "User"`},
		"an argument":  {func(c client) { c.graph(`{ repository(owner: "a", name: "b", branch: "c") { id } }`, nil) }, `Unknown argument "branch"`},
		"a variable": {func(c client) {
			c.graph(`query($n: Int!) { repository(owner: "acme", name: "infra") { pullRequest(number: $n) { id } } }`, map[string]any{"n": "x"})
		}, "cannot use string as Int"},
		"an enum": {func(c client) {
			c.graph(`{ repository(owner: "a", name: "b") { pullRequests(states: OPENED, first: 1) { totalCount } } }`, nil)
		}, `"OPENED"`},
		"a parameter":   {func(c client) { c.rest("GET", "/repos/acme/infra/pulls?status=open", nil) }, `there is no parameter "status"`},
		"a value":       {func(c client) { c.rest("GET", "/repos/acme/infra/pulls?state=opened", nil) }, `parameter "state"`},
		"a body":        {func(c client) { c.rest("POST", "/repos/acme/infra/git/refs", map[string]any{"ref": 1, "sha": "x"}) }, "the body does not fit"},
		"no body":       {func(c client) { c.rest("POST", "/repos/acme/infra/git/refs", nil) }, "the operation wants a body"},
		"a body to GET": {func(c client) { c.rest("GET", "/repos/acme/infra", map[string]any{"x": 1}) }, "the operation takes no body"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := &witness{TB: t}
			h := New(w)
			h.Repo("acme/infra").Commit("main", "x")
			test.send(client{t, h, h.Token(Token{Kind: AppToken})})
			all := strings.Join(w.said, "\n")
			if (test.want == "") != (all == "") || !strings.Contains(all, test.want) {
				t.Errorf("it says %q, want %q", all, test.want)
			}
		})
	}
}

func TestEveryRouteIsGitHubs(t *testing.T) {
	if err := Checked(); err != nil {
		t.Skip("no description to hold routes against: ", err)
	}
	for _, rt := range routes() {
		if described().paths[unnamed(rt.pattern)][strings.ToLower(rt.method)] == nil {
			t.Errorf("GitHub has no %s %s", rt.method, rt.pattern)
		}
	}
}

// TestWhatWasNotTaughtFails sends what GitHub knows and the hub does not.
func TestWhatWasNotTaughtFails(t *testing.T) {
	tests := map[string]struct {
		send func(client)
		want string
	}{
		"a field": {func(c client) { c.graph(`{ repository(owner: "acme", name: "infra") { stargazerCount } }`, nil) }, "the field Repository.stargazerCount was not taught"},
		"an argument": {func(c client) {
			c.graph(`{ repository(owner: "acme", name: "infra") { labels(first: 1, query: "x") { totalCount } } }`, nil)
		}, "the argument query of Repository.labels was not taught"},
		"an input": {func(c client) {
			c.graph(`mutation { createRef(input: {repositoryId: "x", name: "refs/heads/x", oid: "1111111111111111111111111111111111111111"}) { clientMutationId } starter: addStar(input: {starrableId: "x"}) { clientMutationId } }`, nil)
		}, "the field Mutation.addStar was not taught"},
		"a path": {func(c client) { c.rest("GET", "/repos/acme/infra/stargazers", nil) }, "GET /api/v3/repos/acme/infra/stargazers was not taught"},
		"a key": {func(c client) {
			c.rest("POST", "/repos/acme/infra/pulls", map[string]any{"title": "t", "head": "h", "base": "b", "head_repo_id": "x"})
		}, `the field "head_repo_id" was not taught`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := &witness{TB: t}
			h := New(w)
			h.Repo("acme/infra").Commit("main", "x")
			test.send(client{t, h, h.Token(Token{Kind: AppToken})})
			if len(w.said) != 1 || !strings.Contains(w.said[0], test.want) {
				t.Errorf("it says %q, want %q", w.said, test.want)
			}
		})
	}
}
