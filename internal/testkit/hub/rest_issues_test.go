package hub

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestIssuesAndLabels asks one after the other, each on what those before left.
func TestIssuesAndLabels(t *testing.T) {
	h, r, c := world(t)
	user := client{t, h, h.Token(Token{Kind: Classic, Login: "ann"})}
	propose(t, r, c, "bump", "apps/a.yaml", "tag: 2\n")
	const repo = "/repos/acme/infra"
	tests := []struct {
		by           client
		method, path string
		body         any
		status       int
		path2        []any // into the answer
		want         any
	}{
		{c, "POST", repo + "/labels", map[string]any{"name": "a/b", "color": "ff0000"}, 201, []any{"color"}, "ff0000"},
		{c, "POST", repo + "/labels", map[string]any{"name": "A/B"}, 422, []any{"errors", 0, "code"}, "already_exists"},
		{c, "GET", repo + "/labels/a%2Fb", nil, 200, []any{"name"}, "a/b"},
		{c, "GET", repo + "/labels/none", nil, 404, []any{"message"}, "Not Found"},
		{c, "PUT", repo + "/issues/1/labels", map[string]any{"labels": []string{"a/b", "c"}}, 200, []any{1, "name"}, "c"},
		{c, "DELETE", repo + "/issues/1/labels/a%2Fb", nil, 200, []any{0, "name"}, "c"},
		{c, "DELETE", repo + "/issues/1/labels/a%2Fb", nil, 404, []any{"message"}, "Label does not exist"},
		{c, "GET", repo + "/issues/1/labels", nil, 200, []any{0, "name"}, "c"},
		{c, "POST", repo + "/issues/1/labels", map[string]any{"labels": []string{"e"}}, 200, []any{1, "name"}, "e"},
		{c, "POST", repo + "/issues/1/labels", map[string]any{"labels": []string{"e"}}, 200, []any{2, "name"}, nil},
		{c, "POST", repo + "/issues/1/assignees", map[string]any{"assignees": []string{"tagboat[bot]"}}, 201, []any{"assignees", 0, "login"}, "tagboat[bot]"},
		{c, "POST", repo + "/issues/1/assignees", map[string]any{"assignees": []string{"ann"}}, 201, []any{"assignees", 1, "login"}, "ann"},
		{c, "PATCH", repo + "/issues/1", map[string]any{"assignees": []string{}}, 200, []any{"assignees", 0}, nil},
		{c, "GET", repo + "/labels", nil, 200, []any{1, "name"}, "c"},
		{c, "PATCH", repo + "/issues/1", map[string]any{"labels": []string{"d"}, "assignees": []string{"ann"}, "state": "closed"}, 200, []any{"state"}, "closed"},
		{c, "GET", repo + "/issues/1", nil, 200, []any{"assignees", 0, "login"}, "ann"},
		{c, "PATCH", repo + "/pulls/1", map[string]any{"state": "open", "body": ""}, 200, []any{"body"}, nil},
		{c, "PATCH", repo + "/pulls/1", map[string]any{"title": ""}, 422, []any{"errors", 0, "code"}, "missing_field"},
		{c, "PATCH", repo + "/pulls/1", map[string]any{"base": "x"}, 422, []any{"errors", 0, "message"}, "Proposed base branch 'x' was not found"},
		{user, "POST", repo + "/issues/1/comments", map[string]any{"body": "hi"}, 201, []any{"user", "login"}, "ann"},
		{c, "GET", repo + "/issues/1/comments", nil, 200, []any{0, "body"}, "hi"},
		{c, "GET", repo + "/issues/9", nil, 404, []any{"message"}, "Not Found"},
		{c, "GET", repo + "/pulls/9", nil, 404, []any{"message"}, "Not Found"},
		{user, "GET", "/user", nil, 200, []any{"login"}, "ann"},
		{c, "GET", "/user", nil, 403, []any{"message"}, "Resource not accessible by integration"},
		{c, "GET", "/users/ann", nil, 200, []any{"type"}, "User"},
		{c, "GET", "/users/nobody", nil, 404, []any{"message"}, "Not Found"},
	}
	for _, test := range tests {
		g := test.by.rest(test.method, test.path, test.body)
		if diff := cmp.Diff(test.want, g.at(test.path2...)); diff != "" || g.Status != test.status {
			t.Errorf("%s %s: %d %s\n%s", test.method, test.path, g.Status, diff, g.Body)
		}
	}
}

func TestAnnotatedTags(t *testing.T) {
	_, r, c := world(t)
	head := r.Tip("main")
	tag := c.rest("POST", "/repos/acme/infra/git/tags", map[string]any{"tag": "v1", "message": "first", "object": head, "type": "commit"}).text("sha")
	if g := c.rest("POST", "/repos/acme/infra/git/refs", map[string]any{"ref": "refs/tags/v1", "sha": tag}); g.text("object", "type") != "tag" {
		t.Errorf("%s", g.Body)
	}
	r.Git("fsck", "--strict", "--no-dangling")
	if got := r.Git("rev-parse", "v1^{commit}"); got != head {
		t.Errorf("v1 is of %s", got)
	}
	g := c.graph(`{ repository(owner: "acme", name: "infra") { ref(qualifiedName: "refs/tags/v1") { name target { ... on Tag { message target { oid } } } } object(expression: "v1") { oid } } }`, nil)
	want := `{"data":{"repository":{"object":{"oid":"` + head + `"},"ref":{"name":"v1","target":{"message":"first","target":{"oid":"` + head + `"}}}}}}`
	if diff := cmp.Diff(want, g.Body); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestGraphQLSelects(t *testing.T) {
	_, r, c := world(t)
	propose(t, r, c, "one", "apps/a.yaml", "1")
	p := propose(t, r, c, "two", "x", "2")
	tests := map[string]struct{ query, want string }{
		"directives":  {`{ viewer { login @skip(if: true) id @include(if: false) __typename } }`, `{"data":{"viewer":{"__typename":"User"}}}`},
		"viewer":      {`{ viewer { login } }`, `{"data":{"viewer":{"login":"tagboat[bot]"}}}`},
		"node":        {`{ node(id: "` + p.text("node_id") + `") { ... on PullRequest { number } ... on Repository { name } } }`, `{"data":{"node":{"number":2}}}`},
		"path":        {`{ repository(owner: "acme", name: "infra") { ref(qualifiedName: "one") { target { ... on Commit { history(first: 5, path: "apps") { nodes { messageHeadline } } } } } } }`, `{"data":{"repository":{"ref":{"target":{"history":{"nodes":[{"messageHeadline":"change apps/a.yaml"},{"messageHeadline":"start"}]}}}}}}`},
		"the last":    {`{ repository(owner: "acme", name: "infra") { pullRequests(last: 1, states: [OPEN], baseRefName: "main") { totalCount edges { cursor node { number } } pageInfo { hasPreviousPage } } } }`, `{"data":{"repository":{"pullRequests":{"edges":[{"cursor":"Y3Vyc29yOjI=","node":{"number":2}}],"pageInfo":{"hasPreviousPage":true},"totalCount":2}}}}`},
		"the newest":  {`{ repository(owner: "acme", name: "infra") { pullRequests(first: 1, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { number createdAt } } } }`, ""},
		"how many":    {`{ repository(owner: "acme", name: "infra") { pullRequests { totalCount } pullRequest(number: 1) { reviewRequests { totalCount } latestReviews { totalCount } } } }`, `{"data":{"repository":{"pullRequest":{"latestReviews":{"totalCount":0},"reviewRequests":{"totalCount":0}},"pullRequests":{"totalCount":2}}}}`},
		"its commits": {`{ repository(owner: "acme", name: "infra") { pullRequest(number: 1) { mergeable mergeStateStatus commits(last: 1) { nodes { commit { messageHeadline } } } } } }`, `{"data":{"repository":{"pullRequest":{"commits":{"nodes":[{"commit":{"messageHeadline":"change apps/a.yaml"}}]},"mergeStateStatus":"CLEAN","mergeable":"MERGEABLE"}}}}`},
	}
	for name, test := range tests {
		g := c.graph(test.query, nil)
		if test.want == "" {
			if n, _ := g.at("data", "repository", "pullRequests", "nodes", 0, "number").(interface{ String() string }); n == nil || n.String() != "2" {
				t.Errorf("%s: %s", name, g.Body)
			}
			continue
		}
		if diff := cmp.Diff(test.want, g.Body); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
	for query, kind := range map[string]string{
		`{ repository(owner: "acme", name: "infra") { pullRequests { nodes { id } } } }`:           "MISSING_PAGINATION_BOUNDARIES",
		`{ repository(owner: "acme", name: "infra") { pullRequests(first: 101) { totalCount } } }`: "EXCESSIVE_PAGINATION",
		`{ repository(owner: "acme", name: "infra") { pullRequest(number: 99) { id } } }`:          "NOT_FOUND",
		`{ node(id: "R_x") { id } }`: "NOT_FOUND",
		`{ repository(owner: "acme", name: "` + strings.Repeat("x", 3) + `") { id } }`: "NOT_FOUND",
	} {
		if g := c.graph(query, nil); g.text("errors", 0, "type") != kind {
			t.Errorf("%s: %s", query, g.Body)
		}
	}
}
