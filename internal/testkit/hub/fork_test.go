package hub

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// TestForksArePullRequestsToo has one from a fork beside one from a branch of the
// same name.
func TestForksArePullRequestsToo(t *testing.T) {
	_, r, c := world(t)
	r.Set(func(s *Settings) { s.DeleteBranchOnMerge = true })
	number := r.ForkPull("eve", "bump")
	own := propose(t, r, c, "bump", "apps/a.yaml", "tag: 2\n") // theirs is not in the way
	g := c.graph(`{ repository(owner: "acme", name: "infra") {
		pullRequests(headRefName: "bump", first: 9) { nodes { number state isCrossRepository headRefName baseRefName author { login } headRepository { nameWithOwner } headRepositoryOwner { login } headRef { name } } }
		ref(qualifiedName: "bump") { associatedPullRequests(first: 9) { nodes { isCrossRepository } } } } }`, nil)
	want := `{"data":{"repository":{"pullRequests":{"nodes":[` +
		`{"author":{"login":"eve"},"baseRefName":"main","headRef":{"name":"bump"},"headRefName":"bump","headRepository":{"nameWithOwner":"eve/infra"},"headRepositoryOwner":{"login":"eve"},"isCrossRepository":true,"number":1,"state":"OPEN"},` +
		`{"author":{"login":"tagboat"},"baseRefName":"main","headRef":{"name":"bump"},"headRefName":"bump","headRepository":{"nameWithOwner":"acme/infra"},"headRepositoryOwner":{"login":"acme"},"isCrossRepository":false,"number":2,"state":"OPEN"}]},` +
		`"ref":{"associatedPullRequests":{"nodes":[{"isCrossRepository":false}]}}}}}`
	if diff := cmp.Diff(want, g.Body); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for query, want := range map[string]string{"head=acme:bump": "acme:bump", "head=eve:bump": "eve:bump"} {
		list := c.rest("GET", "/repos/acme/infra/pulls?"+query, nil)
		if list.text(0, "head", "label") != want || list.text(0, "head", "ref") != "bump" || list.at(0, "head", "repo", "fork") != (want == "eve:bump") || list.at(1) != nil {
			t.Errorf("%s: %s", query, list.Body)
		}
	}
	r.Commit("bump", "more", testkit.GitFile{Path: "b", Data: "b"})
	c.rest("PUT", pullPath(own, "/merge"), map[string]any{}) // deletes the branch here
	theirs := c.rest("GET", fmt.Sprintf("/repos/acme/infra/pulls/%d", number), nil)
	if theirs.text("state") != "open" || r.Tip("bump") != "" || theirs.at("mergeable") != true {
		t.Errorf("with the branch gone here: %s", theirs.Body)
	}
	r.Merge(number, "ann")
	if got := r.Git("log", "-1", "--format=%s", "main"); got != "Merge pull request #1 from eve/bump" || r.Read("main", "from-a-fork") != "by eve\n" {
		t.Errorf("main is at %s", got)
	}
	r.Git("fsck", "--strict", "--no-dangling")
}

func TestAForkIsClosedAndOpened(t *testing.T) {
	_, r, c := world(t)
	path := fmt.Sprintf("/repos/acme/infra/pulls/%d", r.ForkPull("eve", "bump"))
	for _, state := range []string{"closed", "open"} {
		if g := c.rest("PATCH", path, map[string]any{"state": state}); g.text("state") != state {
			t.Errorf("%s: %d %s", state, g.Status, g.Body)
		}
	}
}
