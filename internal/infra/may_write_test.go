package infra

import (
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

func TestMayWrite(t *testing.T) {
	inHosts(t, func(t *testing.T, w *world) {
		r := w.open(t, "apps")
		before := w.tree(t)
		if err := r.(Guarded).MayWrite(t.Context()); err != nil {
			t.Fatalf("before it is read: %v", err)
		}
		w.readSnapshot(t, r)
		if err := r.(Guarded).MayWrite(t.Context()); err != nil {
			t.Fatalf("after it was read: %v", err)
		}
		if after := w.tree(t); len(after) != len(before) {
			t.Errorf("asking wrote: %v", after)
		}
	})
}

// A host that says no is believed, whoever asks it, and by which way.
func TestMayNotWrite(t *testing.T) {
	cases := map[string]func(t *testing.T) closer{
		"a token of another host": func(t *testing.T) closer {
			w := newHTTP(t)
			w.write(t, start...)
			w.remote.Token = "another-token-of-the-tests"
			return w.open(t, "apps")
		},
		"a token that only reads": func(t *testing.T) closer {
			w := newAPIAndGit(t)
			w.write(t, start...)
			const reads = "a-token-that-reads"
			w.hub.Token(hub.Token{Value: reads, Kind: hub.AppToken, Login: "reader[bot]", Permissions: map[string]string{"contents": "read"}})
			w.remote = git.Remote{URL: w.remote.URL, Token: reads}
			return w.openGitHub(t, GitHubOptions{Client: w.client(t, reads)})
		},
	}
	for name, open := range cases {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			err := open(t).(Guarded).MayWrite(t.Context())
			if fault.Code(err) != "E_GIT_AUTH" || strings.Contains(err.Error(), "token-of") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// That nobody can be asked is no no: the write will tell.
func TestMayWriteOfAHostInTrouble(t *testing.T) {
	isolate(t)
	w := newHTTP(t)
	w.write(t, start...)
	w.server.Answer(503, "git-receive-pack")
	if err := w.open(t, "apps").(Guarded).MayWrite(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
}

func (w *world) readSnapshot(t *testing.T, r Repo) {
	t.Helper()
	if _, err := r.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A container without git writes through the API. "That it cannot be asked is left
// to the write": of no git, too.
func TestMayWriteWithoutGit(t *testing.T) {
	isolate(t)
	w := newAPIAndGit(t)
	w.write(t, start...)
	r := w.openGitHub(t, GitHubOptions{})
	t.Setenv("PATH", t.TempDir())
	if err := r.MayWrite(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
}
