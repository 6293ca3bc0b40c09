package infra

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

const token = "s3cret-token-of-the-tests"

// world is an infra repository in one of its forms, with a way to look at it and
// to write to it as somebody else does.
type world struct {
	name   string
	repo   *testkit.GitRepo   // nil for a plain folder
	server *testkit.GitServer // nil but for HTTP
	remote git.Remote
	folder string // the plain folder, where repo is nil

	hub    *hub.Hub // nil but for the API
	github *hub.Repo
}

// start is what every world holds at first. Two files hold the same bytes.
var start = []testkit.GitFile{
	{Path: "apps/web/deploy.yaml", Data: "image: web:1\n"},
	{Path: "apps/web/same.yaml", Data: "image: web:1\n"},
	{Path: "apps/api/crlf.yml", Data: "kind: X\r\nimage: api:1"},
	{Path: "apps/run.yaml", Mode: "100755", Data: "#!/bin/x\nimage: web:1\n"},
	{Path: "apps/link.yaml", Mode: "120000", Data: "web/deploy.yaml"},
	{Path: "apps/linked", Mode: "120000", Data: "web"},
	{Path: "kustomize/Kustomization", Data: "images: []\n"},
	{Path: "with blank/ä.json", Data: "{}\n"},
	{Path: ".github/workflows/ci.yaml", Data: "image: web:1\n"},
	{Path: "README.md", Data: "image: web:1\n"},
}

var gitWorlds = map[string]func(*testing.T) *world{
	"bare folder": func(t *testing.T) *world {
		r := testkit.NewGitRepo(t, filepath.Join(t.TempDir(), "infra.git"), "--bare")
		return &world{repo: r, remote: git.Remote{URL: r.Dir}}
	},
	"file URL": func(t *testing.T) *world {
		r := testkit.NewGitRepo(t, filepath.Join(t.TempDir(), "infra.git"), "--bare")
		return &world{repo: r, remote: git.Remote{URL: "file://" + r.Dir}}
	},
	"http": newHTTP,
}

func newHTTP(t *testing.T) *world {
	s := testkit.NewGitServer(t, token)
	return &world{repo: s.Repo("infra"), server: s, remote: git.Remote{URL: s.URL + "/infra.git", Token: token}}
}

// inGit runs a test in every world that has commits; inHosts also in those that are
// reached through an API, and inAll in plain folders too.
func inGit(t *testing.T, test func(*testing.T, *world)) { inEach(t, gitWorlds, test) }

func inHosts(t *testing.T, test func(*testing.T, *world)) {
	inGit(t, test)
	inEach(t, map[string]func(*testing.T) *world{"API": newAPI, "API and git": newAPIAndGit}, test)
}

func inEach(t *testing.T, worlds map[string]func(*testing.T) *world, test func(*testing.T, *world)) {
	for name, create := range worlds {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			w := create(t)
			w.name = name
			w.write(t, start...)
			test(t, w)
		})
	}
}

func inAll(t *testing.T, test func(*testing.T, *world)) {
	inHosts(t, test)
	t.Run("files", func(t *testing.T) {
		w := &world{name: "files", folder: t.TempDir()}
		w.write(t, start...)
		test(t, w)
	})
}

// isolate keeps the configuration of this machine out of a test.
func isolate(t *testing.T) {
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
}

// clock is the time of every commit in the tests.
func clock() time.Time { return time.Unix(1_800_000_000, 0) }

type closer interface {
	Repo
	Close() error
}

// open reaches the world's repository; paths are those of the user.
func (w *world) open(t *testing.T, paths ...string) closer {
	t.Helper()
	p, err := ParsePaths(paths, nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.openWith(t, GitOptions{Paths: p})
}

func (w *world) openWith(t *testing.T, o GitOptions) closer {
	t.Helper()
	var r closer
	var err error
	switch {
	case w.repo == nil:
		r, err = OpenFiles(w.folder, o.Paths)
	case w.hub != nil:
		r = w.openGitHub(t, GitHubOptions{Branch: o.Branch, Paths: o.Paths, Author: o.Author, Proposal: proposal})
	default:
		o.Remote, o.Now = w.remote, clock
		if o.Temp == "" {
			o.Temp = t.TempDir()
		}
		r, err = NewGit(o)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// write changes files as somebody else.
func (w *world) write(t *testing.T, files ...testkit.GitFile) {
	t.Helper()
	if w.repo != nil {
		w.repo.Commit("main", "somebody's work", files...)
		return
	}
	for _, f := range files {
		name := filepath.Join(w.folder, f.Path)
		err := os.MkdirAll(filepath.Dir(name), 0o755)
		switch {
		case err != nil:
		case f.Mode == "120000":
			err = os.Symlink(f.Data, name)
		case f.Mode == "100755":
			err = os.WriteFile(name, []byte(f.Data), 0o755)
		default:
			err = os.WriteFile(name, []byte(f.Data), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// read is a file's content on the branch.
func (w *world) read(t *testing.T, name string) string {
	t.Helper()
	if w.repo != nil {
		return w.repo.Read("main", name)
	}
	data, err := os.ReadFile(filepath.Join(w.folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// tree is every path with what is there: mode and content, in one string.
func (w *world) tree(t *testing.T) map[string]string {
	t.Helper()
	if w.repo != nil {
		return w.repo.Tree("main")
	}
	tree := map[string]string{}
	err := filepath.WalkDir(w.folder, func(full string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimPrefix(full, w.folder+"/")
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(full)
			tree[name] = "-> " + target
			return err
		}
		data, err := os.ReadFile(full)
		tree[name] = fmt.Sprintf("%v %s", info.Mode(), data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// replace is an edit that replaces a text in some files.
func replace(before, after string, names ...string) Edit {
	return func(on *Snapshot) (ChangeSet, error) {
		c := ChangeSet{Files: map[string][]byte{}, Message: "Change " + before + " to " + after + "\n\nTagboat-Test: yes\n"}
		for _, name := range names {
			data, err := fs.ReadFile(on.Files, name)
			if err != nil {
				return c, err
			}
			c.Files[name] = []byte(strings.ReplaceAll(string(data), before, after))
		}
		return c, nil
	}
}

// atOnce are options under which nothing is waited for.
func atOnce(o Options) Options {
	o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return o
}

func list(t *testing.T, files fs.FS) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
