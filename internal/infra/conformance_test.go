package infra

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

func TestReadGivesTheSelectedFilesAndNoOthers(t *testing.T) {
	inAll(t, func(t *testing.T, w *world) {
		on, err := w.open(t).Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"apps/api/crlf.yml", "apps/run.yaml", "apps/web/deploy.yaml", "apps/web/same.yaml", "kustomize/Kustomization", "with blank/ä.json"}
		if diff := cmp.Diff(want, list(t, on.Files)); diff != "" {
			t.Error(diff)
		}
		if err := fstest.TestFS(on.Files, want...); err != nil {
			t.Error(err)
		}
		if got, err := fs.ReadFile(on.Files, "apps/api/crlf.yml"); string(got) != "kind: X\r\nimage: api:1" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		if w.repo != nil && (on.Branch != "main" || on.Head != w.repo.Tip("main")) {
			t.Errorf("read %s of %s", on.Head, on.Branch)
		}
	})
}

// Files that are named themselves are read and written whatever they are called,
// and alone.
func TestFilesThatHoldNoManifests(t *testing.T) {
	inAll(t, func(t *testing.T, w *world) {
		w.write(t, testkit.GitFile{Path: ".env", Data: "TAG=1\n"}, testkit.GitFile{Path: "ui/node_modules/x/LICENSE", Data: "x\n"})
		want := []string{".env", "README.md", "ui/node_modules/x/LICENSE"}
		if diff := cmp.Diff(want, list(t, mustRead(t, w.open(t, want...)).Files)); diff != "" {
			t.Error(diff)
		}
		res, err := Apply(t.Context(), w.open(t, ".env"), atOnce(Options{}), replace("=1", "=2", ".env"))
		if err != nil || !cmp.Equal(res.Files, []string{".env"}) || w.read(t, ".env") != "TAG=2\n" {
			t.Errorf("got %+v, %v", res, err)
		}
	})
}

// What is excluded is not read, but a file of the tree.
func TestExcluded(t *testing.T) {
	inAll(t, func(t *testing.T, w *world) {
		p, err := ParsePaths([]string{"apps", "README.md"}, []string{"apps/web", "**/*.yml"})
		if err != nil {
			t.Fatal(err)
		}
		on := mustRead(t, w.openWith(t, GitOptions{Paths: p}))
		if diff := cmp.Diff([]string{"README.md", "apps/run.yaml"}, list(t, on.Files)); diff != "" {
			t.Error(diff)
		}
		if got := readTree(t, on, "apps/api/crlf.yml"); got != w.read(t, "apps/api/crlf.yml") {
			t.Errorf("got %q", got)
		}
		p, err = ParsePaths(nil, []string{"**"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.openWith(t, GitOptions{Paths: p}).Read(t.Context()); fault.Code(err) != "E_INFRA_PATH" {
			t.Errorf("got %v", err)
		}
	})
}

func TestCommitChangesNothingElse(t *testing.T) {
	inAll(t, func(t *testing.T, w *world) {
		before := w.tree(t)
		res, err := Apply(t.Context(), w.open(t), atOnce(Options{}), replace("api:1", "api:2", "apps/api/crlf.yml"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := w.read(t, "apps/api/crlf.yml"), "kind: X\r\nimage: api:2"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		after := w.tree(t)
		if before["apps/api/crlf.yml"] == after["apps/api/crlf.yml"] {
			t.Error("nothing was written")
		}
		delete(before, "apps/api/crlf.yml")
		delete(after, "apps/api/crlf.yml")
		if diff := cmp.Diff(before, after); diff != "" {
			t.Error(diff)
		}
		if !res.Written.Changed || res.Attempts != 1 || !cmp.Equal(res.Files, []string{"apps/api/crlf.yml"}) {
			t.Errorf("got %+v", res)
		}
	})
}

func TestExecutableStaysExecutable(t *testing.T) {
	inAll(t, func(t *testing.T, w *world) {
		if _, err := Apply(t.Context(), w.open(t), atOnce(Options{}), replace("web:1", "web:2", "apps/run.yaml")); err != nil {
			t.Fatal(err)
		}
		if got := w.read(t, "apps/run.yaml"); got != "#!/bin/x\nimage: web:2\n" {
			t.Errorf("got %q", got)
		}
		if got := w.tree(t)["apps/run.yaml"]; !strings.HasPrefix(got, "100755 ") && !strings.HasPrefix(got, "-rwxr-xr-x ") {
			t.Errorf("got mode %s", got)
		}
	})
}

func TestNewFileInNewFolder(t *testing.T) {
	inAll(t, func(t *testing.T, w *world) {
		edit := func(*Snapshot) (ChangeSet, error) {
			return ChangeSet{Files: map[string][]byte{"a b/\"new\"/ü.yaml": []byte("x")}, Message: "Add"}, nil
		}
		res, err := Apply(t.Context(), w.open(t), atOnce(Options{}), edit)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.read(t, "a b/\"new\"/ü.yaml"); got != "x" {
			t.Errorf("got %q", got)
		}
		if !strings.Contains(res.Diff, "new file mode 100644\n--- /dev/null\n") {
			t.Error(res.Diff)
		}
	})
}

// Names that no path can say are left alone, and stand in nobody's way.
func TestStrangeNamesAreLeftAlone(t *testing.T) {
	inAll(t, func(t *testing.T, w *world) {
		for _, name := range []string{"new\nline.yaml", "\xff.yaml", `a\b.yaml`, "C:x.yaml", "apps/web/\x1b[m/x.yaml", "\xfe/x.yaml", "~/x.yaml"} {
			w.write(t, testkit.GitFile{Path: name, Data: "image: web:1\n"})
		}
		before := w.tree(t)
		for _, paths := range [][]string{nil, {"apps/web"}, {"**/*.yaml"}} {
			edit := func(on *Snapshot) (ChangeSet, error) { return replace("web:", "web:x", list(t, on.Files)...)(on) }
			res, err := Apply(t.Context(), w.open(t, paths...), atOnce(Options{}), edit)
			if err != nil || !res.Written.Changed {
				t.Fatalf("%v: got %+v, %v", paths, res, err)
			}
		}
		after := w.tree(t)
		for name := range before {
			if !readable(name) && before[name] != after[name] {
				t.Errorf("%q changed", name)
			}
		}
		_, err := w.open(t, "new-line.yaml").Read(t.Context())
		if fault.Code(err) != "E_INFRA_PATH" || strings.Contains(err.Error(), "mean") {
			t.Errorf("got %v", err)
		}
	})
}

func TestSymlinkAndEscapesAreRefused(t *testing.T) {
	cases := map[string]struct{ path, code string }{
		"the file":       {"apps/link.yaml", "E_INFRA_SYMLINK"},
		"its folder":     {"apps/linked/deploy.yaml", "E_INFRA_SYMLINK"},
		"file as folder": {"README.md/x.yaml", "E_INFRA_SYMLINK"},
		"a folder":       {"apps/web", "E_INFRA_PATH"},
		"out of it":      {"../x.yaml", "E_INFRA_PATH"},
		"git's own":      {"apps/.GIT/config", "E_INFRA_PATH"},
		"not clean":      {"apps//x.yaml", "E_INFRA_PATH"},
	}
	inAll(t, func(t *testing.T, w *world) {
		repo, before := w.open(t), w.tree(t)
		on, err := repo.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range cases {
			_, err := repo.Commit(t.Context(), on, ChangeSet{Files: map[string][]byte{c.path: []byte("x")}, Message: "m"})
			if fault.Code(err) != c.code {
				t.Errorf("%s: got %v, want %s", name, err, c.code)
			}
		}
		if diff := cmp.Diff(before, w.tree(t)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTwiceIsOnce(t *testing.T) {
	inAll(t, func(t *testing.T, w *world) {
		for _, want := range []bool{true, false} {
			res, err := Apply(t.Context(), w.open(t), atOnce(Options{}), replace("web:1", "web:2", "apps/web/deploy.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			if res.Written.Changed != want || len(res.Files) > 0 != want || res.Diff != "" != want {
				t.Errorf("got %+v, want changed %v", res, want)
			}
		}
		repo := w.open(t)
		on, err := repo.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// The same bytes, given to Commit itself.
		same := ChangeSet{Files: map[string][]byte{"apps/web/deploy.yaml": []byte("image: web:2\n")}, Message: "m"}
		if written, err := repo.Commit(t.Context(), on, same); err != nil || written.Changed || written.Commit != on.Head {
			t.Errorf("got %+v, %v", written, err)
		}
	})
}

func TestDryRunWritesNothing(t *testing.T) {
	inAll(t, func(t *testing.T, w *world) {
		before := w.tree(t)
		res, err := Apply(t.Context(), w.open(t), atOnce(Options{DryRun: true}), replace("web:1", "web:2", "apps/web/deploy.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		want := "diff --git a/apps/web/deploy.yaml b/apps/web/deploy.yaml\n--- a/apps/web/deploy.yaml\n+++ b/apps/web/deploy.yaml\n@@ -1 +1 @@\n-image: web:1\n+image: web:2\n"
		if diff := cmp.Diff(want, res.Diff); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(before, w.tree(t)); diff != "" {
			t.Error(diff)
		}
	})
}

// Somebody writes to the same file after it was read: both edits are in the end.
func TestForeignEditIsKept(t *testing.T) {
	inAll(t, func(t *testing.T, w *world) {
		mine := replace("web:1", "web:2", "apps/web/deploy.yaml")
		calls := 0
		edit := func(on *Snapshot) (ChangeSet, error) {
			if calls++; calls == 1 {
				w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "replicas: 3\nimage: web:1\n"}, testkit.GitFile{Path: "apps/new.yaml", Data: "new\n"})
			}
			return mine(on)
		}
		var log strings.Builder
		res, err := Apply(t.Context(), w.open(t), atOnce(Options{Log: &log}), edit)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.read(t, "apps/web/deploy.yaml"); got != "replicas: 3\nimage: web:2\n" || w.read(t, "apps/new.yaml") != "new\n" {
			t.Errorf("got %q", got)
		}
		if res.Attempts != 2 || !strings.Contains(log.String(), "attempt 1: ") {
			t.Errorf("got %+v, log %q", res, log.String())
		}
	})
}

func TestStaleSnapshotChangesNothing(t *testing.T) {
	inAll(t, func(t *testing.T, w *world) {
		repo := w.open(t)
		on, err := repo.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "theirs\n"})
		_, err = repo.Commit(t.Context(), on, ChangeSet{Files: map[string][]byte{"apps/web/deploy.yaml": []byte("mine\n")}, Message: "m"})
		if !errors.Is(err, ErrStale) {
			t.Errorf("got %v", err)
		}
		if got := w.read(t, "apps/web/deploy.yaml"); got != "theirs\n" {
			t.Errorf("got %q", got)
		}
	})
}

// Twelve runs bump twelve lines of one file at once.
func TestConcurrentWritersAllLand(t *testing.T) {
	const writers = 12
	inAll(t, func(t *testing.T, w *world) {
		var lines strings.Builder
		for i := range writers {
			fmt.Fprintf(&lines, "app%02d: old\n", i)
		}
		w.write(t, testkit.GitFile{Path: "all.yaml", Data: lines.String()})
		var group sync.WaitGroup
		for i := range writers {
			repo := w.open(t, "all.yaml")
			group.Go(func() {
				app := fmt.Sprintf("app%02d: ", i)
				res, err := Apply(t.Context(), repo, atOnce(Options{}), replace(app+"old", app+"new", "all.yaml"))
				if err != nil {
					t.Errorf("writer %d: %v", i, err)
				} else if !res.Written.Changed {
					t.Errorf("writer %d wrote nothing", i)
				}
			})
		}
		group.Wait()
		if got, want := w.read(t, "all.yaml"), strings.ReplaceAll(lines.String(), "old", "new"); got != want {
			t.Error(cmp.Diff(want, got))
		}
		if w.repo == nil {
			return
		}
		if got := w.repo.Git("rev-list", "--count", "main"); got != fmt.Sprint(2+writers) {
			t.Errorf("%s commits, want %d", got, 2+writers)
		}
		if merges := w.repo.Git("rev-list", "--min-parents=2", "main"); merges != "" {
			t.Errorf("history is not linear: %s", merges)
		}
	})
}
