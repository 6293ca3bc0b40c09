package version_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/version"
)

// A claim takes two requests: a query, and the ref. Two more take the place among
// those that wait, and the look after it, where the commit's parent has no number.
func TestGitHubStoreClaims(t *testing.T) {
	history := []string{"a", "b: a", "c: b", "hotfix: a"}
	v12, err := version.ParseSeries("v1.2")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		refs     []string
		request  version.Request // of commit c, where it names none
		commit   string
		want     string // the ref
		code     string // of the error
		already  bool
		requests int
	}{
		"first":                           {want: "refs/tags/v0.0.1", requests: 4},
		"next":                            {refs: []string{"refs/tags/v0.0.7 b"}, want: "refs/tags/v0.0.8", requests: 2},
		"has one":                         {refs: []string{"refs/tags/v0.0.7 b", "refs/tags/v0.0.9 c"}, want: "refs/tags/v0.0.9", already: true, requests: 1},
		"of a folder":                     {refs: []string{"refs/tags/v0.0.7 b", "refs/tags/cms/v0.0.3 a", "refs/tags/old/cms/v0.0.9 a"}, request: version.Request{Prefix: "cms/"}, want: "refs/tags/cms/v0.0.4", requests: 4},
		"with a prefix that is no folder": {refs: []string{"refs/tags/cms-v0.0.3 a", "refs/tags/v0.0.9 a"}, request: version.Request{Prefix: "cms-"}, want: "refs/tags/cms-v0.0.4", requests: 4},
		"of a folder beside its own":      {refs: []string{"refs/tags/cms/v0.0.3 a"}, want: "refs/tags/v0.0.1", requests: 4},
		"another series":                  {refs: []string{"refs/tags/v0.0.3 a"}, request: version.Request{Series: v12}, want: "refs/tags/v1.2.1", requests: 4},
		"no numbers":                      {refs: []string{"refs/tags/v0.0.08 a", "refs/tags/v0.0 a", "refs/tags/v0.0.9999999999999999999 a"}, want: "refs/tags/v0.0.1", requests: 4},
		"below a number":                  {refs: []string{"refs/tags/v0.0.2 a", "refs/tags/v0.0.3/x a"}, want: "refs/tags/v0.0.4", requests: 4},
		"hidden":                          {refs: []string{"refs/tags/v0.0.3 a"}, request: version.Request{Hidden: true}, want: "refs/tagboat/versions/v0.0.4", requests: 4},
		"after a hidden one":              {refs: []string{"refs/tagboat/versions/v0.0.7 a"}, want: "refs/tags/v0.0.8", requests: 4},
		"has a hidden one":                {refs: []string{"refs/tagboat/versions/v0.0.7 c"}, request: version.Request{Hidden: true}, want: "refs/tagboat/versions/v0.0.7", already: true, requests: 1},
		"has a hidden one and wants a tag": {
			refs: []string{"refs/tagboat/versions/v0.0.7 c"}, want: "refs/tags/v0.0.7", already: true, requests: 2,
		},
		"a further build":         {refs: []string{"refs/tags/v0.0.7 a", "refs/tags/v0.0.9 a"}, request: version.Request{Suffix: "v0.0.7"}, want: "refs/tags/v0.0.7-1", requests: 2},
		"older":                   {refs: []string{"refs/tags/v0.0.7 c"}, commit: "a", code: "E_VERSION_OLDER", requests: 1},
		"older behind a hotfix":   {refs: []string{"refs/tags/v0.0.7 c", "refs/tags/v0.0.8 hotfix"}, commit: "b", code: "E_VERSION_OLDER", requests: 2},
		"older, and may be":       {refs: []string{"refs/tags/v0.0.7 c"}, commit: "a", request: version.Request{AllowOlder: true}, want: "refs/tags/v0.0.8", requests: 2},
		"beside":                  {refs: []string{"refs/tags/v0.0.7 c"}, commit: "hotfix", want: "refs/tags/v0.0.8", requests: 4},
		"after one that is older": {refs: []string{"refs/tags/v0.0.7 b", "refs/tags/v0.0.8 a"}, want: "refs/tags/v0.0.9", requests: 2},
	} {
		t.Run(name, func(t *testing.T) {
			g := onGitHub(t)
			ids := g.commits(history...)
			g.at(ids, test.refs...)
			if test.commit == "" {
				test.commit = "c"
			}
			test.request.Commit, test.request.Pause = ids[test.commit], atOnce
			got, err := version.Allocate(t.Context(), g.store(), test.request)
			if test.code != "" {
				if !fault.Is(err, test.code) {
					t.Errorf("got %+v, %v; want %s", got, err, test.code)
				}
			} else if err != nil || got.Ref != test.want || got.Already != test.already {
				t.Errorf("got %+v, %v; want %s, already %t", got, err, test.want, test.already)
			}
			if asked := g.Requests(); len(asked) != test.requests {
				t.Errorf("requests are %q", asked)
			}
			if test.code == "" {
				if at := g.refs(ids)[test.want]; at != test.commit {
					t.Errorf("%s is at %q", test.want, at)
				}
			}
		})
	}
}

func TestAnnotatedTagsOnGitHub(t *testing.T) {
	g := onGitHub(t)
	ids := g.commits("a", "b: a")
	for _, tag := range [][]string{{"v0.0.3", ids["a"]}, {"v0.0.4", ids["b"]}, {"v0.0.5", "v0.0.3"}} {
		g.repo.Git("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "tag", "-a", "-m", "release", tag[0], tag[1])
	}
	g.repo.Git("tag", "v0.0.6", g.repo.Git("rev-parse", "v0.0.3"+"^{tree}"))
	for name, store := range map[string]version.Store{"one page": g.store(), "the whole list": late{g.store()}} {
		t.Run(name, func(t *testing.T) {
			for commit, want := range map[string]string{"a": "v0.0.5", "b": "v0.0.4"} {
				got, err := version.Allocate(t.Context(), store, version.Request{Commit: ids[commit]})
				if err != nil || string(got.Tag) != want || !got.Already {
					t.Errorf("%s got %+v, %v; want %s", commit, got, err, want)
				}
			}
		})
	}
}

// late is a store that is always asked where it must see everything.
type late struct{ *version.GitHubStore }

func (l late) Read(ctx context.Context, s version.Scope) (*version.View, error) {
	s.Late = true
	return l.GitHubStore.Read(ctx, s)
}

func TestGitHubStoreWrites(t *testing.T) {
	g := onGitHub(t)
	ids := g.commits("a", "b: a")
	store := g.store()
	hidden := version.Request{Commit: ids["b"], Prefix: "cms/", Hidden: true, Pause: atOnce}
	got, err := version.Allocate(t.Context(), store, hidden)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := version.Promote(t.Context(), g.store(), hidden, got.Tag); err != nil {
		t.Error(err)
	}
	if _, err := version.Promote(t.Context(), g.store(), hidden, got.Tag); err != nil {
		t.Errorf("the second time: %v", err)
	}
	if diff := cmp.Diff(map[string]string{"refs/tagboat/versions/cms/v0.0.1": "b", "refs/tags/cms/v0.0.1": "b"}, g.refs(ids)); diff != "" {
		t.Error(diff)
	}
	other := hidden
	other.Commit = ids["a"]
	if _, err := version.Promote(t.Context(), g.store(), other, got.Tag); !fault.Is(err, "E_VERSION_TAKEN") {
		t.Errorf("promoting what is another commit's: %v", err)
	}
	if freed, err := version.Free(t.Context(), g.store(), other, got.Tag); freed || err != nil {
		t.Errorf("giving back what is another commit's: %t, %v", freed, err)
	}
	if diff := cmp.Diff(map[string]string{"refs/tagboat/versions/cms/v0.0.1": "b", "refs/tags/cms/v0.0.1": "b"}, g.refs(ids)); diff != "" {
		t.Error(diff)
	}
	for _, want := range []bool{true, false} {
		if freed, err := version.Free(t.Context(), g.store(), hidden, got.Tag); freed != want || err != nil {
			t.Errorf("giving it back: %t, %v; want %t", freed, err, want)
		}
	}
	if diff := cmp.Diff(map[string]string{}, g.refs(ids)); diff != "" {
		t.Error(diff)
	}
}

func TestRenamedRepositoryOnGitHub(t *testing.T) {
	g := onGitHub(t)
	ids := g.commits("a")
	g.repo.RenamedFrom("acme/site")
	store := g.store()
	store.Repository, store.Git.Remote.URL = "acme/site", strings.Replace(store.Git.Remote.URL, "acme/web", "acme/site", 1)
	got, err := version.Allocate(t.Context(), store, version.Request{Commit: ids["a"], Pause: atOnce})
	if err != nil || got.Tag != "v0.0.1" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// Whatever else is asked for, a write that finds a ref otherwise changes nothing.
func TestGitHubStoreComparesAndSwaps(t *testing.T) {
	g := onGitHub(t)
	ids := g.commits("a", "b: a")
	g.at(ids, "refs/tags/v0.0.1 a", "refs/tagboat/claims/v0.0/x b")
	before := g.refs(ids)
	fresh := git.Update{Ref: "refs/tags/v0.0.2", New: ids["b"]}
	for name, updates := range map[string][]git.Update{
		"exists":                  {{Ref: "refs/tags/v0.0.1", New: ids["b"]}},
		"exists at the same":      {{Ref: "refs/tags/v0.0.1", New: ids["a"]}},
		"one of two exists":       {fresh, {Ref: "refs/tags/v0.0.1", New: ids["b"]}},
		"is elsewhere":            {{Ref: "refs/tags/v0.0.1", Old: ids["b"]}},
		"is gone":                 {{Ref: "refs/tags/v0.0.3", Old: ids["b"]}},
		"one of two is gone":      {fresh, {Ref: "refs/tagboat/claims/v0.0/y", Old: ids["b"]}},
		"one of two is elsewhere": {fresh, {Ref: "refs/tagboat/claims/v0.0/x", Old: ids["a"]}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := g.store().Write(t.Context(), updates...); !errors.Is(err, version.ErrTaken) {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(before, g.refs(ids)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if err := g.store().Write(t.Context(), fresh, git.Update{Ref: "refs/tagboat/claims/v0.0/x", Old: ids["b"]}); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(map[string]string{"refs/tags/v0.0.1": "a", "refs/tags/v0.0.2": "b"}, g.refs(ids)); diff != "" {
		t.Error(diff)
	}
}
