package hub

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// propose opens a pull request from a new branch that changes a file.
func propose(t *testing.T, r *Repo, c client, branch, path, content string) got {
	t.Helper()
	r.Git("branch", branch, "main")
	r.Commit(branch, "change "+path, testkit.GitFile{Path: path, Data: content})
	g := c.rest("POST", "/repos/acme/infra/pulls", map[string]any{"title": "Bump", "head": branch, "base": "main", "body": "why"})
	if g.Status != 201 {
		t.Fatalf("opening a pull request: %d %s", g.Status, g.Body)
	}
	return g
}

func pullPath(g got, rest string) string {
	return fmt.Sprintf("/repos/acme/infra/pulls/%v%s", g.at("number"), rest)
}

func TestPullsAreOpenedOnce(t *testing.T) {
	h, r, c := world(t)
	h.Loose()
	r.Git("branch", "same", "main")
	propose(t, r, c, "bump", "apps/a.yaml", "tag: 2\n")
	const page = "/pulls/pulls#create-a-pull-request"
	job := client{t, h, h.Token(Token{Permissions: map[string]string{"pull_requests": "write"}})}
	tests := map[string]struct {
		by         client
		head, base string
		want       said
		errors     string
	}{
		"again":      {c, "bump", "main", said{422, "Validation Failed", page}, "[map[code:custom message:A pull request already exists for acme:bump. resource:PullRequest]]"},
		"with owner": {c, "acme:bump", "main", said{422, "Validation Failed", page}, "[map[code:custom message:A pull request already exists for acme:bump. resource:PullRequest]]"},
		"no commits": {c, "same", "main", said{422, "Validation Failed", page}, "[map[code:custom message:No commits between main and same resource:PullRequest]]"},
		"no head":    {c, "nope", "main", said{422, "Validation Failed", page}, "[map[code:invalid field:head resource:PullRequest]]"},
		"neither":    {c, "nope", "nor", said{422, "Validation Failed", page}, "[map[code:invalid field:base resource:PullRequest] map[code:invalid field:head resource:PullRequest]]"},
		"other base": {c, "bump", "same", said{Status: 201}, "<nil>"},
		"by a job":   {job, "bump", "main", said{403, "GitHub Actions is not permitted to create or approve pull requests.", page}, "<nil>"},
	}
	r.Set(func(s *Settings) { s.NoPullsByActions = true })
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := test.by.rest("POST", "/repos/acme/infra/pulls", map[string]any{"title": "t", "head": test.head, "base": test.base})
			if diff := cmp.Diff(test.want, g.said()); diff != "" || fmt.Sprint(g.at("errors")) != test.errors {
				t.Errorf("errors %v, -want +got\n%s", g.at("errors"), diff)
			}
		})
	}
}

func TestTheListFiltersByWholeHeadsOnly(t *testing.T) {
	_, r, c := world(t)
	propose(t, r, c, "one", "1", "1")
	propose(t, r, c, "two", "2", "2")
	for query, want := range map[string]int{"head=acme:one&state=open": 1, "head=one&state=open": 2, "head=acme:one&state=closed": 0, "base=main": 2, "base=x": 0} {
		g := c.rest("GET", "/repos/acme/infra/pulls?"+query, nil)
		if list, _ := g.JSON.([]any); len(list) != want {
			t.Errorf("%s finds %d, want %d", query, len(list), want)
		}
	}
}

func TestMergeAnswers(t *testing.T) {
	const page = "/pulls/pulls#merge-a-pull-request"
	tests := map[string]struct {
		prepare func(*Hub, *Repo, client, got)
		body    map[string]any
		want    said
	}{
		"merge":  {nil, map[string]any{}, said{Status: 200}},
		"squash": {nil, map[string]any{"merge_method": "squash"}, said{Status: 200}},
		"rebase": {nil, map[string]any{"merge_method": "rebase"}, said{Status: 200}},
		"stale":  {nil, map[string]any{"sha": strings.Repeat("1", 40)}, said{409, saysHeadMoved, page}},
		"short":  {nil, map[string]any{"sha": "abc"}, said{422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].", page}},
		"draft":  {func(_ *Hub, r *Repo, _ client, _ got) { r.pulls[0].draft = true }, map[string]any{"sha": strings.Repeat("1", 40)}, said{405, "Pull Request is still a draft", page}},
		"closed": {func(_ *Hub, r *Repo, _ client, _ got) { r.pulls[0].close(r.hub.now()) }, map[string]any{}, said{Status: 200}},
		"conflict": {func(_ *Hub, r *Repo, _ client, _ got) {
			r.Commit("main", "m", testkit.GitFile{Path: "apps/a.yaml", Data: "tag: 7\n"})
		}, map[string]any{}, said{405, "Pull Request is not mergeable", page}},
		"other lines":   {func(_ *Hub, r *Repo, _ client, _ got) { r.Commit("main", "m", testkit.GitFile{Path: "z", Data: "z"}) }, map[string]any{}, said{Status: 200}},
		"method is off": {func(_ *Hub, r *Repo, _ client, _ got) { r.Set(func(s *Settings) { s.MergeMethods = "merge" }) }, map[string]any{"merge_method": "squash"}, said{405, "Squash merges are not allowed on this repository.", page}},
		"check":         {func(_ *Hub, r *Repo, _ client, _ got) { r.Protect(Protection{Ref: "main", Checks: []string{"x"}}) }, map[string]any{}, said{405, `Required status check "x" is expected.`, pageProtected}},
		"review":        {func(_ *Hub, r *Repo, _ client, _ got) { r.Protect(Protection{Ref: "main", Reviews: 1}) }, map[string]any{}, said{405, "At least 1 approving review is required by reviewers with write access.", pageProtected}},
		"approved": {func(_ *Hub, r *Repo, _ client, _ got) {
			r.Protect(Protection{Ref: "main", Reviews: 1})
			r.Approve(1, "ann")
		}, map[string]any{}, said{Status: 200}},
		"bypass": {func(_ *Hub, r *Repo, _ client, _ got) {
			r.Protect(Protection{Ref: "main", Reviews: 1, Bypass: []string{"tagboat[bot]"}})
		}, map[string]any{}, said{Status: 200}},
		"ruleset": {func(_ *Hub, r *Repo, _ client, _ got) {
			r.Protect(Protection{Ref: "main", Ruleset: true, Checks: []string{"a", "b"}})
		}, map[string]any{}, said{405, "Repository rule violations found\n\n2 of 2 required status checks are expected.\n\n", page}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h, r, c := world(t)
			g := propose(t, r, c, "bump", "apps/a.yaml", "tag: 2\n")
			if test.prepare != nil {
				test.prepare(h, r, c, g)
			}
			m := c.rest("PUT", pullPath(g, "/merge"), test.body)
			if diff := cmp.Diff(test.want, m.said()); diff != "" {
				t.Fatalf("-want +got\n%s", diff)
			}
			if m.Status != 200 {
				return
			}
			if r.Read("main", "apps/a.yaml") != "tag: 2\n" || m.text("sha") != r.Tip("main") {
				t.Errorf("main is at %s, the answer is %s", r.Tip("main"), m.Body)
			}
			again := c.rest("PUT", pullPath(g, "/merge"), map[string]any{"merge_method": "squash"})
			if again.Status != 200 || again.text("sha") != m.text("sha") {
				t.Errorf("a second merge is %d %s", again.Status, again.Body)
			}
			r.Git("fsck", "--strict", "--no-dangling")
		})
	}
}

func TestPullsFollowTheirBranches(t *testing.T) {
	tests := map[string]struct {
		move func(*Repo, client)
		want string
	}{
		"the head moves on": {func(r *Repo, _ client) { r.Commit("bump", "more", testkit.GitFile{Path: "b", Data: "b"}) }, "OPEN"},
		"the head becomes the base": {func(r *Repo, c client) {
			c.rest("PATCH", "/repos/acme/infra/git/refs/heads/bump", map[string]any{"sha": r.Tip("main"), "force": true})
		}, "CLOSED"},
		"somebody deletes the branch": {func(r *Repo, c client) { c.rest("DELETE", "/repos/acme/infra/git/refs/heads/bump", nil) }, "CLOSED"},
		"git deletes the branch":      {func(r *Repo, _ client) { r.Git("branch", "-D", "bump") }, "CLOSED"},
		"the base takes the head":     {func(r *Repo, _ client) { r.Git("branch", "-f", "main", "bump") }, "MERGED"},
		"somebody merges":             {func(r *Repo, _ client) { r.Merge(1, "ann") }, "MERGED"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, r, c := world(t)
			propose(t, r, c, "bump", "apps/a.yaml", "tag: 2\n")
			test.move(r, c)
			g := c.graph(`{ repository(owner: "acme", name: "infra") { pullRequest(number: 1) { state headRefOid closed merged } } }`, nil)
			if got := g.text("data", "repository", "pullRequest", "state"); got != test.want {
				t.Errorf("the pull request is %s, want %s", got, test.want)
			}
			if head := r.Tip("bump"); test.want == "OPEN" && g.text("data", "repository", "pullRequest", "headRefOid") != head {
				t.Errorf("its head is %s, want %s", g.Body, head)
			}
		})
	}
}

func TestMergeableIsFoundOutLater(t *testing.T) {
	_, r, c := world(t)
	r.Set(func(s *Settings) { s.UnknownMerges = 2 })
	g := propose(t, r, c, "bump", "apps/a.yaml", "tag: 2\n")
	var got []any
	for range 3 {
		got = append(got, c.rest("GET", pullPath(g, ""), nil).at("mergeable"))
	}
	if diff := cmp.Diff([]any{nil, true, true}, got); diff != "" { // the answer to the POST was the first one
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestPullsAreLabelledAskedAndTalkedAbout(t *testing.T) {
	h, r, c := world(t)
	h.User("ann")
	h.Team("acme/deployers")
	g := propose(t, r, c, "bump", "apps/a.yaml", "tag: 2\n")
	issue := fmt.Sprintf("/repos/acme/infra/issues/%v", g.at("number"))
	labels := c.rest("POST", issue+"/labels", map[string]any{"labels": []string{"deploy", "new one"}})
	if labels.text(1, "name") != "new one" || r.knownLabel("new one") == nil {
		t.Errorf("labels: %s", labels.Body)
	}
	reviewers := c.rest("POST", pullPath(g, "/requested_reviewers"), map[string]any{"reviewers": []string{"ann"}, "team_reviewers": []string{"deployers"}})
	if reviewers.Status != 201 || reviewers.text("requested_teams", 0, "slug") != "deployers" {
		t.Errorf("reviewers: %s", reviewers.Body)
	}
	if bad := c.rest("POST", pullPath(g, "/requested_reviewers"), map[string]any{"reviewers": []string{"nobody"}}); bad.Status != 422 {
		t.Errorf("an unknown reviewer: %d %s", bad.Status, bad.Body)
	}
	c.rest("POST", issue+"/assignees", map[string]any{"assignees": []string{"ann", "nobody"}})
	c.rest("POST", issue+"/comments", map[string]any{"body": "deployed"})
	c.rest("PATCH", pullPath(g, ""), map[string]any{"title": "Bump twice", "body": ""})
	seen := c.graph(`{ repository(owner: "acme", name: "infra") { pullRequest(number: 1) { title body author { login __typename }
		labels(first: 9) { nodes { name } } assignees(first: 9) { nodes { login } } comments(first: 9) { totalCount }
		reviewRequests(first: 9) { nodes { requestedReviewer { ... on User { login } ... on Team { slug } } } } } } }`, nil)
	want := `{"data":{"repository":{"pullRequest":{"assignees":{"nodes":[{"login":"ann"}]},"author":{"__typename":"Bot","login":"tagboat"},"body":"","comments":{"totalCount":1},"labels":{"nodes":[{"name":"deploy"},{"name":"new one"}]},"reviewRequests":{"nodes":[{"requestedReviewer":{"login":"ann"}},{"requestedReviewer":{"slug":"deployers"}}]},"title":"Bump twice"}}}}`
	if diff := cmp.Diff(want, seen.Body); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
