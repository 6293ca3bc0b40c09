package infra

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// startHTTP is a world behind HTTP with the usual files.
func startHTTP(t *testing.T) *world {
	isolate(t)
	w := newHTTP(t)
	w.name = "http"
	w.write(t, start...)
	return w
}

func TestAnswerLostAfterThePushTookEffect(t *testing.T) {
	// git may send the request again by itself: then the second one is refused,
	// unless it is lost as well.
	for name, drops := range map[string]int{"the first": 1, "all": 100} {
		t.Run(name, func(t *testing.T) {
			w := startHTTP(t)
			w.server.DropPushes(drops)
			res, err := Apply(t.Context(), w.open(t), atOnce(Options{}), replace("web:1", "web:2", "apps/web/deploy.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			if res.Attempts != 1 || res.Written.Commit != w.repo.Tip("main") || !res.Written.Changed {
				t.Errorf("got %+v", res)
			}
			if got := w.repo.Git("rev-list", "--count", "main"); got != "2" {
				t.Errorf("%s commits", got)
			}
		})
	}
}

// The answer is lost, and somebody builds on the commit before it is looked at.
func TestAnswerLostAndBuiltUpon(t *testing.T) {
	w := startHTTP(t)
	repo := w.open(t)
	on := mustRead(t, repo)
	w.server.DropPushes(1)
	w.server.OnAnswered(func() { w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "later\n"}) })
	written, err := repo.Commit(t.Context(), on, bump("mine\n"))
	if err != nil || !written.Changed || written.Commit != w.repo.Git("rev-parse", "main~1") {
		t.Errorf("got %+v, %v", written, err)
	}
	if got := w.read(t, "apps/web/deploy.yaml"); got != "later\n" {
		t.Errorf("got %q", got)
	}
}

func TestBranchMovesDuringThePush(t *testing.T) {
	for name, at := range map[string]func(*testkit.GitServer, func()){
		"before refs are read": (*testkit.GitServer).OnAdvertise,
		"after refs are read":  (*testkit.GitServer).OnPush,
	} {
		t.Run(name, func(t *testing.T) {
			w := startHTTP(t)
			at(w.server, func() { w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "theirs\nimage: web:1\n"}) })
			res, err := Apply(t.Context(), w.open(t), atOnce(Options{}), replace("web:1", "web:2", "apps/web/deploy.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			if got := w.read(t, "apps/web/deploy.yaml"); got != "theirs\nimage: web:2\n" || res.Attempts != 2 {
				t.Errorf("got %q after %d attempts", got, res.Attempts)
			}
		})
	}
}

func TestHostSaysNo(t *testing.T) {
	cases := map[string]struct {
		set  func(*world)
		code string
		text string
	}{
		"no such repository": {func(w *world) { w.server.Answer(404, "") }, "E_GIT_NOT_FOUND", "not found"},
		"may not read":       {func(w *world) { w.server.Answer(403, "") }, "E_GIT_AUTH", "403"},
		"may not write":      {func(w *world) { w.server.Answer(403, "git-receive-pack") }, "E_GIT_AUTH", "403"},
		"broken":             {func(w *world) { w.server.Answer(500, "") }, "E_GIT_UNREACHABLE", "500"},
		"broken for pushes":  {func(w *world) { w.server.Answer(502, "git-receive-pack") }, "E_GIT_UNREACHABLE", "502"},
		"wrong token":        {func(w *world) { w.remote.Token = "wrong" + token }, "E_GIT_AUTH", ""},
		"no token":           {func(w *world) { w.remote.Token = "" }, "E_GIT_AUTH", ""},
		"nobody listens":     {func(w *world) { w.remote.URL = "http://127.0.0.1:1/infra.git" }, "E_GIT_UNREACHABLE", ""},
		"protected": {func(w *world) {
			w.repo.Refuse("error: GH006: Protected branch update failed for refs/heads/main.\n\n- Changes must be made through a pull request.")
		}, "E_GIT_PROTECTED", "- Changes must be made through a pull request."},
		"ruleset": {func(w *world) {
			w.repo.Refuse("error: GH013: Repository rule violations found for refs/heads/main.")
		}, "E_GIT_PROTECTED", "GH013"},
		"a hook": {func(w *world) { w.repo.Refuse("no deploys on fridays, " + token) }, "E_GIT_REFUSED", "no deploys on fridays, ***"},
		"a token in the URL": {func(w *world) {
			w.remote.URL = strings.Replace(w.remote.URL, "://", "://x:"+token+"@", 1)
		}, "E_GIT_URL_SECRET", "***@127.0.0.1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := startHTTP(t)
			c.set(w)
			_, err := Apply(t.Context(), w.open(t), atOnce(Options{}), replace("web:1", "web:2", "apps/web/deploy.yaml"))
			if fault.Code(err) != c.code || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %s: %v", fault.Code(err), err)
			}
			if strings.Contains(fmt.Sprintf("%+v", err), token) || strings.Contains(fault.All(err)[0].Hint, token) {
				t.Errorf("the token is in the error: %v", err)
			}
			if got := w.repo.Git("rev-list", "--count", "main"); got != "1" {
				t.Errorf("%s commits", got)
			}
		})
	}
}

func TestUnreachableIsTriedAgain(t *testing.T) {
	w := startHTTP(t)
	w.server.Answer(503, "")
	calls := 0
	o := Options{Sleep: func(ctx context.Context, _ time.Duration) error {
		if calls++; calls == 2 {
			w.server.Answer(0, "")
		}
		return ctx.Err()
	}}
	res, err := Apply(t.Context(), w.open(t), o, replace("web:1", "web:2", "apps/web/deploy.yaml"))
	if err != nil || res.Attempts != 3 {
		t.Errorf("got %+v, %v", res, err)
	}
}

func TestPrivateRepository(t *testing.T) {
	w := startHTTP(t)
	w.server.Private()
	if _, err := Apply(t.Context(), w.open(t), atOnce(Options{}), replace("web:1", "web:2", "apps/web/deploy.yaml")); err != nil {
		t.Error(err)
	}
	w.remote.Token = "wrong"
	_, err := w.open(t).Read(t.Context())
	if fault.Code(err) != "E_GIT_AUTH" || !strings.Contains(fault.All(err)[0].Hint, "was refused") {
		t.Errorf("got %v", err)
	}
}

// Hosts of many ages: without filters, without single objects, with neither.
func TestOldHosts(t *testing.T) {
	for name, set := range map[string]func(*world){
		"no filters": func(w *world) { w.repo.Git("config", "uploadpack.allowFilter", "false") },
		"version 0":  func(w *world) { w.server.ProtocolV0() },
		"version 0, no filters": func(w *world) {
			w.server.ProtocolV0()
			w.repo.Git("config", "uploadpack.allowFilter", "false")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := startHTTP(t)
			w.repo.Commit("main", "second", testkit.GitFile{Path: "more.yaml", Data: "x\n"})
			set(w)
			calls := 0
			mine := replace("web:1", "web:2", "apps/web/deploy.yaml")
			edit := func(on *Snapshot) (ChangeSet, error) {
				if calls++; calls == 1 {
					w.write(t, testkit.GitFile{Path: "more.yaml", Data: "theirs\n"})
				}
				return mine(on)
			}
			if _, err := Apply(t.Context(), w.open(t), atOnce(Options{}), edit); err != nil {
				t.Fatal(err)
			}
			if w.read(t, "apps/web/deploy.yaml") != "image: web:2\n" || w.read(t, "more.yaml") != "theirs\n" {
				t.Error("an edit is lost")
			}
		})
	}
}

func TestCancelledDuringThePush(t *testing.T) {
	w := startHTTP(t)
	temp, before := t.TempDir(), w.repo.Tip("main")
	repo := w.openWith(t, GitOptions{Temp: temp})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.server.OnAdvertise(cancel)
	_, err := Apply(ctx, repo, atOnce(Options{}), replace("web:1", "web:2", "apps/web/deploy.yaml"))
	if !errors.Is(err, context.Canceled) || w.repo.Tip("main") != before {
		t.Errorf("got %v", err)
	}
	if err := repo.Close(); err != nil {
		t.Fatal(err)
	}
	if left := entriesOf(t, temp); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// The head that was seen is gone when it is fetched, and the host sends only
// what a ref names.
func TestHeadMovesDuringRead(t *testing.T) {
	for name, version0 := range map[string]bool{"version 0": true, "version 2": false} {
		t.Run(name, func(t *testing.T) {
			w := startHTTP(t)
			if version0 {
				w.server.ProtocolV0()
			}
			reads := 0
			w.server.OnRead(func() {
				if reads++; reads == 2 {
					w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "theirs\nimage: web:1\n"})
				}
			})
			if _, err := Apply(t.Context(), w.open(t), atOnce(Options{}), replace("web:1", "web:2", "apps/web/deploy.yaml")); err != nil {
				t.Fatal(err)
			}
			if got := w.read(t, "apps/web/deploy.yaml"); got != "theirs\nimage: web:2\n" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// Only the blobs of the selected files travel, and only one commit.
func TestOtherBlobsAreNotFetched(t *testing.T) {
	w := startHTTP(t)
	w.write(t, testkit.GitFile{Path: "big/data.bin", Data: strings.Repeat("0123456789abcdef", 1<<16)}, testkit.GitFile{Path: "big/values.yaml", Data: "x: 1\n"})
	repo, err := NewGit(GitOptions{Remote: w.remote, Paths: mustParse(t, "apps/web"), Temp: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = repo.Close() }()
	w.server.Sent()
	if _, err := repo.Commit(t.Context(), mustRead(t, repo), bump("new\n")); err != nil {
		t.Fatal(err)
	}
	missing, err := repo.repo.Run(t.Context(), git.Call{Args: []string{"rev-list", "--objects", "--missing=print", repo.head}})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"big/data.bin": true, "big/values.yaml": true, "README.md": false, "apps/web/deploy.yaml": false} {
		id := w.repo.Git("rev-parse", "main~1:"+path) // README.md has the bytes of a selected file
		if got := strings.Contains(missing, "?"+id); got != want {
			t.Errorf("%s is missing: %v, want %v", path, got, want)
		}
	}
	if sent := w.server.Sent(); sent > 16<<10 {
		t.Errorf("%d bytes were sent", sent)
	}
	if requests := w.server.Requests(); len(requests) > 10 {
		t.Errorf("%d requests: %q", len(requests), requests)
	}
}

// A wrapper around git writes down what anybody on the machine could see.
func TestTokenIsNotSeen(t *testing.T) {
	w := startHTTP(t)
	w.server.Private()
	bin, seen := t.TempDir(), filepath.Join(t.TempDir(), "seen")
	script := "#!/bin/sh\n{ printf '%s\\n' \"$@\"; env | sed 's/=.*//'; } >> \"$SEEN\"\nPATH=${PATH#*:} exec git \"$@\"\n"
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SEEN", seen)
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	temp := t.TempDir()
	repo := w.openWith(t, GitOptions{Temp: temp})
	if _, err := repo.Propose(t.Context(), mustRead(t, repo), Proposal{Branch: proposal}, bump("new\n")); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	log, err := os.ReadFile(seen)
	if err != nil {
		t.Fatal(err)
	}
	text.Write(log)
	for _, name := range list(t, os.DirFS(temp)) { // and what is on the disk
		data, err := os.ReadFile(filepath.Join(temp, name))
		if err != nil {
			t.Fatal(err)
		}
		text.Write(data)
	}
	if !strings.Contains(text.String(), "push\n--porcelain") || !strings.Contains(text.String(), "GIT_CONFIG_COUNT") {
		t.Fatal("the wrapper saw nothing")
	}
	for _, secret := range w.remote.Secrets() {
		if strings.Contains(text.String(), secret) {
			t.Errorf("%s is seen", secret)
		}
	}
}

func mustParse(t testing.TB, paths ...string) Paths {
	t.Helper()
	p, err := ParsePaths(paths, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// BenchmarkRead reads ten files in a repository of many, over HTTP.
func BenchmarkRead(b *testing.B) {
	for _, count := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("%d files", count), func(b *testing.B) {
			s := testkit.NewGitServer(b, token)
			files := make([]testkit.GitFile, count)
			for i := range files {
				files[i] = testkit.GitFile{Path: fmt.Sprintf("apps/%03d/%03d/deploy.yaml", i/100, i%100), Data: strings.Repeat(fmt.Sprintf("line of file %d\n", i), 100)}
			}
			s.Repo("infra").Commit("main", "first", files...)
			paths := mustParse(b, "apps/000/00?")
			s.Sent()
			s.Requests()
			for b.Loop() {
				repo, err := NewGit(GitOptions{Remote: git.Remote{URL: s.URL + "/infra.git"}, Paths: paths})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := repo.Read(b.Context()); err != nil {
					b.Fatal(err)
				}
				if err := repo.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(s.Sent())/float64(b.N), "fetched-B/op")
			b.ReportMetric(float64(len(s.Requests()))/float64(b.N), "requests/op")
		})
	}
}
