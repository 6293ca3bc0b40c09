package version_test

import (
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/version"
)

// onHost is a store over a git host, and the commits of its source folder.
func onHost(t *testing.T, token string) (host *testkit.GitServer, remote *testkit.GitRepo, store version.GitStore, ids []string) {
	t.Helper()
	host = testkit.NewGitServer(t, "secret")
	remote = host.Repo("acme/web")
	source, ids := repository(t, 2)
	store = version.GitStore{Repo: source, Remote: git.Remote{URL: host.URL + "/acme/web.git", Token: token}}
	return host, remote, store, ids
}

func TestTokenThatMayNotCreateTags(t *testing.T) {
	for name, test := range map[string]struct {
		token  string
		status int // that the host answers to a push; 0 is its own
	}{
		"no token":                  {},
		"wrong token":               {token: "guess"},
		"token that may read alone": {token: "secret", status: 403},
	} {
		t.Run(name, func(t *testing.T) {
			host, remote, store, ids := onHost(t, test.token)
			if test.status != 0 {
				host.Answer(test.status, "service=git-receive-pack")
			}
			_, err := version.Allocate(t.Context(), store, version.Request{Commit: ids[0], Pause: atOnce})
			all := fault.All(err)
			if len(all) != 1 || all[0].Code != "E_VERSION_DENIED" || !strings.Contains(all[0].Hint, "contents: write") {
				t.Errorf("got %s %v", fault.Code(err), err)
			}
			if tags := remote.Git("tag", "--list"); tags != "" {
				t.Errorf("tags are %q", tags)
			}
		})
	}
}

func TestAnswerOfThePushIsLost(t *testing.T) {
	host, remote, store, ids := onHost(t, "secret")
	host.DropPushes(1)
	got, err := version.Allocate(t.Context(), store, version.Request{Commit: ids[0], Pause: atOnce})
	if err != nil || got.Tag != "v0.0.1" || got.Already {
		t.Errorf("got %+v and %v", got, err)
	}
	if tags := remote.Git("tag", "--list"); tags != "v0.0.1" {
		t.Errorf("tags are %q", tags)
	}
}

func TestOutrunWhileTheTagIsOnItsWay(t *testing.T) {
	host, remote, store, ids := onHost(t, "secret")
	other := remote.Commit("main", "somebody else's")
	host.OnPush(func() { remote.Git("tag", "v0.0.1", other) })
	got, err := version.Allocate(t.Context(), store, version.Request{Commit: ids[0], Pause: atOnce})
	if err != nil || got.Tag != "v0.0.2" || got.Attempts != 2 {
		t.Errorf("got %+v and %v", got, err)
	}
	if at := remote.Git("rev-parse", "v0.0.1"); at != other {
		t.Errorf("the other's tag moved to %s", at)
	}
}
