package git

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

func TestPushLines(t *testing.T) {
	cases := map[string]struct {
		line   string
		old    string
		want   Status
		unsure bool
	}{
		"moved":             {" \ta:refs/heads/x\t1..2", "1", Done, false},
		"forced":            {"+\ta:refs/heads/x\t1...2 (forced update)", "1", Done, false},
		"new":               {"*\ta:refs/heads/x\t[new branch]", "", Done, false},
		"deleted":           {"-\t:refs/heads/x\t[deleted]", "1", Done, false},
		"same":              {"=\ta:refs/heads/x\t[up to date]", "1", Same, false},
		"lease":             {"!\ta:refs/heads/x\t[rejected] (stale info)", "1", Stale, false},
		"lease of none":     {"!\ta:refs/heads/x\t[rejected] (stale info)", "", Exists, false},
		"tag":               {"!\ta:refs/heads/x\t[rejected] (already exists)", "", Exists, false},
		"fetch first":       {"!\ta:refs/heads/x\t[rejected] (fetch first)", "1", Stale, false},
		"not forward":       {"!\ta:refs/heads/x\t[rejected] (non-fast-forward)", "1", Stale, false},
		"lock":              {"!\ta:refs/heads/x\t[remote rejected] (cannot lock ref 'refs/heads/x': is at 2 but expected 1)", "1", Stale, true},
		"update":            {"!\ta:refs/heads/x\t[remote rejected] (failed to update ref)", "1", Stale, true},
		"reference exists":  {"!\ta:refs/heads/x\t[remote rejected] (cannot lock ref 'refs/heads/x': reference already exists)", "", Exists, true},
		"no report":         {"!\ta:refs/heads/x\t[remote failure] (remote failed to report status)", "1", Stale, true},
		"forbidden":         {"!\ta:refs/heads/x\t[remote rejected] (non-fast-forward)", "1", Refused, false},
		"a hook":            {"!\ta:refs/heads/x\t[remote rejected] (pre-receive hook declined)", "1", Refused, false},
		"protected":         {"!\ta:refs/heads/x\t[remote rejected] (protected branch hook declined)", "1", Refused, false},
		"checked out":       {"!\ta:refs/heads/x\t[remote rejected] (branch is currently checked out)", "1", Refused, false},
		"nothing was said":  {"Done", "1", Stale, false},
		"nothing about new": {"To x", "", Exists, false},
	}
	for name, c := range cases {
		u := Update{Ref: "refs/heads/x", New: "a", Old: c.old}
		line := parsePush("To there\n" + c.line + "\nDone\n")[u.Ref]
		if got := line.judge(u, ""); got.Status != c.want || line.unsure(u, "") != c.unsure {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// pair is a repository to push from and a server to push to.
func pair(t *testing.T) (from Repo, ids []string, server *testkit.GitServer, to *testkit.GitRepo, remote Remote) {
	t.Helper()
	r := bare(t)
	for _, text := range []string{"one", "two", "three"} {
		ids = append(ids, r.Commit("main", text, testkit.GitFile{Path: "x", Data: text}))
	}
	server = testkit.NewGitServer(t, "tok")
	to = server.Repo("to")
	return Repo{Dir: r.Dir}, ids, server, to, Remote{URL: server.URL + "/to.git", Token: "tok"}
}

func statuses(results []Result) (all []Status) {
	for _, r := range results {
		all = append(all, r.Status)
	}
	return all
}

func TestPushIsCompareAndSwap(t *testing.T) {
	from, ids, _, to, remote := pair(t)
	steps := []struct {
		name    string
		updates []Update
		want    []Status
	}{
		{"create", []Update{{"refs/heads/a", ids[0], ""}, {"refs/tags/v1", ids[0], ""}}, []Status{Done, Done}},
		{"again", []Update{{"refs/tags/v1", ids[0], ""}, {"refs/heads/a", ids[0], ""}}, []Status{Same, Same}},
		{"taken", []Update{{"refs/tags/v1", ids[1], ""}, {"refs/tags/v2", ids[1], ""}}, []Status{Exists, Done}},
		{"forward", []Update{{"refs/heads/a", ids[1], ids[0]}}, []Status{Done}},
		{"stale", []Update{{"refs/heads/a", ids[2], ids[0]}}, []Status{Stale}},
		{"back", []Update{{"refs/heads/a", ids[0], ids[1]}}, []Status{Done}},
		{"gone", []Update{{"refs/heads/b", ids[2], ids[1]}}, []Status{Stale}},
		{"delete stale", []Update{{"refs/tags/v2", "", ids[0]}}, []Status{Stale}},
		{"delete", []Update{{"refs/tags/v2", "", ids[1]}}, []Status{Done}},
	}
	for _, s := range steps {
		results, err := from.Push(t.Context(), remote, s.updates...)
		if diff := cmp.Diff(s.want, statuses(results)); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", s.name, err, diff)
		}
	}
	if got := to.Git("for-each-ref", "--format=%(refname) %(objectname)"); got != "refs/heads/a "+ids[0]+"\nrefs/tags/v1 "+ids[0] {
		t.Errorf("got %s", got)
	}
}

// Another run takes the name after this one saw that it is free.
func TestPushLosesTheRace(t *testing.T) {
	from, ids, server, to, remote := pair(t)
	if _, err := from.Push(t.Context(), remote, Update{"refs/heads/a", ids[0], ""}, Update{"refs/heads/b", ids[1], ""}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		update Update
		want   Status
	}{
		"tag": {Update{"refs/tags/v1", ids[0], ""}, Exists},
		// it is the same commit: the run that was faster did what this one wanted
		"same tag": {Update{"refs/tags/v2", ids[1], ""}, Done},
		"branch":   {Update{"refs/heads/a", ids[2], ids[0]}, Stale},
	} {
		server.OnPush(func() { to.Git("update-ref", c.update.Ref, ids[1]) })
		results, err := from.Push(t.Context(), remote, c.update)
		if diff := cmp.Diff([]Status{c.want}, statuses(results)); diff != "" || err != nil || results[0].Now != ids[1] || results[0].Still {
			t.Errorf("%s: %+v, %v\n%s", name, results, err, diff)
		}
	}
}

func TestPushWhoseAnswerIsLost(t *testing.T) {
	from, ids, server, to, remote := pair(t)
	for i, drops := range []int{1, 100} {
		server.DropPushes(drops)
		u := Update{Ref: []string{"refs/tags/v1", "refs/tags/v2"}[i], New: ids[i]}
		results, err := from.Push(t.Context(), remote, u)
		if err != nil || results[0].Status != Done || to.Git("rev-parse", u.Ref) != u.New {
			t.Errorf("%d lost: got %+v, %v", drops, results, err)
		}
	}
	server.DropPushes(0)
	server.Answer(500, "/git-receive-pack")
	if _, err := from.Push(t.Context(), remote, Update{Ref: "refs/tags/v3", New: ids[0]}); fault.Code(err) != "E_GIT_UNREACHABLE" {
		t.Errorf("nothing happened: got %v", err)
	}
}

func TestPushIsRefused(t *testing.T) {
	from, ids, server, to, remote := pair(t)
	to.Refuse("error: GH013: Repository rule violations found for refs/heads/a.\n\n- Changes must be made through a pull request. tok")
	results, err := from.Push(t.Context(), remote, Update{Ref: "refs/heads/a", New: ids[0]})
	if err != nil || results[0].Status != Refused || fault.Code(results[0].Err) != "E_GIT_PROTECTED" {
		t.Fatalf("got %+v, %v", results, err)
	}
	if text := results[0].Err.Error(); !strings.Contains(text, "pull request. ***") || !strings.Contains(text, "refs/heads/a") {
		t.Errorf("got %s", text)
	}
	server.Requests()
	remote.Token = "other"
	if _, err := from.Push(t.Context(), remote, Update{Ref: "refs/heads/a", New: ids[0]}); fault.Code(err) != "E_GIT_AUTH" {
		t.Errorf("got %v", err)
	}
	for _, request := range server.Requests() {
		if strings.Contains(request, "upload-pack") {
			t.Errorf("a refused login was looked after: %s", request)
		}
	}
}

// What a hook prints to people is no answer of git's, whatever it looks like.
func TestPushIsRefusedByAHook(t *testing.T) {
	from, ids, _, to, remote := pair(t)
	cases := map[string]struct{ words, code string }{
		"time":       {"error: the last two deploys timed out, ask the operators", "E_GIT_REFUSED"},
		"permission": {"Permission to deploy is not given", "E_GIT_REFUSED"},
		"folder":     {"cannot create 'refs/heads/a' on a Friday", "E_GIT_REFUSED"},
		"mentioned":  {"this is not error: GH006: Protected branch", "E_GIT_REFUSED"},
		"GitHub":     {"error: GH006: Protected branch update failed for refs/heads/a.", "E_GIT_PROTECTED"},
	}
	for name, c := range cases {
		to.Refuse(c.words)
		for _, url := range []string{remote.URL, to.Dir} {
			results, err := from.Push(t.Context(), Remote{URL: url, Token: remote.Token}, Update{Ref: "refs/heads/a", New: ids[0]})
			if err != nil || results[0].Status != Refused || fault.Code(results[0].Err) != c.code || results[0].Said != c.words {
				t.Errorf("%s: got %+v, %v", name, results, err)
			}
		}
	}
}

// A remote that forbids forced pushes does so for ever: git init --shared makes such.
func TestPushWhereNoPushMayBeForced(t *testing.T) {
	from, ids, _, to, remote := pair(t)
	to.Git("config", "receive.denyNonFastForwards", "true")
	for _, steps := range [][2]string{{"", ids[1]}, {ids[1], ids[0]}} {
		results, err := from.Push(t.Context(), remote, Update{Ref: "refs/heads/tagboat/web", Old: steps[0], New: steps[1]})
		if err != nil {
			t.Fatal(err)
		}
		if steps[0] == "" && results[0].Status == Done {
			continue
		}
		want := "the remote forbids forced pushes: delete the branch tagboat/web, or allow forced pushes to tagboat/*"
		if f := fault.All(results[0].Err)[0]; results[0].Status != Refused || f.Code != "E_GIT_REFUSED" || f.Hint != want {
			t.Errorf("got %+v", results)
		}
	}
}

func TestPushAtALeftoverLock(t *testing.T) {
	from, ids, _, to, remote := pair(t)
	if _, err := from.Push(t.Context(), remote, Update{Ref: "refs/heads/a", New: ids[0]}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to.Dir, "refs/heads/a.lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	results, err := from.Push(t.Context(), remote, Update{Ref: "refs/heads/a", Old: ids[0], New: ids[1]})
	if err != nil || results[0].Status != Stale || results[0].Now != ids[0] || !results[0].Still || !strings.Contains(results[0].Said, "a.lock': File exists") {
		t.Errorf("got %+v, %v", results, err)
	}
}

// Options that the user's configuration adds to pushes are not for every remote.
func TestPushOptionsOfTheUser(t *testing.T) {
	from, ids, _, to, remote := pair(t)
	to.Git("config", "receive.advertisePushOptions", "false")
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, []byte("[push]\n\tpushOption = foo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CONFIG_GLOBAL", config)
	for i, url := range []string{remote.URL, to.Dir} {
		results, err := from.Push(t.Context(), Remote{URL: url, Token: remote.Token}, Update{Ref: []string{"refs/heads/a", "refs/heads/b"}[i], New: ids[0]})
		if err != nil || results[0].Status != Done {
			t.Errorf("got %+v, %v", results, err)
		}
	}
}

func TestPushBesideAFolderOfThatName(t *testing.T) {
	from, ids, _, to, remote := pair(t)
	if _, err := from.Push(t.Context(), remote, Update{Ref: "refs/heads/a/b", New: ids[0]}); err != nil {
		t.Fatal(err)
	}
	for name, url := range map[string]string{"http": remote.URL, "folder": to.Dir} {
		for _, ref := range []string{"refs/heads/a", "refs/heads/a/b/c"} {
			results, err := from.Push(t.Context(), Remote{URL: url, Token: "tok"}, Update{Ref: ref, New: ids[0]})
			if err != nil || results[0].Status != Refused || fault.Code(results[0].Err) != "E_BRANCH_NAME" {
				t.Errorf("%s, %s: got %+v, %v", name, ref, results, err)
			}
		}
	}
}
