package infra

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// bump is a change set that needs no reading.
func bump(content string) ChangeSet {
	return ChangeSet{Files: map[string][]byte{"apps/web/deploy.yaml": []byte(content)}, Message: "Bump web\n\nTagboat-Image: web\n"}
}

func mustRead(t *testing.T, repo Repo) *Snapshot {
	t.Helper()
	on, err := repo.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return on
}

// The commit holds the identity, the clock and the message that were given, and
// nothing of the machine's.
func TestCommitIsByWhoWasNamed(t *testing.T) {
	inGit(t, func(t *testing.T, w *world) {
		config := filepath.Join(t.TempDir(), "config")
		text := "[user]\n\tname = machine\n\temail = machine@example.com\n[i18n]\n\tcommitEncoding = latin1\n[commit]\n\tgpgSign = true\n[core]\n\thooksPath = /hooks\n"
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("GIT_CONFIG_GLOBAL", config)
		t.Setenv("GIT_AUTHOR_NAME", "environment")
		t.Setenv("GIT_COMMITTER_DATE", "1000000000 +0200")
		for _, who := range []Identity{{}, {Name: "Bot Ü", Email: "bot@example.com"}} {
			repo := w.openWith(t, GitOptions{Author: who})
			c := bump("by " + who.Name)
			c.Message = "Bümp"
			if _, err := repo.Commit(t.Context(), mustRead(t, repo), c); err != nil {
				t.Fatal(err)
			}
			id := who.orDefault().String() + " 1800000000 +0000"
			_, got, _ := strings.Cut(w.repo.Git("cat-file", "commit", "main"), "\nauthor ")
			if want := id + "\ncommitter " + id + "\n\nBümp"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		if got := w.repo.Git("log", "-1", "--format=%an <%ae>", "main~1"); got != "tagboat <tagboat@users.noreply.github.com>" {
			t.Errorf("the default is %s", got)
		}
	})
}

func TestIdentityThatBreaksTheCommit(t *testing.T) {
	for _, who := range []Identity{{Name: "a\nb"}, {Name: "a<b"}, {Email: "x>"}, {Name: " "}} {
		if _, err := NewGit(GitOptions{Author: who}); fault.Code(err) != "E_COMMIT_IDENTITY" {
			t.Errorf("%+v: got %v", who, err)
		}
	}
}

func TestSubmoduleIsNeitherReadNorWritten(t *testing.T) {
	inGit(t, func(t *testing.T, w *world) {
		w.write(t, testkit.GitFile{Path: "apps/sub.yaml", Mode: "160000", Data: w.repo.Tip("main")})
		before := w.tree(t)
		repo := w.open(t)
		on := mustRead(t, repo)
		c := bump("new\n")
		if _, err := repo.Commit(t.Context(), on, c); err != nil {
			t.Fatal(err)
		}
		if w.tree(t)["apps/sub.yaml"] != before["apps/sub.yaml"] {
			t.Error("the submodule moved")
		}
		c.Files["apps/sub.yaml"] = nil
		if _, err := repo.Commit(t.Context(), on, c); fault.Code(err) != "E_INFRA_SYMLINK" {
			t.Errorf("got %v", err)
		}
	})
}

func TestBranches(t *testing.T) {
	inGit(t, func(t *testing.T, w *world) {
		w.repo.Git("branch", "production", "main")
		w.repo.Git("branch", "staging", "main")
		cases := map[string]struct{ branch, code, text, hint string }{
			"given":   {branch: "staging"},
			"default": {},
			"missing": {"prodution", "E_BRANCH_MISSING", `has no branch "prodution"; did you mean production?`, "one of: main, production, staging"},
			"a tail":  {"ging", "E_BRANCH_MISSING", "has no branch", "one of: "},
		}
		for name, c := range cases {
			on, err := w.openWith(t, GitOptions{Branch: c.branch}).Read(t.Context())
			if c.code == "" {
				if want := max(c.branch, "main"); err != nil || on.Branch != want {
					t.Errorf("%s: got %+v, %v", name, on, err)
				}
				continue
			}
			if fault.Code(err) != c.code || !strings.Contains(err.Error(), c.text) || !strings.Contains(fault.All(err)[0].Hint, c.hint) {
				t.Errorf("%s: got %v", name, fault.All(err)[0])
			}
		}
		w.repo.Git("symbolic-ref", "HEAD", "refs/heads/gone")
		if _, err := w.open(t).Read(t.Context()); fault.Code(err) != "E_BRANCH_MISSING" || !strings.Contains(err.Error(), "HEAD of ") {
			t.Errorf("dangling HEAD: got %v", err)
		}
	})
}

func TestEmptyRepository(t *testing.T) {
	for name, create := range gitWorlds {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			for _, branch := range []string{"", "main"} {
				_, err := create(t).openWith(t, GitOptions{Branch: branch}).Read(t.Context())
				if fault.Code(err) != "E_REPO_EMPTY" {
					t.Errorf("branch %q: got %v", branch, err)
				}
			}
		})
	}
}

// One instance reads, writes and reads again, as the loop of Apply does.
func TestReadAfterWrite(t *testing.T) {
	inGit(t, func(t *testing.T, w *world) {
		repo := w.open(t, "apps")
		for _, text := range []string{"one\n", "two\n", "three\n"} {
			written, err := repo.Commit(t.Context(), mustRead(t, repo), bump(text))
			if err != nil {
				t.Fatal(err)
			}
			on := mustRead(t, repo)
			if on.Head != written.Commit || w.repo.Tip("main") != on.Head {
				t.Errorf("wrote %s, read %s", written.Commit, on.Head)
			}
		}
		w.repo.Git("fsck", "--strict", "--full")
	})
}

func TestPathThatSelectsNothing(t *testing.T) {
	inAll(t, func(t *testing.T, w *world) {
		_, err := w.open(t, "apps/wbe", "README.md", "charts/*.yaml", "apps/link.yaml").Read(t.Context())
		if all := fault.All(err); len(all) != 3 || !fault.Is(err, "E_INFRA_PATH") {
			t.Fatalf("got %v", err)
		}
		for _, want := range []string{`"apps/wbe" selects nothing; did you mean apps/web`, `"charts/*.yaml" selects nothing`, `"apps/link.yaml" is a symbolic link`} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q is not in %v", want, err)
			}
		}
	})
}

func TestScratchIsGone(t *testing.T) {
	inGit(t, func(t *testing.T, w *world) {
		temp := t.TempDir()
		repo := w.openWith(t, GitOptions{Temp: temp})
		if _, err := repo.Commit(t.Context(), mustRead(t, repo), bump("new\n")); err != nil {
			t.Fatal(err)
		}
		if left := entriesOf(t, temp); len(left) != 1 {
			t.Errorf("while open: %v", left)
		}
		if err := repo.Close(); err != nil {
			t.Fatal(err)
		}
		if left := entriesOf(t, temp); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestCancelledMidWay(t *testing.T) {
	inGit(t, func(t *testing.T, w *world) {
		temp, before := t.TempDir(), w.repo.Tip("main")
		repo := w.openWith(t, GitOptions{Temp: temp})
		ctx, cancel := context.WithCancel(t.Context())
		on := mustRead(t, repo)
		cancel()
		if _, err := repo.Commit(ctx, on, bump("new\n")); err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
			t.Errorf("got %v", err)
		}
		if err := repo.Close(); err != nil {
			t.Fatal(err)
		}
		if left := entriesOf(t, temp); len(left) != 0 || w.repo.Tip("main") != before {
			t.Errorf("left behind: %v", left)
		}
	})
}

func entriesOf(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A folder with a work tree: its other branches can be written to, the one that
// is checked out cannot.
func TestCheckedOutFolder(t *testing.T) {
	isolate(t)
	r := testkit.NewGitRepo(t, filepath.Join(t.TempDir(), `infra "x"`))
	r.Commit("main", "first", start...)
	r.Git("branch", "deploy")
	w := &world{repo: r, remote: git.Remote{URL: r.Dir}}
	repo := w.open(t)
	_, err := repo.Commit(t.Context(), mustRead(t, repo), bump("new\n"))
	if fault.Code(err) != "E_GIT_CHECKED_OUT" || !strings.Contains(fault.All(err)[0].Hint, "infra-mode: files") {
		t.Errorf("got %v", err)
	}
	repo = w.openWith(t, GitOptions{Branch: "deploy"})
	if _, err := repo.Commit(t.Context(), mustRead(t, repo), bump("new\n")); err != nil {
		t.Error(err)
	}
	if got := r.Read("deploy", "apps/web/deploy.yaml"); got != "new\n" {
		t.Errorf("got %q", got)
	}
}

// Folders that are not a plain bare repository: a shallow clone, a linked work
// tree, and ids of 64 digits.
func TestUnusualFolders(t *testing.T) {
	isolate(t)
	origin := testkit.NewGitRepo(t, filepath.Join(t.TempDir(), "origin.git"), "--bare")
	origin.Commit("main", "first", start...)
	origin.Commit("main", "second", testkit.GitFile{Path: "x.yaml", Data: "x"})
	shallow := filepath.Join(t.TempDir(), "shallow.git")
	origin.Git("clone", "--quiet", "--bare", "--depth=1", "file://"+origin.Dir, shallow)
	tree := filepath.Join(t.TempDir(), "tree")
	origin.Git("worktree", "add", "--quiet", "-b", "other", tree, "main")
	long := testkit.NewGitRepo(t, filepath.Join(t.TempDir(), "sha256.git"), "--bare", "--object-format=sha256")
	long.Commit("main", "first", start...)
	for name, url := range map[string]string{"shallow": shallow, "work tree": tree, "sha256": long.Dir, "sha256 URL": "file://" + long.Dir} {
		t.Run(name, func(t *testing.T) {
			w := &world{repo: origin, remote: git.Remote{URL: url}}
			repo := w.openWith(t, GitOptions{Branch: "main"})
			written, err := repo.Commit(t.Context(), mustRead(t, repo), bump("by "+name))
			if err != nil {
				t.Fatal(err)
			}
			if on := mustRead(t, repo); on.Head != written.Commit {
				t.Errorf("wrote %s, read %s", written.Commit, on.Head)
			}
		})
	}
}

func TestPartialCloneOfFolder(t *testing.T) {
	isolate(t)
	origin := testkit.NewGitRepo(t, filepath.Join(t.TempDir(), "origin.git"), "--bare")
	origin.Commit("main", "first", start...)
	origin.Git("config", "uploadpack.allowFilter", "true")
	for _, filter := range []string{"blob:none", "tree:0", "tree:2"} { // tree:2 has the root's tree
		partial := filepath.Join(t.TempDir(), "partial.git")
		origin.Git("clone", "--quiet", "--bare", "--filter="+filter, "file://"+origin.Dir, partial)
		w := &world{repo: origin, remote: git.Remote{URL: partial}}
		if _, err := w.open(t).Read(t.Context()); fault.Code(err) != "E_REPO_PARTIAL" {
			t.Errorf("%s: got %v", filter, err)
		}
	}
}

// A lock that nobody will release is told from a race, in the remote's own words.
func TestLeftoverLock(t *testing.T) {
	inGit(t, func(t *testing.T, w *world) {
		lock := filepath.Join(w.repo.Dir, "refs", "heads", "main.lock")
		if err := os.WriteFile(lock, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		o, slept := clockwork()
		o.Log = &log
		_, err := Apply(t.Context(), w.open(t), o, replace("web:1", "web:2", "apps/web/deploy.yaml"))
		f := fault.All(err)[0]
		if f.Code != "E_INFRA_STUCK" || !strings.Contains(f.Hint, ".lock") || !strings.Contains(f.Error(), "refused 6 times") || !strings.Contains(f.Error(), "main.lock': File exists") {
			t.Errorf("got %s: %v", f.Code, f)
		}
		if text := log.String(); len(*slept) != 5 || strings.Count(text, "\n") != 5 || strings.Contains(text+f.Error(), ErrStale.Error()) {
			t.Errorf("slept %v, log %s", *slept, text)
		}
		if err := os.Remove(lock); err != nil {
			t.Fatal(err)
		}
		if _, err := Apply(t.Context(), w.open(t), o, replace("web:1", "web:2", "apps/web/deploy.yaml")); err != nil {
			t.Error(err)
		}
	})
}

func TestQuoteIsWhatGitReads(t *testing.T) {
	got := map[string]string{}
	for _, name := range []string{"plain", `a"b\c`, "tab\tnew\nline", "ü"} {
		got[name] = quote(name)
	}
	want := map[string]string{"plain": `"plain"`, `a"b\c`: `"a\"b\\c"`, "tab\tnew\nline": `"tab\011new\012line"`, "ü": `"ü"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
