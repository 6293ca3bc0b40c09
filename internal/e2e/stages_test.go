//go:build e2e

package e2e

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAPushGoesThroughStages ships to a branch with a token, bumps the next one as a
// GitHub App and proposes the last one, all through the API; then the push after it.
func TestAPushGoesThroughStages(t *testing.T) {
	s := newShop(t)
	g := s.onGitHub()
	for _, branch := range []string{"dev", "staging"} {
		s.git(s.infra, "branch", branch, "main")
	}

	r := s.act("stages.yml", "push", s.push(), g.act()...)
	r.succeeded(t)
	asked := g.ofInfra()
	g.shipped(r, s, "v0.0.0", "v0.0.1", asked)
	g.committed(r, s, "v0.0.0", "v0.0.1")
	first := g.proposed(r, s, "v0.0.1", "created")
	g.keeps(r)
	want := slices.Concat(asApp(reads, commits), asApp(reads, "POST /api/graphql createRef createCommitOnBranch", "POST /api/graphql createPullRequest"))
	if diff := cmp.Diff(want, byApp(asked)); diff != "" {
		t.Errorf("the App asked: -want +got\n%s", diff)
	}

	s.edit("index.html", "<p>Hello again.</p>\n")
	s.git(s.dir, "push", "--quiet", s.source, "main")
	r = s.act("stages.yml", "push", s.push(), g.act()...)
	r.succeeded(t)
	asked = g.ofInfra()
	g.shipped(r, s, "v0.0.1", "v0.0.2", asked)
	g.committed(r, s, "v0.0.1", "v0.0.2")
	if second := g.proposed(r, s, "v0.0.2", "updated"); second == first {
		t.Errorf("the pull request still is at %s", second)
	}
	g.keeps(r)
	want = slices.Concat(asApp(reads, commits), asApp(reads, "POST /api/v3/repos/acme/infra/git/trees", "POST /api/v3/repos/acme/infra/git/commits", "POST /api/graphql updateRefs updatePullRequest"))
	if diff := cmp.Diff(want, byApp(asked)); diff != "" {
		t.Errorf("the App asked: -want +got\n%s", diff)
	}
}

// What is asked for, whatever is bumped.
const (
	finds   = "GET /api/v3/repos/acme/infra/installation"
	mints   = "POST /api/v3/app/installations/70/access_tokens"
	reads   = "POST /api/graphql viewer repository"
	commits = "POST /api/graphql createCommitOnBranch"
	revokes = "DELETE /api/v3/installation/token"
)

// asApp are requests with a token that is made for them, and revoked after them.
func asApp(requests ...string) []string {
	return slices.Concat([]string{finds, mints}, requests, []string{revokes})
}

// byApp are the requests from the first one on that an App made.
func byApp(requests []string) []string {
	i := slices.Index(requests, finds)
	if i < 0 {
		return nil
	}
	return requests[i:]
}

// shipped checks the stage dev: a number in acme/web, an image, and a commit through
// the API, which GitHub signs for a person's token as well. asked begins with the
// requests of it.
func (g *gitHub) shipped(r run, s *shop, from, to string, asked []string) {
	g.t.Helper()
	tip := s.git(s.infra, "rev-parse", "dev")
	r.want(g.t, "dev", map[string]string{
		"version": to, "deploy-ref": s.image + ":" + to, "changed": "true", "branch": "dev", "commit-sha": tip,
		"pull-request-number": "", "pull-request-url": "", "pull-request-operation": "",
	})
	if got := s.git(s.source, "rev-parse", to+"^{commit}"); got != s.git(s.dir, "rev-parse", "main") {
		g.t.Errorf("%s is at %s", to, got)
	}
	s.pulled(to, "index.html")
	s.bumped("dev", from, to)
	if diff := cmp.Diff(signature{"octocat", true}, g.signature(tip)); diff != "" {
		g.t.Errorf("dev: -want +got\n%s", diff)
	}
	if i := slices.Index(asked, commits); i < 0 || i+1 != slices.Index(asked, finds) {
		g.t.Errorf("dev was not written by one request: %q", asked)
	}
}

// committed checks the stage staging: a commit that GitHub signs for the App.
func (g *gitHub) committed(r run, s *shop, from, to string) {
	g.t.Helper()
	tip := s.git(s.infra, "rev-parse", "staging")
	r.want(g.t, "staging", map[string]string{
		"deploy-ref": s.image + ":" + to, "changed": "true", "branch": "staging", "commit-sha": tip,
		"pull-request-number": "", "pull-request-url": "", "pull-request-operation": "",
	})
	s.bumped("staging", from, to)
	if diff := cmp.Diff(signature{"tagboat[bot]", true}, g.signature(tip)); diff != "" {
		g.t.Errorf("staging: -want +got\n%s", diff)
	}
}

// proposed checks the stage prod: one pull request, always for what is deployed, and
// gives the commit that it proposes.
func (g *gitHub) proposed(r run, s *shop, to, operation string) string {
	g.t.Helper()
	const branch = "tagboat/web-prod"
	tip, url := s.git(s.infra, "rev-parse", branch), g.URL+"/acme/infra/pull/1"
	r.want(g.t, "prod", map[string]string{
		"deploy-ref": s.image + ":" + to, "changed": "true", "branch": branch, "commit-sha": tip,
		"pull-request-number": "1", "pull-request-url": url, "pull-request-operation": operation,
	})
	r.inSummary(g.t, `Pull request [\#1](`+url+`): `+operation)
	s.bumped(branch, "v0.0.0", to)
	if diff := cmp.Diff(signature{"tagboat[bot]", true}, g.signature(tip)); diff != "" {
		g.t.Errorf("prod: -want +got\n%s", diff)
	}
	want := pull{Number: 1, State: "open", Title: "web: v0.0.0 → " + to, HTMLURL: url}
	want.Head.Ref, want.Head.SHA, want.User.Login = branch, tip, "tagboat[bot]"
	want.Base.Ref, want.Base.SHA = "main", s.git(s.infra, "rev-parse", "main")
	if diff := cmp.Diff([]pull{want}, g.pulls()); diff != "" {
		g.t.Errorf("-want +got\n%s", diff)
	}
	if main := s.git(s.infra, "log", "--format=%s", "main"); main != "Begin" {
		g.t.Errorf("the base branch was written: %s", main)
	}
	return tip
}
