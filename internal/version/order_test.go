package version_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/version"
)

// clone is a folder with a part of the history of another one.
func clone(t *testing.T, of git.Repo, args ...string) git.Repo {
	t.Helper()
	r := git.Repo{Dir: t.TempDir(), Env: of.Env}
	do(t, of, append(append([]string{"clone", "-q"}, args...), "file://"+of.Dir, r.Dir)...)
	return r
}

// A commit that is an ancestor of one with a number gets none, whatever the
// checkout knows of history.
func TestOlderCommits(t *testing.T) {
	for name, test := range map[string]struct {
		tags   map[string]int // by the number of the commit on main; -1 is on a branch that left main at 2
		commit int
		front  int // the commit that stands in front; 0 is none
	}{
		"the newest":          {map[string]int{"v0.0.1": 1, "v0.0.2": 3}, 5, 0},
		"between two":         {map[string]int{"v0.0.1": 1, "v0.0.2": 5}, 3, 5},
		"before all":          {map[string]int{"v0.0.1": 3, "v0.0.2": 5}, 1, 5},
		"another line":        {map[string]int{"v0.0.1": 5}, -1, 0},
		"behind another line": {map[string]int{"v0.0.1": 1, "v0.0.2": -1}, 4, 0},
		"before one, the highest is another line": {map[string]int{"v0.0.1": 5, "v0.0.2": -1}, 4, 5},
		"numbers out of order":                    {map[string]int{"v0.0.1": 5, "v0.0.2": 1}, 3, 5},
		"no numbers":                              {nil, 3, 0},
		"tags that are no numbers":                {map[string]int{"v0.0.08": 5, "v0.0.7-rc.1": 5, "v0.1.1": 5}, 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			origin, ids := repository(t, 6)
			do(t, origin, "checkout", "-q", "-b", "side", ids[2])
			do(t, origin, "commit", "-q", "--allow-empty", "-m", "side")
			side := do(t, origin, "rev-parse", "side")
			at := func(n int) string {
				if n < 0 {
					return side
				}
				return ids[n]
			}
			do(t, origin, "tag", "asked", at(test.commit))
			for tag, n := range test.tags {
				do(t, origin, "tag", tag, at(n))
			}
			for place, checkout := range map[string]git.Repo{
				"whole":   clone(t, origin),
				"shallow": clone(t, origin, "--depth=1", "--no-tags", "--branch=asked"),
				"itself":  origin,
			} {
				store := version.GitStore{Repo: checkout, Remote: git.Remote{URL: origin.Dir}, Temp: t.TempDir()}
				request := version.Request{Commit: at(test.commit), Pause: atOnce}
				got, err := version.Peek(t.Context(), store, request)
				switch {
				case test.front == 0 && err != nil:
					t.Errorf("%s: %v", place, err)
				case test.front != 0 && (!fault.Is(err, "E_VERSION_OLDER") || !strings.Contains(err.Error(), at(test.front))):
					t.Errorf("%s: got %s and %v", place, got.Tag, err)
				}
				request.AllowOlder = true
				if _, err := version.Peek(t.Context(), store, request); err != nil {
					t.Errorf("%s, allowed: %v", place, err)
				}
			}
		})
	}
}

// A checkout that was made before the newest number was claimed does not have its
// commit.
func TestACheckoutThatIsBehind(t *testing.T) {
	origin, ids := repository(t, 3)
	do(t, origin, "update-ref", "refs/heads/main", ids[1])
	checkout := clone(t, origin)
	do(t, origin, "update-ref", "refs/heads/main", ids[2])
	do(t, origin, "tag", "v0.0.1", ids[2])
	store := version.GitStore{Repo: checkout, Remote: git.Remote{URL: "file://" + origin.Dir}, Temp: t.TempDir()}
	if got, err := version.Allocate(t.Context(), store, version.Request{Commit: ids[1], Pause: atOnce}); !fault.Is(err, "E_VERSION_OLDER") {
		t.Errorf("got %s and %v", got.Tag, err)
	}
	if tags := do(t, origin, "tag", "--list"); tags != "v0.0.1" {
		t.Errorf("tags are %q", tags)
	}
}

// Dates that are made up, by an import for one, hide nothing from git.
func TestDescendantsThatAreDatedYearsBack(t *testing.T) {
	origin, ids := repository(t, 9)
	head, kept := ids[8], origin.Env
	origin.Env = append(slices.Clone(kept), "GIT_COMMITTER_DATE=1000000000 +0000")
	do(t, origin, "checkout", "-q", "-b", "imported", head)
	for range 30 {
		do(t, origin, "commit", "-q", "--allow-empty", "-m", "imported")
	}
	do(t, origin, "tag", "v0.0.1")
	origin.Env = kept
	do(t, origin, "checkout", "-q", "-b", "side", ids[2])
	do(t, origin, "commit", "-q", "--allow-empty", "-m", "side")
	do(t, origin, "tag", "v0.0.2")
	for place, checkout := range map[string]git.Repo{
		"whole":   clone(t, origin),
		"shallow": clone(t, origin, "--depth=1", "--no-tags"),
	} {
		store := version.GitStore{Repo: checkout, Remote: git.Remote{URL: origin.Dir}, Temp: t.TempDir()}
		got, err := version.Peek(t.Context(), store, version.Request{Commit: head, Pause: atOnce})
		if !fault.Is(err, "E_VERSION_OLDER") || !strings.Contains(err.Error(), "is v0.0.1 already") {
			t.Errorf("%s: got %s and %v", place, got.Tag, err)
		}
	}
}

func TestRegistriesCount(t *testing.T) {
	for name, test := range map[string]struct {
		git      []creation
		registry []ref.Tag
		want     ref.Tag
	}{
		"nothing there":               {nil, nil, "v0.0.1"},
		"the registry is ahead":       {[]creation{{"v0.0.7", commit(7)}}, []ref.Tag{"v0.0.10", "v0.0.9", "pr-99"}, "v0.0.11"},
		"git is ahead":                {[]creation{{"v0.0.10", commit(7)}}, []ref.Tag{"v0.0.9"}, "v0.0.11"},
		"no tags in git":              {nil, []ref.Tag{"v0.0.417-1"}, "v0.0.418"},
		"by hand in git":              {[]creation{{"v0.0.417-1", commit(7)}}, []ref.Tag{"v0.0.3"}, "v0.0.418"},
		"nothing of the series":       {nil, []ref.Tag{"latest", "v1.0.9", "0.0.9", "v0.0", "v0.0.08", "v0.0.9999999999999999999"}, "v0.0.1"},
		"the commit's image is there": {[]creation{{"v0.0.3", commit(1)}}, []ref.Tag{"v0.0.9"}, "v0.0.3"},
	} {
		t.Run(name, func(t *testing.T) {
			store := withTags(test.git...)
			got, err := version.Allocate(t.Context(), store, version.Request{Commit: commit(1), Existing: test.registry, Pause: atOnce})
			if err != nil || got.Tag != test.want {
				t.Errorf("got %s and %v, want %s", got.Tag, err, test.want)
			}
		})
	}
}
