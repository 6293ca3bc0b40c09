package hub

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

const pullFields = `{ pullRequest { number state isDraft title baseRefName } }`

// TestTheLifeOfAPullRequest is every mutation of one, in the order of its life.
func TestTheLifeOfAPullRequest(t *testing.T) {
	h, r, c := world(t)
	h.User("ann")
	h.Team("acme/deployers")
	r.Label("deploy")
	r.Git("branch", "bump", "main")
	r.Git("branch", "release", "main")
	r.Commit("bump", "change", testkit.GitFile{Path: "apps/a.yaml", Data: "tag: 2\n"})
	ids := c.graph(`{ repository(owner: "acme", name: "infra") { id label(name: "deploy") { id } } user(login: "ann") { id } organization(login: "acme") { team(slug: "deployers") { id } } }`, nil)
	open := func() got {
		return c.graph(`mutation($r: ID!) { createPullRequest(input: {repositoryId: $r, headRefName: "bump", baseRefName: "main", title: "Bump", draft: true}) { pullRequest { id number } } }`, map[string]any{"r": ids.text("data", "repository", "id")})
	}
	id := open().text("data", "createPullRequest", "pullRequest", "id")
	if g := open(); g.text("errors", 0, "type") != "UNPROCESSABLE" || g.text("errors", 0, "message") != "A pull request already exists for acme:bump." {
		t.Errorf("a second one: %s", g.Body)
	}
	tests := []struct {
		mutation string // what follows "input: {"
		want     string // of the answer, or its error
	}{
		{`mergePullRequest(input: {pullRequestId: $id}) ` + pullFields, "Pull Request is still a draft"},
		{`markPullRequestReadyForReview(input: {pullRequestId: $id}) ` + pullFields, `{"pullRequest":{"baseRefName":"main","isDraft":false,"number":1,"state":"OPEN","title":"Bump"}}`},
		{`convertPullRequestToDraft(input: {pullRequestId: $id}) ` + pullFields, `{"pullRequest":{"baseRefName":"main","isDraft":true,"number":1,"state":"OPEN","title":"Bump"}}`},
		{`markPullRequestReadyForReview(input: {pullRequestId: $id}) ` + pullFields, `{"pullRequest":{"baseRefName":"main","isDraft":false,"number":1,"state":"OPEN","title":"Bump"}}`},
		{`updatePullRequest(input: {pullRequestId: $id, title: "Bump it", baseRefName: "release"}) ` + pullFields, `{"pullRequest":{"baseRefName":"release","isDraft":false,"number":1,"state":"OPEN","title":"Bump it"}}`},
		{`updatePullRequest(input: {pullRequestId: $id, baseRefName: "nope"}) ` + pullFields, "Proposed base branch 'nope' was not found"},
		{`updatePullRequest(input: {pullRequestId: $id, baseRefName: "main"}) ` + pullFields, `{"pullRequest":{"baseRefName":"main","isDraft":false,"number":1,"state":"OPEN","title":"Bump it"}}`},
		{`addLabelsToLabelable(input: {labelableId: $id, labelIds: [$label]}) { labelable { ... on PullRequest { labels(first: 1) { nodes { name } } } } }`, `{"labelable":{"labels":{"nodes":[{"name":"deploy"}]}}}`},
		{`addAssigneesToAssignable(input: {assignableId: $id, assigneeIds: [$ann]}) { assignable { ... on PullRequest { assignees(first: 1) { nodes { login } } } } }`, `{"assignable":{"assignees":{"nodes":[{"login":"ann"}]}}}`},
		{`requestReviews(input: {pullRequestId: $id, userIds: [$ann], teamIds: [$team], union: true}) { pullRequest { reviewRequests(first: 2) { totalCount } } }`, `{"pullRequest":{"reviewRequests":{"totalCount":2}}}`},
		{`addComment(input: {subjectId: $id, body: "hello"}) { commentEdge { node { body author { login } } } }`, `{"commentEdge":{"node":{"author":{"login":"tagboat"},"body":"hello"}}}`},
		{`disablePullRequestAutoMerge(input: {pullRequestId: $id}) ` + pullFields, "Can't disable auto-merge for this pull request"},
		{`closePullRequest(input: {pullRequestId: $id}) ` + pullFields, `{"pullRequest":{"baseRefName":"main","isDraft":false,"number":1,"state":"CLOSED","title":"Bump it"}}`},
		{`reopenPullRequest(input: {pullRequestId: $id}) ` + pullFields, `{"pullRequest":{"baseRefName":"main","isDraft":false,"number":1,"state":"OPEN","title":"Bump it"}}`},
		{`updatePullRequest(input: {pullRequestId: $id, state: CLOSED}) { pullRequest { id state } }`, `{"pullRequest":{"id":"` + id + `","state":"CLOSED"}}`},
		{`updatePullRequest(input: {pullRequestId: $id, state: OPEN}) { pullRequest { id state } }`, `{"pullRequest":{"id":"` + id + `","state":"OPEN"}}`},
		{`mergePullRequest(input: {pullRequestId: $id, expectedHeadOid: "1111111111111111111111111111111111111111"}) ` + pullFields, "Head branch was modified. Review and try the merge again."},
		{`mergePullRequest(input: {pullRequestId: $id, mergeMethod: SQUASH, commitHeadline: "done"}) ` + pullFields, `{"pullRequest":{"baseRefName":"main","isDraft":false,"number":1,"state":"MERGED","title":"Bump it"}}`},
		{`reopenPullRequest(input: {pullRequestId: $id}) ` + pullFields, "Could not open the pull request."},
	}
	variables := map[string]any{"id": id, "label": ids.text("data", "repository", "label", "id"), "ann": ids.text("data", "user", "id"), "team": ids.text("data", "organization", "team", "id")}
	for _, test := range tests {
		g := c.graph(`mutation($id: ID!`+declared(test.mutation)+`) { m: `+test.mutation+` }`, variables)
		got := string(encode(g.at("data", "m")))
		if g.at("errors") != nil {
			got = g.text("errors", 0, "message")
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", test.mutation, diff)
		}
	}
	if got := r.Git("log", "-1", "--format=%s %P", "main"); got != "done "+r.Git("rev-parse", "main~1") || r.Read("main", "apps/a.yaml") != "tag: 2\n" {
		t.Errorf("main is %s", got)
	}
}

// declared are the variables that a mutation uses beside $id.
func declared(mutation string) string {
	var all string
	for _, name := range []string{"label", "ann", "team"} {
		if match := "*$" + name + "*"; glob(match, mutation) {
			all += ", $" + name + ": ID!"
		}
	}
	return all
}

func TestCompareAndCommits(t *testing.T) {
	_, r, c := world(t)
	r.Git("branch", "a", "main")
	one := r.Commit("main", "one", testkit.GitFile{Path: "x", Data: "x"})
	r.Commit("a", "two", testkit.GitFile{Path: "deep/y", Data: "y"}, testkit.GitFile{Path: "apps/a.yaml", Mode: "D"})
	tests := map[string]struct{ pair, want string }{
		"diverged":  {"main...a", `["diverged",1,1]`},
		"ahead":     {"main~0...main", "null"},
		"identical": {"main...main", `["identical",0,0]`},
		"behind":    {one + "..." + r.Git("rev-parse", one+"^"), `["behind",0,1]`},
	}
	for name, test := range tests {
		g := c.rest("GET", "/repos/acme/infra/compare/"+test.pair, nil)
		got := string(encode([]any{g.at("status"), g.at("ahead_by"), g.at("behind_by")}))
		if test.want == "null" {
			got, test.want = itoa(g.Status), "404"
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	files := c.rest("GET", "/repos/acme/infra/compare/main...a", nil).at("files")
	if got, want := at(files, 0, "status"), "removed"; got != want || at(files, 1, "filename") != "deep/y" || at(files, 2) != nil {
		t.Errorf("the files are %v", files)
	}
	if g := c.rest("GET", "/repos/acme/infra/commits/main", nil); g.text("sha") != one || g.text("files", 0, "status") != "added" {
		t.Errorf("%s", g.Body)
	}
	if g := c.rest("GET", "/repos/acme/infra/commits/nope", nil); g.Status != 422 || g.text("message") != "No commit found for SHA: nope" {
		t.Errorf("%d %s", g.Status, g.Body)
	}
}

func TestMutationsOfSingleRefs(t *testing.T) {
	_, r, c := world(t)
	one := r.Tip("main")
	r.Git("branch", "old", one)
	two := r.Commit("main", "two", testkit.GitFile{Path: "x", Data: "x"})
	old := c.graph(`{ repository(owner: "acme", name: "infra") { ref(qualifiedName: "refs/heads/old") { id } } }`, nil).text("data", "repository", "ref", "id")
	tests := []struct{ mutation, want string }{
		{`updateRef(input: {refId: $id, oid: "` + two + `"}) { ref { name } }`, `{"ref":{"name":"old"}}`},
		{`updateRef(input: {refId: $id, oid: "` + one + `"}) { ref { name } }`, "Update is not a fast forward"},
		{`updateRef(input: {refId: $id, oid: "` + one + `", force: true}) { ref { target { oid } } }`, `{"ref":{"target":{"oid":"` + one + `"}}}`},
		{`deleteRef(input: {refId: $id}) { clientMutationId }`, `{"clientMutationId":null}`},
		{`deleteRef(input: {refId: $id}) { clientMutationId }`, unresolved(old)},
	}
	for _, test := range tests {
		g := c.graph(`mutation($id: ID!) { m: `+test.mutation+` }`, map[string]any{"id": old})
		got := string(encode(g.at("data", "m")))
		if g.at("errors") != nil {
			got = g.text("errors", 0, "message")
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", test.mutation, diff)
		}
	}
}
