package version_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/version"
)

// repository is a new folder with so many commits, the oldest first.
func repository(t testing.TB, commits int) (r git.Repo, ids []string) {
	t.Helper()
	home := t.TempDir()
	r = git.Repo{Dir: home, Env: []string{
		"HOME=" + home, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_AUTHOR_DATE=1700000000 +0000",
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org", "GIT_COMMITTER_DATE=1700000000 +0000",
	}}
	do(t, r, "init", "-q", "-b", "main", ".")
	var stream strings.Builder
	for range commits {
		stream.WriteString("commit refs/heads/main\ncommitter Ada <ada@example.org> 1700000000 +0000\ndata 1\nx\n")
	}
	if _, err := r.Run(t.Context(), git.Call{Args: []string{"fast-import", "--quiet"}, Stdin: strings.NewReader(stream.String())}); err != nil {
		t.Fatal(err)
	}
	ids = strings.Fields(do(t, r, "rev-list", "--reverse", "main"))
	return r, ids
}

// bare is an empty repository to push to.
func bare(t testing.TB, from git.Repo) (path string, r git.Repo) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "remote.git")
	do(t, from, "init", "-q", "--bare", path)
	return path, git.Repo{Dir: path, Env: from.Env}
}

func do(t testing.TB, r git.Repo, args ...string) string {
	t.Helper()
	out, err := r.Run(t.Context(), git.Call{Args: args})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGitStoreClaims(t *testing.T) {
	source, ids := repository(t, 3)
	path, _ := bare(t, source)
	other, _ := bare(t, source)
	do(t, source, "push", "-q", other, "main")
	for name, store := range map[string]version.GitStore{
		"bare remote, from a folder": {Repo: source, Remote: git.Remote{URL: path}},
		"the folder itself":          {Repo: source},
		"the bare folder itself":     {Repo: git.Repo{Dir: other, Env: source.Env}},
	} {
		t.Run(name, func(t *testing.T) {
			for i, id := range []string{ids[0], ids[2], ids[0]} {
				got, err := version.Allocate(t.Context(), store, version.Request{Prefix: "cms/", Commit: id, Pause: atOnce})
				if err != nil {
					t.Fatal(err)
				}
				tag := ref.Tag([]string{"v0.0.1", "v0.0.2", "v0.0.1"}[i])
				want := version.Allocation{Tag: tag, Ref: "refs/tags/cms/" + string(tag), Commit: id, Already: i == 2, Attempts: []int{1, 2, 1}[i]}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestGitStoreReadsWhatIsThere(t *testing.T) {
	source, ids := repository(t, 2)
	do(t, source, "tag", "v0.0.7", ids[0])
	do(t, source, "tag", "-a", "-m", "release", "v0.0.9", ids[1])
	do(t, source, "tag", "v0.0.08", ids[1])
	do(t, source, "tag", "v0.0", ids[1])
	do(t, source, "tag", "v0.0.9999999999999999999", ids[1])
	do(t, source, "tag", "cms/v0.0.20", ids[1])
	do(t, source, "update-ref", "refs/fork/refs/tags/v0.0.30", ids[1])
	do(t, source, "update-ref", "refs/tagboat/versions/v0.0.12", ids[0])
	view, err := version.GitStore{Repo: source}.Read(t.Context(), version.Scope{Prefixes: []string{"refs/tags/v0.0.", "refs/tagboat/versions/v0.0."}})
	want := map[string]string{"refs/tags/v0.0.7": ids[0], "refs/tags/v0.0.9": ids[1], "refs/tags/v0.0.08": ids[1], "refs/tags/v0.0.9999999999999999999": ids[1], "refs/tagboat/versions/v0.0.12": ids[0]}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, view.Refs); diff != "" {
		t.Error(diff)
	}
	got, err := version.Allocate(t.Context(), version.GitStore{Repo: source}, version.Request{Commit: ids[1]})
	if err != nil || got.Tag != "v0.0.9" || !got.Already {
		t.Errorf("the annotated tag's commit got %+v, %v", got, err)
	}
}

// A tag below a number's name keeps git from creating the tag of that number.
func TestNumberThatIsAFolder(t *testing.T) {
	source, ids := repository(t, 2)
	do(t, source, "tag", "v0.0.2", ids[0])
	do(t, source, "tag", "v0.0.3/foo", ids[1])
	got, err := version.Allocate(t.Context(), version.GitStore{Repo: source}, version.Request{Commit: ids[1], Pause: atOnce})
	if err != nil || got.Tag != "v0.0.4" || got.Already {
		t.Errorf("got %+v, %v", got, err)
	}
}

// Sixty jobs of sixty commits ask one repository at the same time.
func TestSixtyCommitsAtOnce(t *testing.T) {
	const claims = 60
	source, ids := repository(t, claims)
	path, remote := bare(t, source)
	store := version.GitStore{Repo: source, Remote: git.Remote{URL: path}}
	got := allocateAll(t, store, ids)
	var want []string
	for n := range claims {
		tag := (version.Series{}).Tag(version.Number(n + 1))
		if !slices.ContainsFunc(got, func(a version.Allocation) bool { return a.Tag == tag }) {
			t.Errorf("nobody got %s", tag)
		}
		want = append(want, string(tag))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, strings.Fields(do(t, remote, "tag", "--list"))); diff != "" {
		t.Error(diff)
	}
	for _, a := range got {
		if at := do(t, remote, "rev-parse", a.Ref); at != a.Commit {
			t.Errorf("%s is at %s, and %s was told that it has it", a.Tag, at, a.Commit)
		}
	}
}

// Ten jobs of one commit, as in a matrix.
func TestOneCommitTenTimes(t *testing.T) {
	source, ids := repository(t, 1)
	path, remote := bare(t, source)
	store := version.GitStore{Repo: source, Remote: git.Remote{URL: path}}
	for _, a := range allocateAll(t, store, slices.Repeat(ids, 10)) {
		if a.Tag != "v0.0.1" {
			t.Errorf("got %+v", a)
		}
	}
	if tags := do(t, remote, "tag", "--list"); tags != "v0.0.1" {
		t.Errorf("tags are %q", tags)
	}
}

// allocateAll claims for all commits at once.
func allocateAll(t testing.TB, store version.Store, commits []string) []version.Allocation {
	got := make([]version.Allocation, len(commits))
	var all sync.WaitGroup
	for i, id := range commits {
		all.Go(func() {
			var err error
			if got[i], err = version.Allocate(t.Context(), store, version.Request{Commit: id, AllowOlder: true}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return got
}

// hook lets the remote refuse a push in these words.
func hook(t testing.TB, remote git.Repo, name, script string) {
	t.Helper()
	path := filepath.Join(remote.Dir, "hooks", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestGitStoreRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		hook string
		code string
		told string
		hint string
	}{
		"ruleset": {
			hook: `echo "error: GH013: Repository rule violations found for refs/tags/v0.0.1." >&2; exit 1`,
			code: "E_VERSION_DENIED", told: "refs/tags/v0.0.1", hint: "Rulesets",
		},
		"somebody's own hook": {
			hook: `echo "tags are made on Mondays" >&2; exit 1`,
			code: "E_VERSION_DENIED", told: "tags are made on Mondays", hint: "rule of the repository",
		},
	} {
		t.Run(name, func(t *testing.T) {
			source, ids := repository(t, 1)
			path, remote := bare(t, source)
			hook(t, remote, "pre-receive", test.hook)
			_, err := version.Allocate(t.Context(), version.GitStore{Repo: source, Remote: git.Remote{URL: path}},
				version.Request{Commit: ids[0], Pause: atOnce})
			all := fault.All(err)
			if len(all) != 1 || all[0].Code != test.code || !strings.Contains(all[0].Error(), test.told) || !strings.Contains(all[0].Hint, test.hint) {
				t.Errorf("got %s %v, hint %q", fault.Code(err), err, all[0].Hint)
			}
		})
	}
}

func TestCommitThatIsNotThere(t *testing.T) {
	source, ids := repository(t, 2)
	path, _ := bare(t, source)
	shallow := git.Repo{Dir: filepath.Join(t.TempDir(), "shallow"), Env: source.Env}
	do(t, source, "clone", "-q", "--depth=1", "file://"+source.Dir, shallow.Dir)
	for name, test := range map[string]struct {
		repo   git.Repo
		commit string
	}{
		"nowhere":                      {source, commit(1)},
		"not in the shallow clone":     {shallow, ids[0]},
		"without its parents anywhere": {shallow, ids[1]},
		"a tree":                       {source, do(t, source, "rev-parse", "main^{tree}")},
	} {
		t.Run(name, func(t *testing.T) {
			store := version.GitStore{Repo: test.repo, Remote: git.Remote{URL: path}}
			_, err := version.Allocate(t.Context(), store, version.Request{Commit: test.commit, Pause: atOnce})
			if all := fault.All(err); fault.Code(err) != "E_COMMIT_UNKNOWN" || !strings.Contains(all[0].Hint, "fetch-depth") {
				t.Errorf("got %s %v", fault.Code(err), err)
			}
		})
	}
	t.Run("shallow is enough where the remote has it", func(t *testing.T) {
		do(t, source, "push", "-q", path, "main")
		store := version.GitStore{Repo: shallow, Remote: git.Remote{URL: path}}
		if got, err := version.Allocate(t.Context(), store, version.Request{Commit: ids[1], Pause: atOnce}); err != nil || got.Tag != "v0.0.1" {
			t.Errorf("got %+v and %v", got, err)
		}
	})
}

func TestNoRepositoryThere(t *testing.T) {
	source, ids := repository(t, 1)
	store := version.GitStore{Repo: source, Remote: git.Remote{URL: filepath.Join(t.TempDir(), "none.git")}}
	_, err := version.Allocate(t.Context(), store, version.Request{Commit: ids[0], Pause: atOnce})
	if fault.Code(err) != "E_GIT_NOT_FOUND" {
		t.Errorf("got %v", err)
	}
}

// The process is killed after its tag was created: the next run of the same
// commit finds it.
func TestKilledBetweenCreateAndAnswer(t *testing.T) {
	source, ids := repository(t, 2)
	path, remote := bare(t, source)
	store := version.GitStore{Repo: source, Remote: git.Remote{URL: path}}
	ctx, kill := context.WithCancel(t.Context())
	_, err := version.Allocate(ctx, killing{store, kill}, version.Request{Commit: ids[0], Pause: atOnce})
	if err == nil {
		t.Fatal("the killed run got its answer")
	}
	if _, err := version.Allocate(t.Context(), store, version.Request{Commit: ids[1]}); err != nil {
		t.Fatal(err)
	}
	got, err := version.Allocate(t.Context(), store, version.Request{Commit: ids[0]})
	if err != nil || got.Tag != "v0.0.1" || !got.Already {
		t.Errorf("the next run got %+v and %v", got, err)
	}
	if tags := do(t, remote, "tag", "--list"); tags != "v0.0.1\nv0.0.2" {
		t.Errorf("tags are %q", tags)
	}
}

// killing ends the claim when its tag has been created.
type killing struct {
	version.GitStore
	kill context.CancelFunc
}

func (k killing) Write(ctx context.Context, updates ...git.Update) error {
	err := k.GitStore.Write(ctx, updates...)
	k.kill()
	if err != nil {
		return err
	}
	return ctx.Err()
}
