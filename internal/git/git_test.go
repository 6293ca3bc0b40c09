package git

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/run"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

func isolate(t *testing.T) {
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
}

func bare(t *testing.T) *testkit.GitRepo {
	isolate(t)
	return testkit.NewGitRepo(t, filepath.Join(t.TempDir(), "r.git"), "--bare")
}

func TestCallersConfigurationIsExtended(t *testing.T) {
	r := bare(t)
	t.Setenv("GIT_CONFIG_COUNT", "2")
	t.Setenv("GIT_CONFIG_KEY_0", "user.name")
	t.Setenv("GIT_CONFIG_VALUE_0", "caller")
	t.Setenv("GIT_CONFIG_KEY_1", "core.hooksPath")
	t.Setenv("GIT_CONFIG_VALUE_1", "/hooks")
	repo := Repo{Dir: r.Dir}
	for key, want := range map[string]string{"user.name": "caller", "core.hooksPath": os.DevNull, "tagboat.x": "y=z"} {
		got, err := repo.Run(t.Context(), Call{Args: []string{"config", key}, Config: []Setting{{"tagboat.x", "y=z"}}})
		if got != want || err != nil {
			t.Errorf("%s is %q, %v, want %q", key, got, err, want)
		}
	}
	t.Setenv("GIT_CONFIG_COUNT", "many")
	if got, err := repo.Run(t.Context(), Call{Args: []string{"config", "gc.auto"}}); got != "0" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// Started from a hook or an alias, git has the caller's repository in its environment.
func TestCallersRepositoryIsLeftAlone(t *testing.T) {
	r := bare(t)
	for _, name := range []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE"} {
		t.Setenv(name, "/elsewhere")
	}
	got, err := Repo{Dir: r.Dir}.Run(t.Context(), Call{Args: []string{"rev-parse", "--absolute-git-dir"}})
	if want, _ := filepath.EvalSymlinks(r.Dir); got != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// git itself knows which variables those are.
func TestForeignIsWhatGitSays(t *testing.T) {
	r := bare(t)
	for name := range strings.Lines(r.Git("rev-parse", "--local-env-vars")) {
		name = strings.TrimSpace(name)
		if carries := name == "GIT_CONFIG_COUNT" || name == "GIT_CONFIG_PARAMETERS"; !carries && !slices.Contains(foreign, name) {
			t.Errorf("%s gets through", name)
		}
	}
}

func TestHooksOfTheUserDoNotRun(t *testing.T) {
	r := bare(t)
	id := r.Commit("main", "first")
	ran := filepath.Join(t.TempDir(), "ran")
	for _, hook := range []string{"pre-push", "reference-transaction"} {
		script := "#!/bin/sh\ntouch " + ran + "\nexit 1\n"
		if err := os.MkdirAll(filepath.Join(r.Dir, "hooks"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(r.Dir, "hooks", hook), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	other := testkit.NewGitRepo(t, filepath.Join(t.TempDir(), "o.git"), "--bare")
	repo := Repo{Dir: r.Dir}
	results, err := repo.Push(t.Context(), Remote{URL: other.Dir}, Update{Ref: "refs/heads/main", New: id})
	if err != nil || results[0].Status != Done {
		t.Errorf("got %+v, %v", results, err)
	}
	if _, err := repo.Run(t.Context(), Call{Args: []string{"update-ref", "refs/heads/x", id}}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a hook ran")
	}
}

func TestTokenGoesToItsURLAlone(t *testing.T) {
	secret := "tok"
	for url, want := range map[string]bool{"https://h/o/n.git": true, "http://h/o/n.git": true, "ssh://git@h/o": false, "git@h:o/n": false, "/folder": false, "file:///folder": false} {
		settings := Remote{URL: url, Token: secret}.settings()
		if (len(settings) > 0) != want {
			t.Errorf("%s: got %v", url, settings)
		}
		for _, s := range settings[min(1, len(settings)):] {
			if s.Key != "http."+url+".extraheader" {
				t.Errorf("%s: got %s", url, s.Key)
			}
		}
	}
	if got := (Remote{URL: "https://h/o"}).settings(); got != nil {
		t.Errorf("without a token: %v", got)
	}
}

// A header and a helper in the user's configuration do not stand in for the token.
func TestTokenOutdoesTheConfiguration(t *testing.T) {
	isolate(t)
	s := testkit.NewGitServer(t, "right")
	s.Repo("x").Commit("main", "first")
	s.Private()
	config := filepath.Join(t.TempDir(), "config")
	text := "[http \"" + s.URL + "/\"]\n\textraheader = AUTHORIZATION: basic " + basic("wrong") + "\n[http]\n\textraheader = X-Other: 1\n" +
		"[credential]\n\thelper = \"!echo username=x; echo password=right; :\"\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CONFIG_GLOBAL", config)
	url := s.URL + "/x.git"
	if _, err := (Repo{}).LsRemote(t.Context(), Remote{URL: url, Token: "right"}); err != nil {
		t.Errorf("right token: %v", err)
	}
	if _, err := (Repo{}).LsRemote(t.Context(), Remote{URL: url, Token: "bad"}); fault.Code(err) != "E_GIT_AUTH" {
		t.Errorf("bad token: got %v", err)
	}
}

func TestExplain(t *testing.T) {
	remote := &Remote{URL: "https://h/o/n.git", Token: "tok-secret"}
	cases := map[string]struct{ stderr, code string }{
		"archived":    {"remote: This repository was archived so it is read-only.\nfatal: unable to access 'x': The requested URL returned error: 403", "E_GIT_AUTH"},
		"invisible":   {"remote: Repository not found.\nfatal: repository 'x' not found", "E_GIT_NOT_FOUND"},
		"no name":     {"fatal: could not read Username for 'https://h': terminal prompts disabled", "E_GIT_AUTH"},
		"dns":         {"fatal: unable to access 'x': Could not resolve host: h", "E_GIT_UNREACHABLE"},
		"5xx":         {"error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502", "E_GIT_UNREACHABLE"},
		"rate":        {"fatal: unable to access 'x': The requested URL returned error: 429", "E_GIT_UNREACHABLE"},
		"tls":         {"fatal: unable to access 'x': server certificate verification failed. CAfile: none", "E_GIT_TLS"},
		"owner":       {"fatal: detected dubious ownership in repository at '/x'", "E_GIT_OWNER"},
		"host key":    {"Host key verification failed.\nfatal: Could not read from remote repository.", "E_GIT_AUTH"},
		"hung up":     {"fatal: the remote end hung up unexpectedly", "E_GIT_UNREACHABLE"},
		"hung up on":  {"fatal: the receiving end does not support push options\nfatal: the remote end hung up unexpectedly", "E_UNEXPECTED"},
		"other words": {"fatal: who knows", "E_UNEXPECTED"},
	}
	for name, c := range cases {
		said := c.stderr + "\ntok-secret " + basic("tok-secret") + " https://me:pw@h/o"
		err := explain(&run.Error{Name: "git", Verb: "push", Code: 128, Stderr: said}, remote)
		if fault.Code(err) != c.code || !strings.HasPrefix(err.Error(), "https://h/o/n.git: git push: ") {
			t.Errorf("%s: got %s: %v", name, fault.Code(err), err)
		}
		for _, secret := range append(remote.Secrets(), "me:pw") {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %q is in %v", name, secret, err)
			}
		}
	}
	if got := explain(nil, remote); got != nil {
		t.Errorf("got %v", got)
	}
}

// The hint is git's own command line, with the folder in it.
func TestFolderOfSomebodyElse(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	isolate(t)
	r := testkit.NewGitRepo(t, filepath.Join(t.TempDir(), "it's mine.git"), "--bare")
	if err := os.Chown(r.Dir, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "safe.directory")
	t.Setenv("GIT_CONFIG_VALUE_0", "*")
	_, err := Repo{}.LsRemote(t.Context(), Remote{URL: r.Dir})
	want := `if you trust the folder: git config --global --add safe.directory '` + filepath.Dir(r.Dir) + `/it'\''s mine.git'`
	if got := fault.All(err)[0]; got.Code != "E_GIT_OWNER" || got.Hint != want {
		t.Errorf("got %s, hint %s", got.Code, got.Hint)
	}
}

func TestLsRemote(t *testing.T) {
	r := bare(t)
	id := r.Commit("main", "first")
	r.Commit("feature/main", "other")
	r.Git("update-ref", "refs/fork/refs/heads/main", id)
	r.Git("tag", "v0.0.1", id)
	r.Git("-c", "user.name=x", "-c", "user.email=x@example.com", "tag", "-a", "-m", "m", "v0.0.2", id)
	tagged := r.Git("rev-parse", "v0.0.2")
	feature := r.Tip("feature/main")
	cases := map[string]struct {
		patterns []string
		want     Refs
	}{
		"default": {[]string{"HEAD"}, Refs{"main", map[string]string{"HEAD": id}}},
		"branch":  {[]string{"refs/heads/main"}, Refs{"", map[string]string{"refs/heads/main": id}}},
		"both":    {[]string{"HEAD", "refs/heads/feature/main"}, Refs{"main", map[string]string{"HEAD": id, "refs/heads/feature/main": feature}}},
		"glob":    {[]string{"refs/heads/f*"}, Refs{"", map[string]string{"refs/heads/feature/main": feature}}},
		"tags":    {[]string{"refs/tags/v0.0.*"}, Refs{"", map[string]string{"refs/tags/v0.0.1": id, "refs/tags/v0.0.2": tagged, "refs/tags/v0.0.2^{}": id}}},
		"one tag": {[]string{"refs/tags/v0.0.2"}, Refs{"", map[string]string{"refs/tags/v0.0.2": tagged, "refs/tags/v0.0.2^{}": id}}},
		"nothing": {[]string{"refs/tags/v1"}, Refs{"", map[string]string{}}},
	}
	for name, c := range cases {
		got, err := Repo{}.LsRemote(t.Context(), Remote{URL: r.Dir}, c.patterns...)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	all, err := Repo{}.LsRemote(t.Context(), Remote{URL: r.Dir})
	if err != nil || len(all.IDs) != 7 || all.Commit("refs/tags/v0.0.2") != id || all.Commit("refs/tags/v0.0.1") != id {
		t.Errorf("got %v, %v", all, err)
	}
}
