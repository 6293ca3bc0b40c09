package hub

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

func TestSomebodyCommitsUnderAnotherName(t *testing.T) {
	h, r, c := world(t)
	bot := h.known("tagboat[bot]")
	tests := map[string]struct{ name, email, login string }{
		"their own":        {"Ann", "ann@example.com", "ann"},
		"the bot's name":   {"tagboat[bot]", "eve@example.com", "eve"},
		"like its address": {"tagboat[bot]", "1+tagboat[bot]@example.com", "tagboat-bot"},
		"its address":      {"tagboat[bot]", bot.email, "tagboat[bot]"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := r.Tip("main")
			oid := r.WebCommit("main", test.name, test.email, "Update\n\nwhy", testkit.GitFile{Path: "apps/" + test.login, Data: "x"}, testkit.GitFile{Path: "run.sh", Mode: "100755", Data: name})
			if got := r.Git("log", "-1", "--format=%H %P %an <%ae> %cn %s", "main"); got != oid+" "+before+" "+test.name+" <"+test.email+"> GitHub Update" {
				t.Errorf("main is %s", got)
			}
			g := c.graph(`{ repository(owner: "acme", name: "infra") { object(expression: "main") { ... on Commit { signature { isValid wasSignedByGitHub } author { user { login } } } } } }`, nil)
			want := `{"data":{"repository":{"object":{"author":{"user":{"login":"` + test.login + `"}},"signature":{"isValid":true,"wasSignedByGitHub":true}}}}}`
			if test.login == bot.login {
				want = `{"data":{"repository":{"object":{"author":{"user":{"login":"tagboat[bot]"}},"signature":{"isValid":true,"wasSignedByGitHub":true}}}}}`
			}
			if diff := cmp.Diff(want, g.Body); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if r.Read("main", "run.sh") != name || r.Read("main", "apps/a.yaml") != "tag: 1\n" {
				t.Errorf("main holds %v", r.Tree("main"))
			}
		})
	}
	r.WebCommit("new", "Ann", "ann@example.com", "begin", testkit.GitFile{Path: "a", Data: "a"})
	r.WebCommit("new", "Ann", "ann@example.com", "end", testkit.GitFile{Path: "a", Mode: "D"}, testkit.GitFile{Path: "b/c", Mode: "120000", Data: "a"})
	if tree := r.Tree("new"); len(tree) != 1 || tree["b/c"][:6] != "120000" {
		t.Errorf("new holds %v", tree)
	}
	r.Git("fsck", "--strict", "--no-dangling")
}

func TestABranchIsDeletedUnderACommit(t *testing.T) {
	h, r, c := world(t)
	r.Git("branch", "bump", "main")
	g := c.graph(`{ repository(owner: "acme", name: "infra") { ref(qualifiedName: "bump") { id target { oid } } } }`, nil)
	id, head := g.text("data", "repository", "ref", "id"), g.text("data", "repository", "ref", "target", "oid")
	tests := map[string]struct {
		branch map[string]any
		words  string
	}{
		"by name": {map[string]any{"repositoryNameWithOwner": "acme/infra", "branchName": "bump"}, `No ref with the name "bump" found in the repository.`},
		"by id":   {map[string]any{"id": id}, unresolved(id)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r.Git("update-ref", "refs/heads/bump", head)
			h.Before("createCommitOnBranch", func() { r.Git("branch", "-D", "bump") })
			variables := commitInput(head, "a", "a")
			variables["input"].(map[string]any)["branch"] = test.branch
			g := c.graph(commitDocument, variables)
			if g.text("errors", 0, "type") != "NOT_FOUND" || g.text("errors", 0, "message") != test.words || r.Tip("bump") != "" {
				t.Errorf("bump is at %q after %s", r.Tip("bump"), g.Body)
			}
		})
	}
}
