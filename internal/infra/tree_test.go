package infra

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// readTree is the text of a file of the tree.
func readTree(t *testing.T, on *Snapshot, name string) string {
	t.Helper()
	data, err := fs.ReadFile(on.Tree, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTreeIsEveryRegularFile(t *testing.T) {
	inAll(t, func(t *testing.T, w *world) {
		w.write(t, testkit.GitFile{Path: "a\\b.yaml", Data: "x"}, testkit.GitFile{Path: "out", Mode: "120000", Data: "/etc"},
			testkit.GitFile{Path: "ui/node_modules/x.yaml", Data: "x"}, testkit.GitFile{Path: "empty", Data: ""})
		if w.repo == nil {
			w.write(t, testkit.GitFile{Path: ".git/config", Data: "x"})
		} else {
			w.write(t, testkit.GitFile{Path: "sub", Mode: "160000", Data: w.repo.Tip("main")})
		}
		on := mustRead(t, w.open(t, "apps/web"))
		want := []string{".github/workflows/ci.yaml", "README.md", "apps/api/crlf.yml", "apps/run.yaml", "apps/web/deploy.yaml",
			"apps/web/same.yaml", "empty", "kustomize/Kustomization", "ui/node_modules/x.yaml", "with blank/ä.json"}
		if diff := cmp.Diff(want, list(t, on.Tree)); diff != "" {
			t.Error(diff)
		}
		if err := fstest.TestFS(on.Tree, want...); err != nil {
			t.Error(err)
		}
		for _, name := range want {
			if got := readTree(t, on, name); got != w.read(t, name) {
				t.Errorf("%s: got %q", name, got)
			}
		}
		if info, err := fs.Stat(on.Tree, "apps/run.yaml"); err != nil || info.Size() != 22 || info.Mode() != 0o755 {
			t.Errorf("got %v, %v", info, err)
		}
		for _, name := range []string{"gone", "apps/link.yaml", "apps/linked", "apps/linked/deploy.yaml", "out/passwd", "sub", "a\\b.yaml", ".git/config", "README.md/x/y"} {
			if _, err := fs.Stat(on.Tree, name); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if diff := cmp.Diff([]string{"apps/web/deploy.yaml", "apps/web/same.yaml"}, list(t, on.Files)); diff != "" {
			t.Error(diff)
		}
	})
}

// A branch that moves is another snapshot's business.
func TestTreeIsOfTheHeadThatWasRead(t *testing.T) {
	inGit(t, func(t *testing.T, w *world) {
		repo := w.open(t, "apps/web")
		on := mustRead(t, repo)
		w.write(t, testkit.GitFile{Path: "README.md", Data: "theirs\n"}, testkit.GitFile{Path: "apps/run.yaml", Data: "theirs\n"})
		if got := readTree(t, mustRead(t, repo), "README.md"); got != "theirs\n" {
			t.Errorf("now: got %q", got)
		}
		if got := readTree(t, on, "apps/run.yaml"); got != "#!/bin/x\nimage: web:1\n" {
			t.Errorf("before: got %q", got)
		}
	})
}

// base are files beside those that are selected.
var base = []testkit.GitFile{
	{Path: "base/kustomization.yaml", Data: "resources: [a.yaml]\n"},
	{Path: "base/a.yaml", Data: "a: 1\n"},
	{Path: "base/settings.env", Data: "A=1\n"},
	{Path: "base/more/b.yaml", Data: "b: 1\n"},
	{Path: "base/more/pic.png", Data: "png"},
	{Path: "components/x/kustomization.yaml", Data: "kind: Component\n"},
}

func TestTreeFetchesAFolderInOneRequest(t *testing.T) {
	names := []string{"base/kustomization.yaml", "base/a.yaml", "base/settings.env"}
	one := []string{"GET /infra.git/info/refs?service=git-upload-pack", "POST /infra.git/git-upload-pack"}
	cases := map[string]struct {
		selected []string
		read     []string // by several at once
		then     string
		want     []string
	}{
		"one folder":           {[]string{"apps/web"}, names, "", one},
		"and one below it":     {[]string{"apps/web"}, names, "base/more/b.yaml", one},
		"and one beside it":    {[]string{"apps/web"}, names, "components/x/kustomization.yaml", one},
		"but no other files":   {[]string{"apps/web"}, names, "base/more/pic.png", slices.Concat(one, one)},
		"what is selected":     {[]string{"apps/web", "base", "base/settings.env"}, names, "", nil},
		"bytes that are here":  {[]string{"apps/web"}, []string{"README.md", "apps/web/same.yaml"}, "", nil},
		"what is never opened": {[]string{"apps/web"}, nil, "", nil},
	}
	w := startHTTP(t)
	w.write(t, base...)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			on := mustRead(t, w.open(t, c.selected...))
			w.server.Requests()
			list(t, on.Tree)
			var group sync.WaitGroup
			for range 3 {
				for _, name := range c.read {
					group.Go(func() {
						if data, err := fs.ReadFile(on.Tree, name); string(data) != w.read(t, name) {
							t.Errorf("%s: got %q, %v", name, data, err)
						}
						if info, err := fs.Stat(on.Tree, name); err != nil || info.Size() == 0 {
							t.Errorf("%s: got %v, %v", name, info, err)
						}
					})
				}
			}
			group.Wait()
			if c.then != "" {
				readTree(t, on, c.then)
			}
			if diff := cmp.Diff(c.want, w.server.Requests()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Hosts that serve no single blobs give them with their commit, once.
func TestTreeOfOldHosts(t *testing.T) {
	w := startHTTP(t)
	repo := w.open(t, "apps/web")
	on := mustRead(t, repo)
	w.server.ProtocolV0()
	if got := readTree(t, on, "kustomize/Kustomization"); got != "images: []\n" {
		t.Errorf("got %q", got)
	}
	w.server.Requests()
	readTree(t, on, ".github/workflows/ci.yaml")
	if got := w.server.Requests(); len(got) != 0 {
		t.Errorf("%d more requests: %q", len(got), got)
	}
	if _, err := repo.Commit(t.Context(), on, bump("new\n")); err != nil {
		t.Error(err)
	}
}

// Where such a host has moved on, the edit is made again on what it has now.
func TestTreeIsGoneWithItsHead(t *testing.T) {
	w := startHTTP(t)
	attempts := 0
	edit := func(on *Snapshot) (ChangeSet, error) {
		if attempts++; attempts == 1 {
			w.server.ProtocolV0()
			w.write(t, testkit.GitFile{Path: "kustomize/Kustomization", Data: "theirs\n"})
		}
		data, err := fs.ReadFile(on.Tree, "kustomize/Kustomization")
		return bump(string(data)), err
	}
	if _, err := Apply(t.Context(), w.open(t, "apps/web"), atOnce(Options{}), edit); err != nil || attempts != 2 {
		t.Fatalf("%d attempts, %v", attempts, err)
	}
	if got := w.read(t, "apps/web/deploy.yaml"); got != "theirs\n" {
		t.Errorf("got %q", got)
	}
}

func TestTreeCannotBeFetched(t *testing.T) {
	w := startHTTP(t)
	ctx, cancel := context.WithCancel(t.Context())
	on, err := w.open(t, "apps/web").Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	w.server.Answer(503, "")
	_, err = on.Tree.Open("kustomize/Kustomization")
	if fault.Code(err) != "E_GIT_UNREACHABLE" || !strings.Contains(err.Error(), "open kustomize/Kustomization: ") {
		t.Errorf("got %v", err)
	}
	w.server.Answer(0, "")
	cancel()
	if _, err = on.Tree.Open("kustomize/Kustomization"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	readTree(t, on, "apps/web/deploy.yaml")
}

// A partial clone gives what it has.
func TestTreeOfPartialClone(t *testing.T) {
	isolate(t)
	origin := testkit.NewGitRepo(t, filepath.Join(t.TempDir(), "origin.git"), "--bare")
	origin.Commit("main", "first", start...)
	origin.Git("config", "uploadpack.allowFilter", "true")
	partial := filepath.Join(t.TempDir(), "partial.git")
	origin.Git("clone", "--quiet", "--bare", "--filter=blob:none", "file://"+origin.Dir, partial)
	for _, name := range []string{"apps/web/deploy.yaml", "apps/run.yaml"} {
		origin.Git("-C", partial, "cat-file", "blob", "main:"+name) // fetches it
	}
	on := mustRead(t, (&world{repo: origin, remote: git.Remote{URL: partial}}).open(t, "apps/web"))
	if got := readTree(t, on, "apps/run.yaml"); got != "#!/bin/x\nimage: web:1\n" {
		t.Errorf("got %q", got)
	}
	if _, err := fs.ReadFile(on.Tree, "kustomize/Kustomization"); fault.Code(err) != "E_REPO_PARTIAL" {
		t.Errorf("got %v", err)
	}
}

func TestNearby(t *testing.T) {
	var entries []entry
	for _, name := range []string{"a/1.png", "a/deep/2.yaml", "a/deep/3.png", "b/.terraform/x.yaml", "b/4.yaml", "c.yaml"} {
		entries = append(entries, entry{path: name, mode: 0o644})
	}
	for i := range 300 {
		entries = append(entries, entry{path: fmt.Sprintf("flat/%03d.txt", i), mode: 0o644})
	}
	cases := map[string]struct {
		name string
		want []string
	}{
		"its folder first": {"a/1.png", []string{"a/1.png", "a/deep/2.yaml", "b/4.yaml", "c.yaml"}},
		"below the root":   {"c.yaml", []string{"c.yaml", "a/deep/2.yaml", "b/4.yaml"}},
		"deeper":           {"a/deep/3.png", []string{"a/deep/3.png", "a/deep/2.yaml"}},
		"asked for itself": {"b/.terraform/x.yaml", []string{"b/.terraform/x.yaml", "b/4.yaml"}},
	}
	for name, c := range cases {
		var got []string
		for _, e := range nearby(c.name, entries, func(entry) bool { return true }) {
			got = append(got, e.path)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	got := nearby("flat/299.txt", entries, func(e entry) bool { return e.path != "flat/000.txt" })
	if len(got) != mostNearby || got[0].path != "flat/299.txt" || got[1].path != "flat/001.txt" {
		t.Errorf("%d files: %v", len(got), got[:2])
	}
}

// A plain folder's tree is the disk, whatever happens there.
func TestTreeOfFilesIsRead(t *testing.T) {
	w := filesWorld(t)
	on := mustRead(t, w.open(t, "apps/web"))
	w.write(t, testkit.GitFile{Path: "README.md", Data: "later\n"})
	if got := readTree(t, on, "README.md"); got != "later\n" {
		t.Errorf("got %q", got)
	}
	if err := os.RemoveAll(filepath.Join(w.folder, "kustomize")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("apps", filepath.Join(w.folder, "kustomize")); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.ReadDir(on.Tree, "kustomize/web"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
