package hub

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// TestWhatASquashSays is the commit of a squash: who made it, and its message.
func TestWhatASquashSays(t *testing.T) {
	more := func(r *Repo) { r.Commit("bump", "more\n\nwhy", testkit.GitFile{Path: "b", Data: "b"}) }
	reword := func(r *Repo) {
		r.Git("update-ref", "refs/heads/bump", "main")
		r.Commit("bump", "a b\n\nc\nd\n", testkit.GitFile{Path: "apps/a.yaml", Data: "tag: 2\n"})
	}
	tests := map[string]struct {
		prepare func(*Repo)
		rest    map[string]any // beside the method
		graph   string         // fields of the input beside the method
		want    string
	}{
		"one commit":       {nil, map[string]any{}, ``, "change apps/a.yaml (#1)"},
		"its body":         {reword, map[string]any{}, ``, "a b (#1)\n\nc\nd"},
		"two commits":      {more, map[string]any{}, ``, "Bump (#1)\n\n* change apps/a.yaml\n\n* more\n\nwhy"},
		"another headline": {more, map[string]any{"commit_title": "x"}, `, commitHeadline: "x"`, "x\n\n* change apps/a.yaml\n\n* more\n\nwhy"},
		"another body":     {nil, map[string]any{"commit_message": "y"}, `, commitBody: "y"`, "change apps/a.yaml (#1)\n\ny"},
		"no body":          {more, map[string]any{"commit_message": ""}, `, commitBody: ""`, "Bump (#1)"},
		"both":             {more, map[string]any{"commit_title": "x", "commit_message": "y"}, `, commitHeadline: "x", commitBody: "y"`, "x\n\ny"},
	}
	for name, test := range tests {
		for by, merge := range map[string]func(client, got){
			"rest": func(c client, g got) {
				test.rest["merge_method"] = "squash"
				c.rest("PUT", pullPath(g, "/merge"), test.rest)
			},
			"graph": func(c client, g got) {
				m := c.graph(`mutation($id: ID!) { mergePullRequest(input: {pullRequestId: $id, mergeMethod: SQUASH`+test.graph+`}) { pullRequest { mergeCommit { oid } baseRefName } } }`, map[string]any{"id": g.text("node_id")})
				if m.text("data", "mergePullRequest", "pullRequest", "mergeCommit", "oid") == "" || m.text("data", "mergePullRequest", "pullRequest", "baseRefName") != "main" {
					t.Errorf("%s", m.Body)
				}
			},
		} {
			t.Run(name+" by "+by, func(t *testing.T) {
				h, r, c := world(t)
				g := propose(t, r, c, "bump", "apps/a.yaml", "tag: 2\n")
				if test.prepare != nil {
					test.prepare(r)
				}
				merge(client{t, h, h.Token(Token{Kind: Classic, Login: "ann"})}, g)
				if diff := cmp.Diff(test.want, r.Git("log", "-1", "--format=%B", "main")); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
				email := h.known("tagboat[bot]").email
				if got, want := r.Git("log", "-1", "--format=%an <%ae> %cn <%ce>", "main"), "tagboat[bot] <"+email+"> GitHub <noreply@github.com>"; got != want {
					t.Errorf("it is of %s, want %s", got, want)
				}
				k, _ := r.store.commit(r.Tip("main"))
				if len(k.parents) != 1 || !k.signed(h.key) {
					t.Errorf("it has %d parents and is signed %v", len(k.parents), k.signed(h.key))
				}
			})
		}
	}
}

func TestSomebodyMergesInTheBrowser(t *testing.T) {
	tests := map[string]struct{ method, want string }{
		"merge":  {"merge", "ann Merge pull request #1 from acme/bump"},
		"squash": {"squash", "tagboat[bot] change apps/a.yaml (#1)"},
		"rebase": {"rebase", "somebody change apps/a.yaml"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, r, c := world(t)
			propose(t, r, c, "bump", "apps/a.yaml", "tag: 2\n")
			r.Commit("main", "meanwhile", testkit.GitFile{Path: "m", Data: "m"})
			if oid := r.MergeBy(1, "ann", test.method); oid != r.Tip("main") || r.Read("main", "apps/a.yaml") != "tag: 2\n" {
				t.Errorf("main is at %s, not at %s", r.Tip("main"), oid)
			}
			if got := r.Git("log", "-1", "--format=%an %s", "main"); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			g := c.graph(`{ repository(owner: "acme", name: "infra") { pullRequest(number: 1) { state mergedBy { login } } } }`, nil)
			if got, want := g.Body, `{"data":{"repository":{"pullRequest":{"mergedBy":{"login":"ann"},"state":"MERGED"}}}}`; got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}
