package cli_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// gitHub is the GitHub of one script.
type gitHub struct {
	hub  *hub.Hub
	repo *hub.Repo // acme/infra
}

// gitHubKey is what a script keeps it by.
type gitHubKey struct{}

// owner is a token of the kit's own, which may do everything.
const owner = "ghp_of_the_owner"

// github SUBCOMMAND ARG… starts a GitHub and does things with it; testdata/script/README.md
// has the list.
func (k scriptKit) github(ts *testscript.TestScript, neg bool, args []string) {
	verbs := map[string]struct {
		do    func(ts *testscript.TestScript, g *gitHub, args []string)
		least int
	}{
		"start": {k.gitHubStart, 1}, "source": {gitHubSource, 1}, "app": {gitHubApp, 0}, "token": {gitHubToken, 2}, "set": {gitHubSet, 1}, "protect": {gitHubProtect, 2}, "guard": {gitHubGuard, 1},
		"unprotect": {gitHubUnprotect, 0}, "people": {gitHubPeople, 1}, "commit": {gitHubCommit, 3}, "close": {gitHubClose, 1}, "merge": {gitHubMerge, 1}, "pulls": {gitHubPulls, 1}, "requests": {gitHubRequests, 1},
	}
	if neg || len(args) == 0 || len(args)-1 < verbs[args[0]].least || verbs[args[0]].do == nil {
		ts.Fatalf("usage: github start|source|token|app|set|protect|guard|unprotect|people|commit|close|merge|pulls|requests …")
	}
	verbs[args[0]].do(ts, ts.Value(gitHubKey{}).(*gitHub), args[1:])
}

// start FOLDER commits a folder to acme/infra of a new GitHub, whose addresses are
// those of the environment from now on.
func (k scriptKit) gitHubStart(ts *testscript.TestScript, g *gitHub, args []string) {
	g.hub = hub.New(k.t)
	g.repo = g.hub.Repo("acme/infra")
	ts.Check(ts.Exec("git", "-C", args[0], "init", "--quiet"))
	ts.Check(ts.Exec("git", "-C", args[0], "add", "--all"))
	ts.Check(ts.Exec("git", "-C", args[0], "commit", "--quiet", "--message=Begin"))
	ts.Check(ts.Exec("git", "-C", args[0], "push", "--quiet", g.repo.Dir, "main"))
	g.hub.Token(hub.Token{Value: owner, Kind: hub.Classic, Login: "octocat"})
	for name, value := range g.addresses() {
		ts.Setenv(name, value)
	}
	ts.Setenv("INFRA_DIR", g.repo.Dir)
}

// source FOLDER pushes the head of a repository to the main branch of acme/web.
func gitHubSource(ts *testscript.TestScript, g *gitHub, args []string) {
	ts.Check(ts.Exec("git", "-C", args[0], "push", "--quiet", g.hub.Repo("acme/web").Dir, "HEAD:main"))
}

// guard REF lets nobody create refs of that look in acme/web.
func gitHubGuard(_ *testscript.TestScript, g *gitHub, args []string) {
	g.hub.Repo("acme/web").Protect(hub.Protection{Ref: args[0], Ruleset: true, Creation: true})
}

// addresses are those of the server; empty where none was started.
func (g *gitHub) addresses() map[string]string {
	if g.hub == nil {
		return map[string]string{"GITHUB_SERVER_URL": "https://github.example", "GITHUB_API_URL": "", "GITHUB_GRAPHQL_URL": ""}
	}
	return map[string]string{"GITHUB_SERVER_URL": g.hub.URL, "GITHUB_API_URL": g.hub.API, "GITHUB_GRAPHQL_URL": g.hub.GraphQL}
}

// token VALUE job|app|classic|fine [repo=OWNER/NAME] [PERMISSION=LEVEL…]
func gitHubToken(ts *testscript.TestScript, g *gitHub, args []string) {
	kinds := map[string]hub.Kind{"job": hub.GitHubToken, "app": hub.AppToken, "classic": hub.Classic, "fine": hub.FineGrained}
	kind, known := kinds[args[1]]
	if !known {
		ts.Fatalf("there is no kind of token %q", args[1])
	}
	t := hub.Token{Value: args[0], Kind: kind}
	t.Permissions = permissions(ts, args[2:])
	if repo, ok := t.Permissions["repo"]; ok {
		t.Repos = []string{repo}
		delete(t.Permissions, "repo")
	}
	if len(t.Permissions) == 0 {
		t.Permissions = nil
	}
	g.hub.Token(t)
}

// app [suspended] [repo=OWNER/NAME] [PERMISSION=LEVEL…] installs the App 7 on acme/infra, or another
// repository; its private key is in $APP_KEY, as one line.
func gitHubApp(ts *testscript.TestScript, g *gitHub, args []string) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	ts.Check(err)
	on := hub.Installation{ID: 70, Account: "acme", Repos: []string{"acme/infra"}}
	if len(args) > 0 && args[0] == "suspended" {
		on.Suspended, args = true, args[1:]
	}
	on.Permissions = permissions(ts, args)
	if repo, ok := on.Permissions["repo"]; ok {
		on.Repos = []string{repo}
		delete(on.Permissions, "repo")
	}
	g.hub.App(hub.App{ID: 7, PublicKey: &key.PublicKey, Installations: []hub.Installation{on}})
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	ts.Setenv("APP_KEY", strings.ReplaceAll(string(text), "\n", `\n`))
}

// permissions are arguments NAME=LEVEL.
func permissions(ts *testscript.TestScript, args []string) map[string]string {
	all := map[string]string{}
	for _, arg := range args {
		name, level, ok := strings.Cut(arg, "=")
		if !ok {
			ts.Fatalf("%q is not name=level", arg)
		}
		all[name] = level
	}
	return all
}

// set archived|private|auto-merge|no-pulls-by-actions
func gitHubSet(ts *testscript.TestScript, g *gitHub, args []string) {
	g.repo.Set(func(s *hub.Settings) {
		for _, name := range args {
			switch name {
			case "archived":
				s.Archived = true
			case "private":
				s.Private = true
			case "auto-merge":
				s.AutoMerge = true
			case "no-pulls-by-actions":
				s.NoPullsByActions = true
			default:
				ts.Fatalf("there is no setting %q", name)
			}
		}
	})
}

// protect BRANCH classic|ruleset takes changes of a branch through pull requests alone.
func gitHubProtect(_ *testscript.TestScript, g *gitHub, args []string) {
	g.repo.Protect(hub.Protection{Ref: args[0], Ruleset: args[1] == "ruleset", PullRequest: true})
}

// unprotect takes all protections away.
func gitHubUnprotect(_ *testscript.TestScript, g *gitHub, _ []string) { g.repo.Unprotect() }

// people LOGIN|ORG/TEAM… makes users and teams.
func gitHubPeople(_ *testscript.TestScript, g *gitHub, args []string) {
	for _, name := range args {
		if strings.Contains(name, "/") {
			g.hub.Team(name)
		} else {
			g.hub.User(name)
		}
	}
}

// commit BRANCH PATH FILE puts a file of the script on a branch, as a person does.
func gitHubCommit(ts *testscript.TestScript, g *gitHub, args []string) {
	g.repo.Commit(args[0], "By hand", testkit.GitFile{Path: args[1], Data: ts.ReadFile(args[2])})
}

// close NUMBER closes a pull request as a person does.
func gitHubClose(ts *testscript.TestScript, g *gitHub, args []string) {
	g.call(ts, http.MethodPatch, "/repos/acme/infra/pulls/"+args[0], `{"state":"closed"}`, nil)
}

// merge NUMBER merges a pull request as a person does.
func gitHubMerge(ts *testscript.TestScript, g *gitHub, args []string) {
	var number int
	_, err := fmt.Sscan(args[0], &number)
	ts.Check(err)
	g.repo.Merge(number, "octocat")
}

// pulls FILE writes all pull requests to a file, oldest first.
func gitHubPulls(ts *testscript.TestScript, g *gitHub, args []string) {
	var pulls []struct {
		Number             int
		State, Title, Body string
		Draft              bool
		Head, Base         struct{ Ref string }
		Labels             []struct{ Name string }
		Assignees          []struct{ Login string }
		RequestedReviewers []struct{ Login string } `json:"requested_reviewers"`
		RequestedTeams     []struct{ Slug string }  `json:"requested_teams"`
	}
	g.call(ts, http.MethodGet, "/repos/acme/infra/pulls?state=all&per_page=100", "", &pulls)
	slices.Reverse(pulls)
	var b strings.Builder
	for _, p := range pulls {
		fmt.Fprintf(&b, "#%d %s %s → %s draft=%t\n%s\n", p.Number, p.State, p.Head.Ref, p.Base.Ref, p.Draft, p.Title)
		for _, l := range p.Labels {
			fmt.Fprintf(&b, "label %s\n", l.Name)
		}
		for _, a := range p.Assignees {
			fmt.Fprintf(&b, "assignee %s\n", a.Login)
		}
		for _, r := range p.RequestedReviewers {
			fmt.Fprintf(&b, "reviewer %s\n", r.Login)
		}
		for _, t := range p.RequestedTeams {
			fmt.Fprintf(&b, "team %s\n", t.Slug)
		}
		fmt.Fprintf(&b, "\n%s\n", p.Body)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o644))
}

// requests FILE writes the requests since the last time to a file, one a line.
func gitHubRequests(ts *testscript.TestScript, g *gitHub, args []string) {
	text := strings.Join(g.hub.Requests(), "\n") + "\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// call asks the API as its owner.
func (g *gitHub) call(ts *testscript.TestScript, method, path, body string, into any) {
	request, err := http.NewRequest(method, g.hub.API+path, strings.NewReader(body))
	ts.Check(err)
	request.Header.Set("Authorization", "Bearer "+owner)
	request.Header.Set("User-Agent", "scriptkit")
	answer, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if answer.StatusCode >= 300 {
		ts.Fatalf("%s %s: %s: %s", method, path, answer.Status, data)
	}
	if into != nil {
		ts.Check(json.Unmarshal(data, into))
	}
}
