package infra

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// api opens the world's repository for some paths.
func (w *world) api(t *testing.T, o GitHubOptions, paths ...string) *GitHub {
	t.Helper()
	p, err := ParsePaths(paths, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Paths = p
	return w.openGitHub(t, o)
}

// started is a GitHub whose repository holds some files.
func started(t *testing.T, files ...testkit.GitFile) *world {
	isolate(t)
	w := newAPI(t)
	w.write(t, files...)
	return w
}

// One request reads and one writes, however many files the repository has.
func TestCommitTakesTwoRequests(t *testing.T) {
	for _, size := range []int{10, 5000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			files := []testkit.GitFile{
				{Path: "apps/web/kustomization.yaml", Data: "resources: [deploy.yaml]\nimages: [{name: web, newTag: v1}]\n"},
				{Path: "apps/web/deploy.yaml", Data: "kind: Deployment\n"},
			}
			for i := range size {
				files = append(files, testkit.GitFile{Path: fmt.Sprintf("apps/app%04d/deploy.yaml", i), Data: fmt.Sprintf("n: %d\n", i)})
			}
			w := started(t, files...)
			edit := func(on *Snapshot) (ChangeSet, error) {
				// What rendering looks at beside the file that changes.
				if _, err := fs.ReadFile(on.Tree, "apps/web/deploy.yaml"); err != nil {
					return ChangeSet{}, err
				}
				for _, name := range []string{"apps/kustomization.yaml", "kustomization.yml", "Kustomization"} {
					if _, err := fs.Stat(on.Tree, name); err == nil {
						t.Errorf("%s is there", name)
					}
				}
				return replace("v1", "v2", "apps/web/kustomization.yaml")(on)
			}
			res, err := Apply(t.Context(), w.api(t, GitHubOptions{}, "apps/web/kustomization.yaml"), atOnce(Options{}), edit)
			if err != nil || !res.Written.Changed || res.Written.Commit != w.repo.Tip("main") {
				t.Fatalf("got %+v, %v", res, err)
			}
			want := []string{"POST /api/graphql viewer repository", "POST /api/graphql createCommitOnBranch"}
			if diff := cmp.Diff(want, w.hub.Requests()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCommitsAreSignedByGitHub(t *testing.T) {
	w := started(t, start...)
	if _, err := Apply(t.Context(), w.api(t, GitHubOptions{}, "apps"), atOnce(Options{}), replace("web:1", "web:2", "apps/web/deploy.yaml", "apps/run.yaml")); err != nil {
		t.Fatal(err)
	}
	c, _, err := w.client(t, token).REST().Git.GetCommit(t.Context(), "acme", "infra", w.repo.Tip("main"))
	if err != nil || !c.GetVerification().GetVerified() {
		t.Errorf("got %v, %v", c.GetVerification(), err)
	}
	if mode := w.repo.Tree("main")["apps/run.yaml"]; !strings.HasPrefix(mode, "100755") {
		t.Errorf("mode %s", mode)
	}
}

func TestCommitterOfTheUsers(t *testing.T) {
	w := started(t, start...)
	me := Identity{Name: "Release bot", Email: "release@example.com"}
	if _, err := Apply(t.Context(), w.api(t, GitHubOptions{Author: me}, "apps/web"), atOnce(Options{}), replace("web:1", "web:2", "apps/web/deploy.yaml")); err != nil {
		t.Fatal(err)
	}
	if got := w.repo.Git("log", "-1", "--format=%an <%ae> %cn <%ce> %s", "main"); got != me.String()+" "+me.String()+" Change web:1 to web:2" {
		t.Errorf("got %q", got)
	}
}

// What the API cuts, repairs or leaves out is read as it is, and written back with
// nothing else changed.
func TestFilesThatAreNoPlainText(t *testing.T) {
	for name, data := range map[string]string{
		"longer than the API gives": "image: web:1\n" + strings.Repeat("# 0123456789abcdef\n", 40_000),
		"not in UTF-8":              "image: web:1 # gr\xfc\xdfe\n",
		"with a byte order mark":    "\ufeffimage: web:1\n",
		"binary":                    "image: web:1\x00\n",
		"with carriage returns":     "image: web:1\r\n\r\nx\r",
	} {
		t.Run(name, func(t *testing.T) {
			w := started(t, testkit.GitFile{Path: "apps/a.yaml", Data: data}, testkit.GitFile{Path: "apps/b.yaml", Data: "b\n"})
			if _, err := Apply(t.Context(), w.api(t, GitHubOptions{}, "apps"), atOnce(Options{}), replace("web:1", "web:2", "apps/a.yaml")); err != nil {
				t.Fatal(err)
			}
			want := strings.Replace(data, "web:1", "web:2", 1)
			if got := w.repo.Read("main", "apps/a.yaml"); !bytes.Equal([]byte(got), []byte(want)) {
				t.Errorf("%d bytes that differ from the %d wanted ones", len(got), len(want))
			}
		})
	}
}

func TestFoldersThatHaveToBeAskedForByID(t *testing.T) {
	w := started(t, start...)
	w.github.Set(func(s *hub.Settings) { s.FoldersAreNull = true })
	on := mustRead(t, w.api(t, GitHubOptions{}, "apps/web", "kustomize"))
	if diff := cmp.Diff([]string{"apps/web/deploy.yaml", "apps/web/same.yaml", "kustomize/Kustomization"}, list(t, on.Files)); diff != "" {
		t.Error(diff)
	}
}

func TestDeepFolders(t *testing.T) {
	deep := "a/b/c/d/e/f/g/h/i/j/k.yaml"
	w := started(t, testkit.GitFile{Path: deep, Data: "x\n"}, testkit.GitFile{Path: "a/l.yaml", Data: "y\n"})
	on := mustRead(t, w.api(t, GitHubOptions{}, "a"))
	if diff := cmp.Diff([]string{deep, "a/l.yaml"}, list(t, on.Files)); diff != "" {
		t.Error(diff)
	}
	if n := len(w.hub.Requests()); n > 3 {
		t.Errorf("%d requests", n)
	}
}

// What GitHub refuses is told with what to do about it.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		set        func(*world)
		o          GitHubOptions
		token      hub.Token
		code, hint string
	}{
		"archived":       {set: func(w *world) { w.github.Set(func(s *hub.Settings) { s.Archived = true }) }, code: "E_GITHUB_ARCHIVED", hint: "unarchive"},
		"branch missing": {o: GitHubOptions{Branch: "mian"}, code: "E_BRANCH_MISSING", hint: "infra-branch"},
		"protected":      {set: func(w *world) { w.github.Protect(hub.Protection{Ref: "main", PullRequest: true}) }, code: "E_GITHUB_PROTECTED", hint: "pull-request"},
		"code owners": {set: func(w *world) {
			w.github.Protect(hub.Protection{Ref: "main", PullRequest: true, CodeOwners: true, Reviews: 1})
		}, code: "E_GITHUB_PROTECTED", hint: "pull-request"},
		"ruleset":                {set: func(w *world) { w.github.Protect(hub.Protection{Ref: "main", Ruleset: true, PullRequest: true}) }, code: "E_GITHUB_PROTECTED", hint: "pull-request"},
		"invisible":              {token: hub.Token{Kind: hub.AppToken, Repos: []string{"acme/other"}}, code: "E_GITHUB_NOT_FOUND", hint: "tagboat[bot] may see it"},
		"may not write":          {token: hub.Token{Kind: hub.AppToken, Permissions: map[string]string{"contents": "read"}}, code: "E_GITHUB_AUTH", hint: "contents"},
		"a job's token":          {token: hub.Token{Kind: hub.GitHubToken, Repos: []string{"acme/web"}}, o: GitHubOptions{Workflow: "acme/web"}, code: "E_GITHUB_NOT_FOUND", hint: "GITHUB_TOKEN reaches acme/web alone"},
		"a job's token, visible": {set: func(w *world) { w.github.Set(func(s *hub.Settings) { s.Private = false }) }, token: hub.Token{Kind: hub.GitHubToken, Repos: []string{"acme/web"}}, o: GitHubOptions{Workflow: "acme/web"}, code: "E_GITHUB_AUTH", hint: "GITHUB_TOKEN reaches acme/web alone"},
		"no such token":          {token: hub.Token{}, code: "E_GITHUB_AUTH", hint: "token"},
	} {
		t.Run(name, func(t *testing.T) {
			w := started(t, start...)
			w.github.Set(func(s *hub.Settings) { s.Private = true })
			before := w.tree(t)
			value := token
			switch {
			case name == "no such token":
				value = "ghp_unknown"
			case c.token.Kind != 0 || c.token.Repos != nil:
				value = w.hub.Token(c.token)
			}
			if c.set != nil {
				c.set(w)
			}
			c.o.Client = w.client(t, value)
			_, err := Apply(t.Context(), w.api(t, c.o, "apps/web"), atOnce(Options{}), replace("web:1", "web:2", "apps/web/deploy.yaml"))
			faults := fault.All(err)
			if fault.Code(err) != c.code || len(faults) == 0 || !strings.Contains(faults[0].Hint, c.hint) {
				t.Errorf("got %s: %v\nhint: %v", fault.Code(err), err, faults)
			}
			if diff := cmp.Diff(before, w.tree(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRenamedRepository(t *testing.T) {
	w := started(t, start...)
	w.github.RenamedFrom("acme/old-infra")
	p, err := ParsePaths([]string{"apps/web"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	g, err := NewGitHub(GitHubOptions{Client: w.client(t, token), Repository: "acme/old-infra", Paths: p, Log: &log})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(t.Context(), g, atOnce(Options{}), replace("web:1", "web:2", "apps/web/deploy.yaml")); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "is called acme/infra now") {
		t.Errorf("got %q", log.String())
	}
}

// A write whose answer is lost is looked for before anything is tried again: there
// is one commit in the end.
func TestLostAnswers(t *testing.T) {
	for name, how := range map[string]hub.How{"502": hub.BadGatewayAfter, "504": hub.Timeout, "cut": hub.CutAfter, "something went wrong": hub.SomethingWrongAfter} {
		for path, field := range map[string]string{"apps/web/deploy.yaml": "createCommitOnBranch", "apps/run.yaml": "updateRefs"} {
			t.Run(name+" "+field, func(t *testing.T) {
				w := started(t, start...)
				w.hub.Fail(field, 1, how)
				res, err := Apply(t.Context(), w.api(t, GitHubOptions{}, "apps"), atOnce(Options{}), replace("web:1", "web:2", path))
				if err != nil || !res.Written.Changed || res.Written.Commit != w.repo.Tip("main") {
					t.Errorf("got %+v, %v", res, err)
				}
				if n := w.repo.Git("rev-list", "--count", "main"); n != "2" {
					t.Errorf("%s commits", n)
				}
			})
		}
	}
}

// Reads that lag behind the writes cost attempts and nothing else.
func TestStaleReads(t *testing.T) {
	w := started(t, start...)
	g := w.api(t, GitHubOptions{}, "apps/web")
	w.hub.Stale(3)
	others := func(on *Snapshot) (ChangeSet, error) {
		return ChangeSet{Files: map[string][]byte{"apps/new.yaml": []byte("new\n")}, Message: "m"}, nil
	}
	if _, err := Apply(t.Context(), w.api(t, GitHubOptions{}, "apps/web"), atOnce(Options{}), others); err != nil {
		t.Fatal(err)
	}
	res, err := Apply(t.Context(), g, atOnce(Options{}), replace("web:1", "web:2", "apps/web/deploy.yaml"))
	if err != nil || res.Attempts < 2 {
		t.Fatalf("got %+v, %v", res, err)
	}
	if w.read(t, "apps/new.yaml") != "new\n" || w.read(t, "apps/web/deploy.yaml") != "image: web:2\n" {
		t.Error("an edit was lost")
	}
}
