package hub

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTeamsAreNotForEveryToken asks for teams in all ways in which a document can.
func TestTeamsAreNotForEveryToken(t *testing.T) {
	h, r, c := world(t)
	h.Team("acme/ops")
	propose(t, r, c, "bump", "apps/a.yaml", "2")
	const requested = `{ repository(owner: "acme", name: "infra") { pullRequest(number: 1) { reviewRequests(first: 1) { nodes { requestedReviewer { `
	const plain, slug = requested + `... on User { login } ... on Team { __typename } } } } } } }`, requested + `... on Team { slug } } } } } } }`
	classic := Token{Kind: Classic, Login: "ann"}
	with := func(scopes ...string) Token { return Token{Kind: Classic, Login: "ann", Scopes: scopes} }
	tests := map[string]struct {
		token  Token
		query  string
		fields []string // that it is refused for
	}{
		"nothing of a team": {classic, plain, nil},
		"in a selection":    {classic, slug, []string{"slug"}},
		"in a fragment":     {classic, requested + `...team } } } } } } fragment team on Team { name, again: slug }`, []string{"name", "slug"}},
		"of an org":         {classic, `{ organization(login: "acme") { login team(slug: "ops") { id } } }`, []string{"id"}},
		"read:org":          {with("repo", "read:org"), slug, nil},
		"admin:org":         {with("admin:org"), slug, nil},
		"read:discussion":   {with("read:discussion"), slug, nil},
		"other scopes":      {with("gist", "repo"), slug, []string{"slug"}},
		"no scopes":         {with([]string{}...), slug, []string{"slug"}},
		"an app":            {Token{Kind: AppToken}, slug, nil},
		"fine-grained":      {Token{Kind: FineGrained}, slug, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := client{t, h, h.Token(test.token)}.graph(test.query, nil)
			var got []string
			refused, _ := g.at("errors").([]any)
			for _, e := range refused {
				words, _ := at(e, "message").(string)
				_, words, _ = strings.Cut(words, "The '")
				field, _, _ := strings.Cut(words, "' field requires one of the following scopes: ['read:org', 'read:discussion'], but")
				if got = append(got, field); at(e, "type") != "INSUFFICIENT_SCOPES" {
					t.Errorf("%s", g.Body)
				}
			}
			if diff := cmp.Diff(test.fields, got); diff != "" {
				t.Errorf("-want +got\n%s\n%s", diff, g.Body)
			}
			if _, ran := g.JSON.(map[string]any)["data"]; ran != (len(test.fields) == 0) {
				t.Errorf("it ran: %v", ran)
			}
		})
	}
	g := client{t, h, h.Token(with("gist", "repo"))}.graph(slug, nil)
	const want = `{"errors":[{"locations":[{"column":140,"line":1}],"message":"Your token has not been granted the required scopes to execute this query. The 'slug' field requires one of the following scopes: ['read:org', 'read:discussion'], but your token has only been granted the: ['gist', 'repo'] scopes. Please modify your token's scopes at: https://github.com/settings/tokens.","type":"INSUFFICIENT_SCOPES"}]}`
	if diff := cmp.Diff(want, g.Body); diff != "" || g.Header.Get("X-OAuth-Scopes") != "gist, repo" {
		t.Errorf("scopes %q, -want +got\n%s", g.Header.Get("X-OAuth-Scopes"), diff)
	}
}

func TestAMutationWithoutScopesChangesNothing(t *testing.T) {
	h, r, c := world(t)
	p := propose(t, r, c, "bump", "apps/a.yaml", "2")
	user := client{t, h, h.Token(Token{Kind: Classic})}
	g := user.graph(`mutation($id: ID!) { closePullRequest(input: {pullRequestId: $id}) { pullRequest { reviewRequests(first: 1) { nodes { requestedReviewer { ... on Team { slug } } } } } } }`, map[string]any{"id": p.text("node_id")})
	if state := c.rest("GET", pullPath(p, ""), nil).text("state"); g.text("errors", 0, "type") != "INSUFFICIENT_SCOPES" || state != "open" {
		t.Errorf("the pull request is %s after %s", state, g.Body)
	}
}
