package infra

import (
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/github"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// newAPI is a repository of a GitHub that is read through its API alone.
func newAPI(t *testing.T) *world {
	h := hub.New(t)
	r := h.Repo("acme/infra")
	h.Token(hub.Token{Value: token, Kind: hub.AppToken, Login: "tagboat[bot]"})
	return &world{repo: r.GitRepo, hub: h, github: r}
}

// newAPIAndGit is one of which git reads what the paths do not narrow down.
func newAPIAndGit(t *testing.T) *world {
	w := newAPI(t)
	w.remote = git.Remote{URL: w.hub.URL + "/acme/infra.git", Token: token}
	return w
}

// client speaks to the world's GitHub without waiting for anything.
func (w *world) client(t *testing.T, token string) *github.Client {
	t.Helper()
	c, err := github.New(github.Options{
		API: w.hub.API, GraphQL: w.hub.GraphQL, Sleep: atOnce(Options{}).Sleep, Now: clock, Silence: 200 * time.Millisecond,
		Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// openGitHub reaches the world's repository through the API.
func (w *world) openGitHub(t *testing.T, o GitHubOptions) *GitHub {
	t.Helper()
	if o.Client == nil {
		o.Client = w.client(t, token)
	}
	o.Repository, o.Remote, o.Now, o.Temp = "acme/infra", w.remote, clock, t.TempDir()
	g, err := NewGitHub(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}
