package hub

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

func TestTroubles(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	reset := fmt.Sprint(now.Add(time.Hour).Unix())
	tests := map[string]struct {
		how    How
		lands  bool
		status int // 0: the line is cut
		words  string
		header map[string]string
	}{
		"down":            {Down, false, 500, "Server Error", nil},
		"gateway":         {BadGateway, false, 502, "<html>", nil},
		"gateway after":   {BadGatewayAfter, true, 502, "<html>", nil},
		"timeout":         {Timeout, true, 504, "We couldn't respond to your request in time", nil},
		"cut":             {Cut, false, 0, "", nil},
		"cut after":       {CutAfter, true, 0, "", nil},
		"primary 403":     {Exhausted403, false, 403, "API rate limit exceeded for installation ID", map[string]string{"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": reset}},
		"primary 429":     {Exhausted429, false, 429, "API rate limit exceeded for installation ID", map[string]string{"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": reset}},
		"primary 200":     {Exhausted200, false, 200, `"type":"RATE_LIMITED"`, map[string]string{"X-Ratelimit-Remaining": "0", "X-Ratelimit-Resource": "graphql"}},
		"secondary 403":   {Secondary403, false, 403, "#about-secondary-rate-limits", map[string]string{"Retry-After": "60", "X-Ratelimit-Remaining": "4321"}},
		"secondary 429":   {Secondary429, false, 429, `"documentation_url":"https://docs.github.com/rest"`, map[string]string{"Retry-After": "60"}},
		"secondary 200":   {Secondary200, false, 200, "You have exceeded a secondary rate limit", map[string]string{"Retry-After": "60"}},
		"something":       {SomethingWrong, false, 200, "Something went wrong while executing your query", nil},
		"something after": {SomethingWrongAfter, true, 200, "Something went wrong while executing your query", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h, r, c := world(t)
			h.SetNow(func() time.Time { return now })
			head := r.Tip("main")
			h.Fail("createCommitOnBranch", 1, test.how)
			if g := c.graph(headDocument, nil); g.text("data", "repository", "ref", "target", "oid") != head {
				t.Fatalf("another request: %s", g.Body)
			}
			input := map[string]any{"query": commitDocument, "variables": commitInput(head, "a", "a")}
			g := c.try(http.MethodPost, h.GraphQL, input)
			if g.Status != test.status || (g.problem == nil) != (test.status != 0) || !strings.Contains(g.Body, test.words) {
				t.Errorf("%d %v %s", g.Status, g.problem, g.Body)
			}
			for key, want := range test.header {
				if got := g.Header.Get(key); got != want {
					t.Errorf("%s is %q, want %q", key, got, want)
				}
			}
			if landed := r.Tip("main") != head; landed != test.lands {
				t.Errorf("the commit landed: %v", landed)
			}
			if g := c.graph(commitDocument, commitInput(r.Tip("main"), "b", "b")); g.at("errors") != nil || g.Status != 200 {
				t.Errorf("the next one: %s", g.Body)
			}
		})
	}
}

func TestAHangEndsWithTheClient(t *testing.T) {
	h, r, c := world(t)
	h.Fail("GET *", 1, Hang)
	ctx, cancel := context.WithCancel(t.Context())
	h.Before("GET *", cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.API+"/repos/acme/infra", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.DefaultClient.Do(request); err == nil {
		t.Error("it was answered")
	}
	if g := c.rest("GET", "/repos/acme/infra", nil); g.Status != 200 {
		t.Errorf("the next one: %d", g.Status)
	}
	h.Fail("createCommitOnBranch", 1, HangAfter)
	go c.try(http.MethodPost, h.GraphQL, map[string]any{"query": commitDocument, "variables": commitInput(r.Tip("main"), "a", "a")}) // ends with the hub
}

func TestHooksRunOnceAroundTheEffect(t *testing.T) {
	h, r, c := world(t)
	head := r.Tip("main")
	var seen []string
	h.Before("createCommitOnBranch", func() {
		r.Commit("main", "meanwhile", testkit.GitFile{Path: "m", Data: "m"})
		seen = append(seen, "before")
	})
	if g := c.graph(commitDocument, commitInput(head, "a", "a")); g.text("errors", 0, "type") != "STALE_DATA" {
		t.Errorf("a ref that moves under a write: %s", g.Body)
	}
	head = r.Tip("main")
	h.After("POST */graphql", func() {
		if r.Tip("main") != head {
			seen = append(seen, "after")
		}
	})
	for range 2 {
		c.graph(commitDocument, commitInput(r.Tip("main"), "b", "b"))
	}
	if diff := cmp.Diff([]string{"before", "after"}, seen); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestReadsLagBehindWrites(t *testing.T) {
	h, r, c := world(t)
	old := r.Tip("main")
	h.Stale(2)
	oid := c.graph(commitDocument, commitInput(old, "a", "a")).text("data", "createCommitOnBranch", "commit", "oid")
	read := func() string { return c.rest("GET", "/repos/acme/infra/git/ref/heads/main", nil).text("object", "sha") }
	if diff := cmp.Diff([]string{old, old, oid, oid}, []string{read(), read(), read(), read()}); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	now := time.Unix(1_800_000_000, 0)
	h.SetNow(func() time.Time { return now })
	h.StaleFor(40 * time.Second)
	next := c.graph(commitDocument, commitInput(oid, "b", "b")).text("data", "createCommitOnBranch", "commit", "oid")
	if got := c.graph(headDocument, nil).text("data", "repository", "ref", "target", "oid"); got != oid {
		t.Errorf("GraphQL reads %s right after the write of %s", got, next)
	}
	now = now.Add(41 * time.Second)
	if got := read(); got != next {
		t.Errorf("in the end %s is read, want %s", got, next)
	}
	h.Stale(1)
	if g := c.graph(commitDocument, commitInput(next, "c", "c")); g.at("errors") != nil {
		t.Errorf("a write sees the past: %s", g.Body)
	}
}

func TestRequestsAreToldOnce(t *testing.T) {
	h, r, c := world(t)
	c.rest("GET", "/repos/acme/infra", nil)
	c.graph(commitDocument, commitInput(r.Tip("main"), "a", "a"))
	want := []string{"GET /api/v3/repos/acme/infra", "POST /api/graphql createCommitOnBranch"}
	if diff := cmp.Diff(want, h.Requests()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if again := h.Requests(); len(again) != 0 || h.Counts()[c.token] != 2 {
		t.Errorf("then %v, and %d with the token", again, h.Counts()[c.token])
	}
}

func TestWhatMatches(t *testing.T) {
	h := New(t)
	graph := &request{Request: &http.Request{Method: "POST", URL: mustURL(t, h.GraphQL)}, fields: []string{"query", "repository", "ref"}}
	rest := &request{Request: &http.Request{Method: "POST", URL: mustURL(t, h.API+"/repos/acme/infra/git/refs")}}
	tests := map[string]struct {
		q    *request
		want []string
	}{
		"graph": {graph, []string{"", "*", "POST *", "POST /api/graphql", "query", "ref"}},
		"rest":  {rest, []string{"", "*", "POST *", "POST */git/refs", "POST /api/v3/repos/acme/*/git/refs"}},
	}
	all := []string{"", "*", "POST *", "GET *", "POST /api/graphql", "query", "mutation", "ref", "refs", "POST */git/refs", "POST */git/ref", "POST /api/v3/repos/acme/*/git/refs"}
	for name, test := range tests {
		for _, match := range all {
			if got := matches(match, test.q); got != slices.Contains(test.want, match) {
				t.Errorf("%s matches %q: %v", name, match, got)
			}
		}
	}
}

func TestCalmEndsEveryTrouble(t *testing.T) {
	h, r, c := world(t)
	r.Protect(Protection{Ref: "main", Ruleset: true, Update: true})
	h.Fail("", 0, Down)
	for range 3 {
		if g := c.rest("GET", "/repos/acme/infra", nil); g.Status != 500 {
			t.Errorf("a trouble without end: %d", g.Status)
		}
	}
	h.Calm()
	h.Latency(30 * time.Millisecond)
	began := time.Now()
	if g := c.rest("GET", "/repos/acme/infra", nil); g.Status != 200 || time.Since(began) < 30*time.Millisecond {
		t.Errorf("%d after %v", g.Status, time.Since(began))
	}
	h.Calm()
	r.Unprotect()
	if g := c.graph(commitDocument, commitInput(r.Tip("main"), "a", "a")); g.at("errors") != nil {
		t.Errorf("%s", g.Body)
	}
}
