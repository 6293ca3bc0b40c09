package infra

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

func filesWorld(t *testing.T) *world {
	w := &world{name: "files", folder: t.TempDir()}
	w.write(t, start...)
	return w
}

func TestFilesCannotPropose(t *testing.T) {
	w := filesWorld(t)
	o := atOnce(Options{Mode: ModePropose, Proposal: Proposal{Branch: proposal}})
	_, err := Apply(t.Context(), w.open(t), o, replace("web:1", "web:2", "apps/web/deploy.yaml"))
	if fault.Code(err) != "E_INFRA_MODE" {
		t.Errorf("got %v", err)
	}
}

func TestFilesOfNoFolder(t *testing.T) {
	if _, err := OpenFiles(filepath.Join(t.TempDir(), "gone"), Paths{}); fault.Code(err) != "E_INFRA_FOLDER" {
		t.Errorf("got %v", err)
	}
}

// A write that cannot be finished leaves every file as it was, and nothing beside it.
func TestFilesAllOrNothing(t *testing.T) {
	w := filesWorld(t)
	repo, before := w.open(t), w.tree(t)
	on := mustRead(t, repo)
	c := ChangeSet{Files: map[string][]byte{"apps/web/deploy.yaml": []byte("new\n"), "apps/web/same.yaml": []byte("new\n")}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := repo.Commit(ctx, on, c); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	f := repo.(*Files)
	// The second file of three cannot be staged.
	c.Files["apps/web/deploy.yaml/x"] = nil
	err := f.replace(t.Context(), c, []string{"apps/web/deploy.yaml", "apps/web/deploy.yaml/x", "apps/web/same.yaml"})
	if err == nil {
		t.Error("a file became a folder")
	}
	if err := f.replace(ctx, c, []string{"apps/web/deploy.yaml"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled after staging: got %v", err)
	}
	if diff := cmp.Diff(before, w.tree(t)); diff != "" {
		t.Error(diff)
	}
}

func TestFilesThatAppearedAreNotOverwritten(t *testing.T) {
	w := filesWorld(t)
	repo := w.open(t, "apps")
	on := mustRead(t, repo)
	for name, stale := range map[string]bool{"apps/new.yaml": true, "elsewhere.yaml": false} {
		if err := os.WriteFile(filepath.Join(w.folder, name), []byte("theirs"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := repo.Commit(t.Context(), on, ChangeSet{Files: map[string][]byte{name: []byte("mine")}})
		if errors.Is(err, ErrStale) != stale {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if info, err := os.Stat(filepath.Join(w.folder, "elsewhere.yaml")); err != nil || info.Mode() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
}

func TestFilesAreLocked(t *testing.T) {
	w := filesWorld(t)
	repo := w.open(t)
	on := mustRead(t, repo)
	unlock, err := lock(w.open(t).(*Files).root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := repo.Commit(t.Context(), on, bump("new\n")); !errors.Is(err, ErrStale) {
		t.Errorf("got %v", err)
	}
	unlock()
	if _, err := repo.Commit(t.Context(), on, bump("new\n")); err != nil {
		t.Error(err)
	}
}

// What tools have downloaded is not looked into, unless it is asked for.
func TestFilesThatToolsDownload(t *testing.T) {
	w := filesWorld(t)
	w.write(t, testkit.GitFile{Path: "ui/node_modules/x/a.yaml", Data: "a"}, testkit.GitFile{Path: "tf/.terraform/b.yaml", Data: "b"},
		testkit.GitFile{Path: "ui/node_modules/link.yaml", Mode: "120000", Data: "x/a.yaml"})
	for path, want := range map[string]int{".": 6, "ui/node_modules": 1, "tf/.terraform/b.yaml": 1, "**/.terraform/**": 1} {
		if got := list(t, mustRead(t, w.open(t, path)).Files); len(got) != want {
			t.Errorf("%s: got %v", path, got)
		}
	}
	entries, err := w.open(t).(*Files).list(t.Context())
	for _, e := range entries {
		if strings.Contains(e.path, "node_modules") || err != nil {
			t.Errorf("looked at %s, %v", e.path, err)
		}
	}
	repo := w.open(t)
	_, err = repo.Commit(t.Context(), mustRead(t, repo), ChangeSet{Files: map[string][]byte{"ui/node_modules/link.yaml": nil}})
	if fault.Code(err) != "E_INFRA_SYMLINK" {
		t.Errorf("got %v", err)
	}
}

// What is git's own is no part of a checkout's files.
func TestFilesOfCheckout(t *testing.T) {
	w := filesWorld(t)
	for _, name := range []string{".git/config.yaml", "vendored/.git", "vendored/x.yaml"} {
		if err := errors.Join(os.MkdirAll(filepath.Join(w.folder, filepath.Dir(name)), 0o755), os.WriteFile(filepath.Join(w.folder, name), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	got := list(t, mustRead(t, w.open(t)).Files)
	want := []string{"apps/api/crlf.yml", "apps/run.yaml", "apps/web/deploy.yaml", "apps/web/same.yaml", "kustomize/Kustomization", "vendored/x.yaml", "with blank/ä.json"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
