package version_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/github"
	"github.com/seed-96940006/tagboat/internal/run"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
	"github.com/seed-96940006/tagboat/internal/version"
)

// gitHub is a GitHub with one repository, acme/web.
type gitHub struct {
	*hub.Hub
	t    testing.TB
	repo *hub.Repo
}

const gitHubToken = "ghs_secret-of-the-job"

func onGitHub(t testing.TB) *gitHub {
	g := &gitHub{hub.New(t), t, nil}
	g.repo = g.Repo("acme/web")
	g.Token(hub.Token{Value: gitHubToken, Kind: hub.AppToken, Limit: 1 << 20})
	return g
}

// dawn is when the first of the commits was committed; each other one is ten minutes younger.
const dawn = 1_800_000_000

// commits makes commits, each with a branch of its own: "b: a" has the parent a,
// "c: a b @-30" two of them, and is 30 minutes older than it would be.
func (g *gitHub) commits(lines ...string) map[string]string {
	g.t.Helper()
	var stream strings.Builder
	marks, names := map[string]int{}, []string{}
	for i, line := range lines {
		text, shift, _ := strings.Cut(line, "@")
		name, parents, _ := strings.Cut(text, ":")
		name = strings.TrimSpace(name)
		marks[name], names = i+1, append(names, name)
		var minutes int
		fmt.Sscan(shift, &minutes)
		fmt.Fprintf(&stream, "commit refs/heads/%s\nmark :%d\ncommitter Ada <ada@example.org> %d +0000\ndata %d\n%s\n", name, i+1, dawn+600*i+60*minutes, len(name), name)
		for j, parent := range strings.Fields(parents) {
			fmt.Fprintf(&stream, "%s :%d\n", []string{"from", "merge"}[min(j, 1)], marks[parent])
		}
	}
	ids := map[string]string{}
	for i, id := range g.imported(stream.String()) {
		ids[names[i]] = id
	}
	return ids
}

// imported runs git fast-import, and gives what is marked from 1 on.
func (g *gitHub) imported(stream string) []string {
	g.t.Helper()
	marks := filepath.Join(g.t.TempDir(), "marks")
	c := g.repo.Command("-c", "core.compression=0", "fast-import", "--quiet", "--export-marks="+marks)
	c.Stdin = strings.NewReader(stream)
	if _, err := run.Output(context.Background(), c); err != nil {
		g.t.Fatal(err)
	}
	data, err := os.ReadFile(marks)
	if err != nil {
		g.t.Fatal(err)
	}
	ids := make([]string, strings.Count(string(data), "\n"))
	for line := range strings.Lines(string(data)) {
		var mark int
		var id string
		if _, err := fmt.Sscanf(line, ":%d %s\n", &mark, &id); err != nil {
			g.t.Fatal(err)
		}
		ids[mark-1] = id
	}
	return ids
}

// pack writes the file packed-refs, from the commits by the names of refs.
func (g *gitHub) pack(names, commits []string) {
	g.t.Helper()
	var b strings.Builder
	b.WriteString("# pack-refs with: peeled fully-peeled \n")
	for i, name := range names {
		fmt.Fprintf(&b, "%s %s\n", commits[i], name)
	}
	if err := os.WriteFile(filepath.Join(g.repo.Dir, "packed-refs"), []byte(b.String()), 0o644); err != nil {
		g.t.Fatal(err)
	}
}

// at makes refs: "refs/tags/v0.0.1 a".
func (g *gitHub) at(ids map[string]string, refs ...string) {
	g.t.Helper()
	for _, line := range refs {
		name, commit, _ := strings.Cut(line, " ")
		g.repo.Git("update-ref", name, ids[commit])
	}
}

// refs are all refs but branches, by name.
func (g *gitHub) refs(ids map[string]string) map[string]string {
	g.t.Helper()
	names := map[string]string{}
	for name, id := range ids {
		names[id] = name
	}
	refs := map[string]string{}
	for line := range strings.Lines(g.repo.Git("for-each-ref", "--format=%(refname) %(objectname)", "refs/tags", "refs/tagboat")) {
		name, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		refs[name] = names[id]
	}
	return refs
}

// client speaks to it, and waits for nothing.
func (g *gitHub) client(token string) *github.Client {
	g.t.Helper()
	c, err := github.New(github.Options{
		API: g.API, GraphQL: g.GraphQL, Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}),
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }, Silence: 20 * time.Second,
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return c
}

// api is a store that has the API alone.
func (g *gitHub) api() *version.GitHubStore {
	return &version.GitHubStore{Client: g.client(gitHubToken), Repository: "acme/web"}
}

// store is one that has git, too.
func (g *gitHub) store() *version.GitHubStore {
	store := g.api()
	store.Git = version.GitStore{Remote: git.Remote{URL: g.URL + "/acme/web.git", Token: gitHubToken}, Temp: g.t.TempDir()}
	return store
}
