package version_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/version"
)

func hidden(commit string) version.Request {
	return version.Request{Prefix: "cms/", Commit: commit, Hidden: true, Pause: atOnce}
}

func claimed(t *testing.T, store version.Store, r version.Request) version.Allocation {
	t.Helper()
	got, err := version.Allocate(t.Context(), store, r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestHiddenNumbers(t *testing.T) {
	for name, make := range map[string]func(t *testing.T) (store version.Store, ids []string, refs func() []string){
		"memory": func(t *testing.T) (version.Store, []string, func() []string) {
			m := withTags()
			return m, []string{commit(0), commit(1)}, func() []string { return slices.Sorted(maps.Keys(m.refs())) }
		},
		"git": func(t *testing.T) (version.Store, []string, func() []string) {
			source, ids := repository(t, 2)
			path, remote := bare(t, source)
			return version.GitStore{Repo: source, Remote: git.Remote{URL: path}}, ids, func() []string {
				return strings.Fields(do(t, remote, "for-each-ref", "--format=%(refname)"))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			store, ids, refs := make(t)
			got := claimed(t, store, hidden(ids[0]))
			if want := "refs/tagboat/versions/cms/v0.0.1"; got.Ref != want || !got.Hidden || !cmp.Equal([]string{want}, refs()) {
				t.Fatalf("got %+v, refs %v", got, refs())
			}
			if again := claimed(t, store, hidden(ids[0])); !again.Already || again.Ref != got.Ref {
				t.Errorf("again: %+v", again)
			}
			shown := hidden(ids[1])
			shown.Hidden = false
			if other := claimed(t, store, shown); other.Ref != "refs/tags/cms/v0.0.2" {
				t.Errorf("another commit got %+v", other)
			}
			for range 2 {
				promoted, err := version.Promote(t.Context(), store, hidden(ids[0]), got.Tag)
				if err != nil || promoted.Ref != "refs/tags/cms/v0.0.1" || promoted.Hidden {
					t.Errorf("promoted %+v, %v", promoted, err)
				}
			}
			if diff := cmp.Diff([]string{"refs/tagboat/versions/cms/v0.0.1", "refs/tags/cms/v0.0.1", "refs/tags/cms/v0.0.2"}, refs()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whoever wants a git tag makes one of the hidden number that the commit has.
func TestAHiddenNumberIsShown(t *testing.T) {
	store := withTags()
	claimed(t, store, hidden(commit(1)))
	shown := hidden(commit(1))
	shown.Hidden = false
	got := claimed(t, store, shown)
	if got.Ref != "refs/tags/cms/v0.0.1" || got.Hidden || !got.Already {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(map[string]string{"refs/tags/cms/v0.0.1": commit(1), "refs/tagboat/versions/cms/v0.0.1": commit(1)}, store.refs()); diff != "" {
		t.Error(diff)
	}
}

func TestATagIsInTheWay(t *testing.T) {
	store := withTags()
	claimed(t, store, hidden(commit(1)))
	if err := store.Write(t.Context(), git.Update{Ref: "refs/tags/cms/v0.0.1", New: commit(2)}); err != nil {
		t.Fatal(err)
	}
	before := store.refs()
	if _, err := version.Promote(t.Context(), store, hidden(commit(1)), "v0.0.1"); !fault.Is(err, "E_VERSION_TAKEN") || !strings.Contains(err.Error(), commit(2)) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, store.refs()); diff != "" {
		t.Error(diff)
	}
}

func TestTheAnswerToAPromotionIsLost(t *testing.T) {
	store := &scripted{memory: withTags(), write: func(call int, _ git.Update) (bool, error) {
		if call == 2 {
			return true, errLost
		}
		return true, nil
	}}
	claimed(t, store, hidden(commit(1)))
	if _, err := version.Promote(t.Context(), store, hidden(commit(1)), "v0.0.1"); err != nil {
		t.Error(err)
	}
}

func TestFree(t *testing.T) {
	for name, test := range map[string]struct {
		before []creation // beside the number that is freed
		freed  bool
		next   string
	}{
		"the highest":           {[]creation{{"v0.0.1", commit(8)}}, true, "v0.0.2"},
		"a higher one is there": {[]creation{{"v0.0.1", commit(8)}, {"v0.0.3", commit(9)}}, false, "v0.0.4"},
	} {
		t.Run(name, func(t *testing.T) {
			store := withTags(append(test.before, creation{"v0.0.2", commit(1)})...)
			request := version.Request{Commit: commit(1), Pause: atOnce}
			for range 2 {
				freed, err := version.Free(t.Context(), store, request, "v0.0.2")
				if err != nil || freed != test.freed {
					t.Errorf("freed %v, %v", freed, err)
				}
				test.freed = false // there is nothing to free any more
			}
			if got := claimed(t, store, version.Request{Commit: commit(2), Pause: atOnce}); string(got.Tag) != test.next {
				t.Errorf("the next one is %s", got.Tag)
			}
		})
	}
}

func TestOnlyTheCommitsOwnNumberIsFreed(t *testing.T) {
	store := withTags(creation{"v0.0.2", commit(2)})
	if freed, err := version.Free(t.Context(), store, version.Request{Commit: commit(1)}, "v0.0.2"); freed || err != nil || store.tags()["v0.0.2"] != commit(2) {
		t.Errorf("freed %v, %v", freed, err)
	}
}

func TestStands(t *testing.T) {
	for name, test := range map[string]struct {
		commit string
		tag    ref.Tag
		late   int // how many views do not show it yet
		freed  bool
	}{
		"it stands":          {commit: commit(2), tag: "v0.0.2"},
		"it is not seen yet": {commit: commit(2), tag: "v0.0.2", late: 3},
		"it is another's":    {commit: commit(1), tag: "v0.0.2", freed: true},
		"it is nobody's":     {commit: commit(2), tag: "v0.0.3", freed: true},
	} {
		t.Run(name, func(t *testing.T) {
			store := &scripted{memory: withTags(creation{"v0.0.2", commit(2)})}
			store.read = func(call int, v *version.View) (*version.View, error) {
				if call <= test.late {
					return &version.View{}, nil
				}
				return v, nil
			}
			err := version.Stands(t.Context(), store, version.Request{Commit: test.commit, Pause: atOnce}, test.tag)
			if test.freed && !fault.Is(err, "E_VERSION_FREED") || !test.freed && err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A claim that fails while it waits does not go on waiting.
func TestAFailedClaimWaitsNoLonger(t *testing.T) {
	m := withTags(creation{"v0.0.1", commit(0)})
	m.room = true
	waited := 0
	store := &scripted{memory: m, write: func(_ int, u git.Update) (bool, error) {
		if strings.HasPrefix(u.Ref, "refs/tagboat/claims/v0.0/") {
			waited++
			return true, nil
		}
		return false, version.ErrTaken
	}}
	if got, err := version.Allocate(t.Context(), store, version.Request{Commit: commit(1), Pause: atOnce}); !fault.Is(err, "E_VERSION_STALE") || waited != 2 {
		t.Errorf("got %s and %v after %d writes of its place", got.Tag, err, waited)
	}
	if diff := cmp.Diff(map[string]string{"refs/tags/v0.0.1": commit(0)}, m.refs()); diff != "" {
		t.Error(diff)
	}
}
