package infra

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// way is how one request of a run fails.
type way struct {
	name string
	set  func(h *hub.Hub, match string, kill func())
}

func ways() []way {
	all := []way{
		{"killed before", func(h *hub.Hub, match string, kill func()) { h.Before(match, kill) }},
		{"killed after", func(h *hub.Hub, match string, kill func()) { h.After(match, kill) }},
	}
	for name, how := range map[string]hub.How{
		"500": hub.Down, "502": hub.BadGateway, "502 after the effect": hub.BadGatewayAfter, "504 after the effect": hub.Timeout,
		"reset": hub.Cut, "reset after the effect": hub.CutAfter, "timeout": hub.Hang, "timeout after the effect": hub.HangAfter,
		"403 primary limit": hub.Exhausted403, "429 primary limit": hub.Exhausted429, "403 secondary limit": hub.Secondary403, "429 secondary limit": hub.Secondary429,
	} {
		all = append(all, way{name, func(h *hub.Hub, match string, _ func()) { h.Fail(match, 1, how) }})
	}
	slices.SortFunc(all, func(a, b way) int { return strings.Compare(a.name, b.name) })
	return all
}

// verb is something that a run does, and what has to be true once it was done.
type verb struct {
	prepare func(t *testing.T, w *world) // what was there before
	run     func(ctx context.Context, t *testing.T, w *world) error
	check   func(t *testing.T, w *world)
}

var verbs = map[string]verb{
	"commit": {
		run: func(ctx context.Context, t *testing.T, w *world) error {
			return w.runs(ctx, t, Options{}, replace("web:1", "web:2", "apps/web/deploy.yaml"))
		},
		check: func(t *testing.T, w *world) { w.oneCommit(t, "apps/web/deploy.yaml", "image: web:2\n") },
	},
	"commit of an executable file": {
		run: func(ctx context.Context, t *testing.T, w *world) error {
			return w.runs(ctx, t, Options{}, replace("web:1", "web:2", "apps/run.yaml"))
		},
		check: func(t *testing.T, w *world) { w.oneCommit(t, "apps/run.yaml", "#!/bin/x\nimage: web:2\n") },
	},
	"open a pull request": {
		run:   func(ctx context.Context, t *testing.T, w *world) error { return w.proposes(ctx, t, "2") },
		check: func(t *testing.T, w *world) { w.onePull(t, "open", "image: web:2\n") },
	},
	"update a pull request": {
		prepare: func(t *testing.T, w *world) {
			if err := w.proposes(t.Context(), t, "2"); err != nil {
				t.Fatal(err)
			}
		},
		run:   func(ctx context.Context, t *testing.T, w *world) error { return w.proposes(ctx, t, "3") },
		check: func(t *testing.T, w *world) { w.onePull(t, "open", "image: web:3\n") },
	},
	"close a pull request": {
		prepare: func(t *testing.T, w *world) {
			if err := w.proposes(t.Context(), t, "2"); err != nil {
				t.Fatal(err)
			}
			w.write(t, testkit.GitFile{Path: "apps/web/deploy.yaml", Data: "image: web:2\n"})
		},
		run:   func(ctx context.Context, t *testing.T, w *world) error { return w.proposes(ctx, t, "2") },
		check: func(t *testing.T, w *world) { w.onePull(t, "closed", "") },
	},
	"write for others": {
		prepare: func(t *testing.T, w *world) { w.meet(t) },
		run: func(ctx context.Context, t *testing.T, w *world) error {
			mine := raise{"all.yaml", "web", 2}
			o := mine.signed()
			now := clock()
			o.Now = func() time.Time { return now }
			o.Sleep = func(ctx context.Context, d time.Duration) error {
				now = now.Add(d)
				return ctx.Err()
			}
			p := mustParse(t, "all.yaml")
			return w.apply(ctx, t, GitHubOptions{Paths: p}, o, mine.edit)
		},
		check: func(t *testing.T, w *world) {
			got, waits := w.read(t, "all.yaml"), w.intents() != ""
			switch n := w.repo.Git("rev-list", "--count", "main"); {
			case got == "web: 2\napi: 2\n" && (n == "3" || n == "4"): // together, or one after the other
			case got == "web: 2\napi: 1\n" && n == "3" && waits: // the next run writes it
			default:
				t.Errorf("got %q in %s commits, waiting: %v", got, n, waits)
			}
		},
	},
}

// runs is one process that writes.
func (w *world) runs(ctx context.Context, t *testing.T, o Options, edit Edit) error {
	return w.apply(ctx, t, GitHubOptions{Paths: mustParse(t, "apps"), Proposal: o.Proposal.Branch}, o, edit)
}

func (w *world) apply(ctx context.Context, t *testing.T, g GitHubOptions, o Options, edit Edit) error {
	t.Helper()
	if o.Sleep == nil {
		o = atOnce(o)
	}
	_, err := Apply(ctx, w.openGitHub(t, g), o, edit)
	return err
}

func (w *world) proposes(ctx context.Context, t *testing.T, version string) error {
	p := Proposal{Branch: proposal, Labels: []string{"deploy"}, Reviewers: []string{"ann"}}
	return w.runs(ctx, t, Options{Mode: ModePropose, Proposal: p}, proposing(version))
}

// meet leaves the intent of a run that has died.
func (w *world) meet(t *testing.T) {
	t.Helper()
	w.write(t, testkit.GitFile{Path: "all.yaml", Data: "web: 1\napi: 1\n"})
	theirs := raise{"all.yaml", "api", 2}
	g := w.openGitHub(t, GitHubOptions{Paths: mustParse(t, "all.yaml")})
	now := clock()
	in := Intent{ID: newIntentID(now), Since: now, Subject: "api: 2", Data: theirs.data()}
	in.MAC = in.sum("main", secret)
	if _, err := g.Publish(t.Context(), mustRead(t, g), in); err != nil {
		t.Fatal(err)
	}
}

// oneCommit wants one commit on top of the first one.
func (w *world) oneCommit(t *testing.T, name, want string) {
	t.Helper()
	if n := w.repo.Git("rev-list", "--count", "main"); n != "2" {
		t.Errorf("%s commits", n)
	}
	if got := w.read(t, name); got != want {
		t.Errorf("got %q", got)
	}
}

// onePull wants one pull request, and a branch with one commit where it is open.
func (w *world) onePull(t *testing.T, state, want string) {
	t.Helper()
	all := w.pulls(t)
	if len(all) != 1 || all[0].GetState() != state {
		t.Errorf("%d pull requests, the first %s", len(all), all[0].GetState())
		return
	}
	if state == "closed" {
		if tip := w.repo.Tip(proposal); tip != "" {
			t.Errorf("the branch is still there")
		}
		return
	}
	if got := w.repo.Read(proposal, "apps/web/deploy.yaml"); got != want || w.repo.Git("rev-list", "--count", "main.."+proposal) != "1" {
		t.Errorf("the branch holds %q", got)
	}
	if len(all[0].Labels) != 1 || len(all[0].RequestedReviewers) != 1 {
		t.Errorf("%d labels, %d reviewers", len(all[0].Labels), len(all[0].RequestedReviewers))
	}
}

// matchOf is how the hub is told of the nth request of its kind.
func matchOf(line string) string {
	method, rest, _ := strings.Cut(line, " ")
	target, field, graph := strings.Cut(rest, " ")
	if graph {
		fields := strings.Fields(field)
		return fields[len(fields)-1]
	}
	return method + " *" + strings.TrimPrefix(target, "/api/v3/repos/acme/infra")
}

// Each request of each verb fails in each way; then the verb is run again. There is
// one commit, one pull request, and nothing lost.
func TestEveryRequestFailsInEveryWay(t *testing.T) {
	isolate(t)
	var cases, survived atomic.Int64
	for name, v := range verbs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := func(t *testing.T) *world {
				w := newAPI(t)
				w.hub.User("ann")
				w.hub.SetNow(clock)
				w.write(t, start...)
				if v.prepare != nil {
					v.prepare(t, w)
				}
				w.hub.Requests()
				return w
			}
			w := begin(t)
			if err := v.run(t.Context(), t, w); err != nil {
				t.Fatal(err)
			}
			requests := w.hub.Requests()
			v.check(t, w)
			for _, line := range slices.Compact(slices.Sorted(slices.Values(requests))) {
				for _, way := range ways() {
					t.Run(matchOf(line)+" "+way.name, func(t *testing.T) {
						w := begin(t)
						ctx, cancel := context.WithCancel(t.Context())
						defer cancel()
						way.set(w.hub, matchOf(line), cancel)
						err := v.run(ctx, t, w)
						cases.Add(1)
						if err == nil {
							survived.Add(1)
						} else if !errors.Is(err, context.Canceled) && fault.Code(err) == "E_UNEXPECTED" {
							t.Errorf("an error that tells nothing: %v", err)
						}
						w.hub.Calm()
						if err := v.run(t.Context(), t, w); err != nil {
							t.Errorf("again: %v", err)
						}
						v.check(t, w)
					})
				}
			}
		})
	}
	t.Cleanup(func() {
		fmt.Printf("%d cases: every request of every verb, failing in %d ways; %d needed no second run\n", cases.Load(), len(ways()), survived.Load())
	})
}
