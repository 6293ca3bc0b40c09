package version_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
	"github.com/seed-96940006/tagboat/internal/version"
)

// What passes by itself costs requests and no number.
func TestPassingTroubleOnGitHub(t *testing.T) {
	for name, test := range map[string]struct {
		match   string
		times   int
		how     hub.How
		already bool // the claim cannot tell who made the tag
	}{
		"the read is not answered":           {match: "query", times: 2, how: hub.Cut},
		"the read fails":                     {match: "query", times: 3, how: hub.BadGateway},
		"GraphQL has trouble":                {match: "query", times: 3, how: hub.SomethingWrong},
		"the tag is not made":                {match: "POST */git/refs", times: 3, how: hub.Down},
		"the tag is made, and not answered":  {match: "POST */git/refs", times: 1, how: hub.CutAfter},
		"the tag is made, and an error":      {match: "POST */git/refs", times: 1, how: hub.BadGatewayAfter},
		"secondary limit on the tag, as 403": {match: "POST */git/refs", times: 2, how: hub.Secondary403},
		"secondary limit on the tag, as 429": {match: "POST */git/refs", times: 2, how: hub.Secondary429},
		"secondary limit on the read":        {match: "query", times: 2, how: hub.Secondary200},
		"primary limit on the tag":           {match: "POST */git/refs", times: 1, how: hub.Exhausted429},
	} {
		t.Run(name, func(t *testing.T) {
			g := onGitHub(t)
			ids := g.commits("a", "b: a")
			g.at(ids, "refs/tags/v0.0.7 a")
			g.Fail(test.match, test.times, test.how)
			got, err := version.Allocate(t.Context(), g.store(), version.Request{Commit: ids["b"], Pause: atOnce})
			if err != nil || got.Tag != "v0.0.8" || got.Already != test.already {
				t.Errorf("got %+v, %v", got, err)
			}
			if diff := cmp.Diff(map[string]string{"refs/tags/v0.0.7": "a", "refs/tags/v0.0.8": "b"}, g.refs(ids)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// So it is with several refs at once.
func TestPassingTroubleWithRefsOnGitHub(t *testing.T) {
	for name, how := range map[string]hub.How{
		"cut off": hub.Cut, "cut off after it": hub.CutAfter, "an error": hub.BadGateway, "an error after it": hub.BadGatewayAfter,
		"trouble": hub.SomethingWrong, "trouble after it": hub.SomethingWrongAfter, "limit": hub.Secondary403, "limit, as 200": hub.Secondary200,
	} {
		t.Run(name, func(t *testing.T) {
			g := onGitHub(t)
			ids := g.commits("a")
			g.at(ids, "refs/tagboat/versions/v0.0.7 a", "refs/tags/v0.0.7 a")
			g.Fail("updateRefs", 1, how)
			for try := range 3 {
				freed, err := version.Free(t.Context(), g.store(), version.Request{Commit: ids["a"]}, "v0.0.7")
				if err == nil && freed == (try == 0 || len(g.refs(ids)) == 0) {
					break
				}
				if err == nil || try == 2 || len(g.refs(ids)) != 2 {
					t.Fatalf("freed %v, %v, and there are %v", freed, err, g.refs(ids))
				}
			}
			if diff := cmp.Diff(map[string]string{}, g.refs(ids)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What does not pass says what to do.
func TestRefusalsOfGitHub(t *testing.T) {
	for name, test := range map[string]struct {
		refs   []string
		commit string
		hidden bool // the number has to be promoted
		world  func(*gitHub)
		token  hub.Token
		code   string
		hint   string
	}{
		"may read alone":          {token: hub.Token{Permissions: map[string]string{"contents": "read"}}, code: "E_VERSION_DENIED", hint: "permissions: contents: write"},
		"may read alone, hidden":  {token: hub.Token{Permissions: map[string]string{"contents": "read"}}, hidden: true, code: "E_VERSION_DENIED", hint: "permissions: contents: write"},
		"another's repository":    {token: hub.Token{Repos: []string{"acme/infra"}}, code: "E_VERSION_DENIED", hint: "permissions: contents: write"},
		"a repository unseen":     {token: hub.Token{Repos: []string{"acme/infra"}}, world: func(g *gitHub) { g.repo.Set(func(s *hub.Settings) { s.Private = true }) }, code: "E_GITHUB_NOT_FOUND", hint: "owner and name"},
		"a person's of another":   {token: hub.Token{Kind: hub.FineGrained, Repos: []string{"acme/infra"}}, code: "E_VERSION_DENIED", hint: "permissions: contents: write"},
		"archived":                {world: func(g *gitHub) { g.repo.Set(func(s *hub.Settings) { s.Archived = true }) }, code: "E_GITHUB_ARCHIVED", hint: "unarchive"},
		"archived, hidden":        {hidden: true, world: func(g *gitHub) { g.repo.Set(func(s *hub.Settings) { s.Archived = true }) }, code: "E_GITHUB_ARCHIVED", hint: "unarchive"},
		"SSO":                     {token: hub.Token{Kind: hub.Classic, SSO: true}, code: "E_GITHUB_SSO", hint: "Configure SSO"},
		"guarded tags":            {world: guardTags, code: "E_VERSION_DENIED", hint: "Settings → Rules → Rulesets"},
		"guarded tags, hidden":    {hidden: true, world: guardTags, code: "E_VERSION_DENIED", hint: "Settings → Rules → Rulesets"},
		"in the way":              {refs: []string{"refs/tags/cms/v0.0.1 a"}, world: func(g *gitHub) { g.repo.Git("tag", "infra", "main") }, code: "E_VERSION_DENIED", hint: "delete that one"},
		"unknown commit":          {commit: strings.Repeat("1", 40), code: "E_COMMIT_UNKNOWN", hint: "push the commit first"},
		"a tree, and no commit":   {commit: "tree", code: "E_COMMIT_UNKNOWN", hint: "push the commit first"},
		"a limit that stays":      {world: func(g *gitHub) { g.Fail("POST */git/refs", 0, hub.Exhausted403) }, code: "E_GITHUB_LIMIT", hint: "run again"},
		"down for good":           {world: func(g *gitHub) { g.Fail("POST */git/refs", 0, hub.Down) }, code: "E_GITHUB_UNREACHABLE", hint: ""},
		"down for good, in reads": {world: func(g *gitHub) { g.Fail("query", 0, hub.Down) }, code: "E_GITHUB_UNREACHABLE", hint: ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := onGitHub(t)
			ids := g.commits("main", "a: main")
			g.at(ids, test.refs...)
			if test.hidden {
				g.at(ids, "refs/tagboat/versions/infra/v0.0.1 a")
			}
			if test.world != nil {
				test.world(g)
			}
			before := g.refs(ids)
			switch test.commit {
			case "":
				test.commit = ids["a"]
			case "tree":
				test.commit = g.repo.Git("rev-parse", "main^{tree}")
			}
			store := g.store()
			if test.token.Kind == hub.GitHubToken {
				test.token.Kind = hub.AppToken
			}
			token := g.Token(test.token)
			store.Client, store.Git.Remote.Token = g.client(token), token
			got, err := version.Allocate(t.Context(), store, version.Request{Prefix: "infra/", Commit: test.commit, Pause: atOnce})
			all := fault.All(err)
			if len(all) != 1 || all[0].Code != test.code || !strings.Contains(all[0].Hint, test.hint) {
				t.Errorf("got %+v, %v", got, err)
				for _, f := range all {
					t.Errorf("%s: %s", f.Code, f.Hint)
				}
			}
			if err != nil && strings.Contains(err.Error(), token) {
				t.Errorf("the token is in %v", err)
			}
			if diff := cmp.Diff(before, g.refs(ids)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func guardTags(g *gitHub) {
	g.repo.Protect(hub.Protection{Ref: "refs/tags/*", Ruleset: true, Creation: true, Deletion: true})
}

func TestEmptyRepositoryOnGitHub(t *testing.T) {
	g := onGitHub(t)
	_, err := version.Allocate(t.Context(), g.store(), version.Request{Commit: commit(1), Pause: atOnce})
	if !fault.Is(err, "E_COMMIT_UNKNOWN") {
		t.Errorf("got %v", err)
	}
}

// A view that lags behind costs an attempt, and never a number that is taken.
func TestStaleReadsOnGitHub(t *testing.T) {
	for name, test := range map[string]struct {
		store func(*gitHub) *version.GitHubStore
		stale int
		code  string
	}{
		"git sees what is there":       {store: (*gitHub).store, stale: 50},
		"the API catches up":           {store: (*gitHub).api, stale: 4},
		"the API does not catch up":    {store: (*gitHub).api, stale: 50, code: "E_VERSION_STALE"},
		"the API, and git by pkt-line": {store: withoutV2, stale: 50},
	} {
		t.Run(name, func(t *testing.T) {
			g := onGitHub(t)
			ids := g.commits("a", "b: a", "c: b")
			g.at(ids, "refs/tags/v0.0.7 a")
			g.Stale(test.stale)
			if err := g.store().Write(t.Context(), git.Update{Ref: "refs/tags/v0.0.8", New: ids["b"]}); err != nil {
				t.Fatal(err)
			}
			got, err := version.Allocate(t.Context(), test.store(g), version.Request{Commit: ids["c"], Pause: atOnce})
			switch {
			case test.code != "":
				if !fault.Is(err, test.code) {
					t.Errorf("got %+v, %v", got, err)
				}
			case err != nil || got.Tag != "v0.0.9":
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// withoutV2 is a store whose git server takes no request that nothing went before.
func withoutV2(g *gitHub) *version.GitHubStore {
	g.Fail("POST */git-upload-pack", 1, hub.BadGateway)
	return g.store()
}
