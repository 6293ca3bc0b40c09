package version_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/version"
)

func TestAllocate(t *testing.T) {
	for name, test := range map[string]struct {
		store   *memory
		request version.Request
		want    version.Allocation
	}{
		"first": {
			store: withTags(),
			want:  version.Allocation{Tag: "v0.0.1", Ref: "refs/tags/v0.0.1"},
		},
		"next": {
			store: withTags(creation{"v0.0.9", commit(9)}, creation{"v0.0.10", commit(10)}),
			want:  version.Allocation{Tag: "v0.0.11", Ref: "refs/tags/v0.0.11"},
		},
		"has one": {
			store: withTags(creation{"v0.0.3", commit(1)}, creation{"v0.0.4", commit(4)}),
			want:  version.Allocation{Tag: "v0.0.3", Ref: "refs/tags/v0.0.3", Already: true},
		},
		"has several": {
			store: withTags(creation{"v0.0.10", commit(1)}, creation{"v0.0.9", commit(1)}),
			want:  version.Allocation{Tag: "v0.0.10", Ref: "refs/tags/v0.0.10", Already: true},
		},
		"has number zero": {
			store: withTags(creation{"v0.0.0", commit(1)}),
			want:  version.Allocation{Tag: "v0.0.0", Ref: "refs/tags/v0.0.0", Already: true},
		},
		"has one by hand alone": {
			store: withTags(creation{"v0.0.417-1", commit(1)}),
			want:  version.Allocation{Tag: "v0.0.418", Ref: "refs/tags/v0.0.418"},
		},
		"has one in another series": {
			store:   withTags(creation{"v0.0.3", commit(1)}),
			request: version.Request{Series: series(t, "v1.4")},
			want:    version.Allocation{Tag: "v1.4.1", Ref: "refs/tags/v1.4.1"},
		},
		"prefix": {
			store:   withTags(creation{"cms/v0.0.3", commit(3)}, creation{"v0.0.8", commit(1)}, creation{"api/v0.0.9", commit(1)}),
			request: version.Request{Prefix: "cms/"},
			want:    version.Allocation{Tag: "v0.0.4", Ref: "refs/tags/cms/v0.0.4"},
		},
		"bad tags": {
			store: withTags(creation{"v0.0.08", commit(1)}, creation{"v0.0", commit(1)}, creation{"v0.0.9999999999999999999", commit(1)}),
			want:  version.Allocation{Tag: "v0.0.1", Ref: "refs/tags/v0.0.1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.request.Commit = commit(1)
			test.want.Commit, test.want.Attempts = commit(1), 1
			before := test.store.tags()
			peeked, err := version.Peek(t.Context(), test.store, test.request)
			if diff := cmp.Diff(test.want, peeked); err != nil || diff != "" {
				t.Error("Peek", err, diff)
			}
			if diff := cmp.Diff(before, test.store.tags()); diff != "" {
				t.Error("Peek claimed something", diff)
			}
			got, err := version.Allocate(t.Context(), test.store, test.request)
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
			test.want.Already = true
			again, err := version.Allocate(t.Context(), test.store, test.request)
			if diff := cmp.Diff(test.want, again); err != nil || diff != "" {
				t.Error("again", err, diff)
			}
		})
	}
}

func TestBadRequests(t *testing.T) {
	for name, test := range map[string]struct {
		request version.Request
		code    string
	}{
		"no commit":        {version.Request{}, "E_COMMIT_UNKNOWN"},
		"short commit":     {version.Request{Commit: "abc1234"}, "E_COMMIT_UNKNOWN"},
		"branch":           {version.Request{Commit: "main"}, "E_COMMIT_UNKNOWN"},
		"option":           {version.Request{Commit: "--all"}, "E_COMMIT_UNKNOWN"},
		"prefix with glob": {version.Request{Commit: commit(1), Prefix: "*"}, "E_SERIES"},
		"prefix with dots": {version.Request{Commit: commit(1), Prefix: "../"}, "E_SERIES"},
		"prefix of slash":  {version.Request{Commit: commit(1), Prefix: "/"}, "E_SERIES"},
	} {
		t.Run(name, func(t *testing.T) {
			store := withTags()
			if _, err := version.Allocate(t.Context(), store, test.request); fault.Code(err) != test.code {
				t.Errorf("Allocate: %v", err)
			}
			if _, err := version.Peek(t.Context(), store, test.request); fault.Code(err) != test.code {
				t.Errorf("Peek: %v", err)
			}
			if store.requests != 0 {
				t.Errorf("%d requests", store.requests)
			}
		})
	}
}

var errLost = errors.New("no answer")

func TestTroubles(t *testing.T) {
	by := func(m *memory, ref, commit string) { _ = m.Write(t.Context(), git.Update{Ref: ref, New: commit}) }
	for name, test := range map[string]struct {
		script func(*memory) *scripted
		want   version.Allocation
		code   string
	}{
		"answer lost, tag created": {
			script: func(m *memory) *scripted {
				return &scripted{memory: m, write: func(int, git.Update) (bool, error) { return true, errLost }}
			},
			want: version.Allocation{Tag: "v0.0.1", Attempts: 2},
		},
		"request lost": {
			script: func(m *memory) *scripted {
				return &scripted{memory: m, write: func(call int, _ git.Update) (bool, error) {
					if call == 1 {
						return false, errLost
					}
					return true, nil
				}}
			},
			want: version.Allocation{Tag: "v0.0.1", Attempts: 2},
		},
		"outrun": {
			script: func(m *memory) *scripted {
				return &scripted{memory: m, write: func(call int, u git.Update) (bool, error) {
					if call < 20 {
						by(m, u.Ref, commit(99))
						return false, version.ErrTaken
					}
					return true, nil
				}}
			},
			want: version.Allocation{Tag: "v0.0.20", Attempts: 20},
		},
		"outrun by the same commit": {
			script: func(m *memory) *scripted {
				return &scripted{memory: m, write: func(call int, u git.Update) (bool, error) {
					by(m, u.Ref, u.New)
					return false, version.ErrTaken
				}}
			},
			want: version.Allocation{Tag: "v0.0.1", Attempts: 2, Already: true},
		},
		"outrun by the same commit, and the list is late": {
			script: func(m *memory) *scripted {
				return &scripted{memory: m,
					write: func(call int, u git.Update) (bool, error) {
						by(m, u.Ref, u.New)
						return false, version.ErrTaken
					},
					read: func(call int, v *version.View) (*version.View, error) {
						if call < 5 {
							return &version.View{}, nil
						}
						return v, nil
					}}
			},
			want: version.Allocation{Tag: "v0.0.1", Attempts: 5, Already: true},
		},
		"the list never catches up": {
			script: func(m *memory) *scripted {
				by(m, "refs/tags/v0.0.1", commit(99))
				return &scripted{memory: m, read: func(int, *version.View) (*version.View, error) { return &version.View{}, nil }}
			},
			code: "E_VERSION_STALE",
		},
		"denied": {
			script: func(m *memory) *scripted {
				return &scripted{memory: m, write: func(call int, _ git.Update) (bool, error) {
					if call > 1 {
						t.Error("tried again")
					}
					return false, fault.Newf("E_VERSION_DENIED", "", "no")
				}}
			},
			code: "E_VERSION_DENIED",
		},
		"unreachable for a while": {
			script: func(m *memory) *scripted {
				return &scripted{memory: m, read: func(call int, v *version.View) (*version.View, error) {
					if call < 4 {
						return nil, fault.Newf("E_GIT_UNREACHABLE", "", "no route")
					}
					return v, nil
				}}
			},
			want: version.Allocation{Tag: "v0.0.1", Attempts: 4},
		},
		"unreachable": {
			script: func(m *memory) *scripted {
				return &scripted{memory: m, read: func(int, *version.View) (*version.View, error) {
					return nil, fault.Newf("E_GIT_UNREACHABLE", "", "no route")
				}}
			},
			code: "E_GIT_UNREACHABLE",
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := test.script(withTags())
			got, err := version.Allocate(t.Context(), store, version.Request{Commit: commit(1), Pause: atOnce})
			if test.code != "" {
				if fault.Code(err) != test.code {
					t.Errorf("got %v, want %s", err, test.code)
				}
				return
			}
			test.want.Commit, test.want.Ref = commit(1), "refs/tags/"+string(test.want.Tag)
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

func TestCancelledClaim(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	store := &scripted{memory: withTags(), write: func(call int, _ git.Update) (bool, error) {
		if call == 3 {
			cancel()
		}
		return false, errLost
	}}
	_, err := version.Allocate(ctx, store, version.Request{Commit: commit(1), Pause: atOnce})
	if !errors.Is(err, context.Canceled) || store.made != 3 {
		t.Errorf("got %v after %d tries", err, store.made)
	}
	if _, err := version.Allocate(ctx, withTagsTaken(), version.Request{Commit: commit(1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// The highest number that there can be is no reason to look for the next one
// forever.
func TestSeriesIsUsedUp(t *testing.T) {
	store := withTags(creation{"v0.0.9223372036854775807", commit(9)})
	request := version.Request{Commit: commit(1), Pause: func(_ context.Context, attempt int) error {
		t.Errorf("attempt %d is to follow", attempt+1)
		return errLost
	}}
	if got, err := version.Peek(t.Context(), store, request); !fault.Is(err, "E_SERIES") {
		t.Errorf("Peek: got %q and %v", got.Tag, err)
	}
	for range 2 {
		if got, err := version.Allocate(t.Context(), store, request); !fault.Is(err, "E_SERIES") {
			t.Errorf("got %q and %v", got.Tag, err)
		}
	}
	if len(store.tags()) != 1 {
		t.Errorf("tags: %v", store.tags())
	}
}

// withTagsTaken never lets anybody have a tag.
func withTagsTaken() version.Store {
	return &scripted{memory: withTags(), write: func(int, git.Update) (bool, error) { return false, version.ErrTaken }}
}
