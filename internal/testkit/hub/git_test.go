package hub

import (
	"context"
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/run"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// clone is a clone with a token, and pushes with what git said.
func clone(t *testing.T, h *Hub, token string) (*testkit.GitRepo, func(...string) (string, error)) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	c := testkit.NewGitRepo(t, dir)
	login := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
	c.Git("config", "http.extraheader", "AUTHORIZATION: basic "+login)
	c.Git("remote", "add", "origin", h.URL+"/acme/infra.git")
	c.Git("fetch", "--quiet", "origin")
	c.Git("reset", "--quiet", "--hard", "origin/main")
	return c, func(args ...string) (string, error) {
		var said strings.Builder
		command := c.Command(append([]string{"push", "origin"}, args...)...)
		command.Env = append(command.Env, "GIT_TERMINAL_PROMPT=0")
		command.Stdout, command.Stderr = &said, &said
		err := run.Run(context.Background(), command)
		return said.String(), err
	}
}

func TestPushesAreJudged(t *testing.T) {
	job := Token{Permissions: map[string]string{"contents": "write"}}
	tests := map[string]struct {
		token   Token
		prepare func(*Repo)
		file    string
		refs    []string
		want    []string // what git says; nil is a push that lands
	}{
		"fine":    {job, nil, "x", []string{"HEAD:main"}, nil},
		"classic": {job, func(r *Repo) { r.Protect(Protection{Ref: "main", PullRequest: true}) }, "x", []string{"HEAD:main"}, []string{"GH006: Protected branch update failed for refs/heads/main.", "- Changes must be made through a pull request.", "(protected branch hook declined)"}},
		"ruleset": {job, func(r *Repo) { r.Protect(Protection{Ref: "main", Ruleset: true, Update: true}) }, "x", []string{"HEAD:main"}, []string{"GH013: Repository rule violations found for refs/heads/main.", "rules?ref=refs%2Fheads%2Fmain", "- Cannot update this protected ref.", "(push declined due to repository rule violations)"}},
		"bypass": {job, func(r *Repo) {
			r.Protect(Protection{Ref: "main", Ruleset: true, Update: true, Bypass: []string{"github-actions[bot]"}})
		}, "x", []string{"HEAD:main"}, nil},
		"atomic":   {job, func(r *Repo) { r.Protect(Protection{Ref: "main", PullRequest: true}) }, "x", []string{"--atomic", "HEAD:refs/heads/new", "HEAD:main"}, []string{"(atomic push failed)"}},
		"workflow": {job, nil, ".github/workflows/ci.yml", []string{"HEAD:main"}, []string{"refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission"}},
		"a reader": {Token{Permissions: map[string]string{"contents": "read"}}, nil, "x", []string{"HEAD:main"}, []string{"Permission to acme/infra.git denied to github-actions[bot].", "The requested URL returned error: 403"}},
		"an app":   {Token{Kind: AppToken, Permissions: map[string]string{}}, nil, "x", []string{"HEAD:main"}, []string{"Write access to repository not granted.", "403"}},
		"archived": {job, func(r *Repo) { r.Set(func(s *Settings) { s.Archived = true }) }, "x", []string{"HEAD:main"}, []string{"This repository was archived so it is read-only.", "403"}},
		"hidden":   {job, nil, "x", []string{"HEAD:refs/pull/1/head"}, []string{"(deny updating a hidden ref)"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h, r, _ := world(t)
			if test.prepare != nil {
				test.prepare(r)
			}
			head := r.Tip("main")
			c, push := clone(t, h, h.Token(test.token))
			mine := c.Commit("main", "mine", testkit.GitFile{Path: test.file, Data: "x"})
			words, err := push(test.refs...)
			if (err == nil) != (test.want == nil) {
				t.Fatalf("%v\n%s", err, words)
			}
			for _, want := range test.want {
				if !strings.Contains(words, want) {
					t.Errorf("git does not say %q but\n%s", want, words)
				}
			}
			want := head
			if test.want == nil {
				want = mine
			}
			if got := r.Tip("main"); got != want || r.Tip("new") != "" {
				t.Errorf("main is at %s, want %s", got, want)
			}
		})
	}
}

func TestAPushClosesAPullRequest(t *testing.T) {
	h, r, c := world(t)
	p := propose(t, r, c, "bump", "x", "x")
	_, push := clone(t, h, c.token)
	if words, err := push(":bump"); err != nil {
		t.Fatal(words)
	}
	if g := c.rest("GET", pullPath(p, ""), nil); g.text("state") != "closed" || g.at("merged") != false {
		t.Errorf("%s", g.Body)
	}
}

func TestStrangersGetNoGit(t *testing.T) {
	h, r, c := world(t)
	r.Set(func(s *Settings) { s.Private = true })
	for path, want := range map[string]int{"/acme/infra.git": 401, "/acme/none.git": 401} {
		if g := (client{t, h, ""}).ask("GET", h.URL+path+"/info/refs?service=git-upload-pack", nil); g.Status != want {
			t.Errorf("%s for nobody: %d", path, g.Status)
		}
	}
	if g := c.ask("GET", h.URL+"/acme/none.git/info/refs?service=git-upload-pack", nil); g.Status != 404 || g.Body != "Repository not found." {
		t.Errorf("one that is not there: %d %s", g.Status, g.Body)
	}
}
