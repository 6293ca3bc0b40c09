package infra

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// counted is a repository whose writes are counted.
type counted struct {
	*Git
	writes int
}

func (c *counted) CommitEach(ctx context.Context, on *Snapshot, sets []ChangeSet) ([]Written, error) {
	c.writes++
	return c.Git.CommitEach(ctx, on, sets)
}

func (c *counted) Commit(ctx context.Context, on *Snapshot, set ChangeSet) (Written, error) {
	c.writes++
	return c.Git.Commit(ctx, on, set)
}

func (c *counted) Publish(ctx context.Context, on *Snapshot, in Intent) (Intent, error) {
	c.writes++
	return c.Git.Publish(ctx, on, in)
}

func (c *counted) Clear(ctx context.Context, on *Snapshot, done []Intent) error {
	c.writes++
	return c.Git.Clear(ctx, on, done)
}

// raises are the edits of a crowd, each its own field, with the files for them.
func (w *world) raises(t *testing.T, count int, separate bool) []raise {
	t.Helper()
	all := make([]raise, count)
	files := map[string]string{}
	for i := range all {
		all[i] = raise{File: "all.yaml", Field: fmt.Sprintf("app%03d", i), To: 2}
		if separate {
			all[i].File = fmt.Sprintf("apps/%s/values.yaml", all[i].Field)
		}
		files[all[i].File] = fields(count)
	}
	var written []testkit.GitFile
	for _, name := range slices.Sorted(maps.Keys(files)) {
		written = append(written, testkit.GitFile{Path: name, Data: files[name]})
	}
	w.write(t, written...)
	return all
}

// git opens the repository for one edit.
func (w *world) git(t *testing.T, o GitOptions, r raise) *Git {
	t.Helper()
	o.Paths = mustParse(t, r.File)
	return w.openWith(t, o).(*Git)
}

// intents are the refs that are on the host.
func (w *world) intents() string {
	return w.repo.Git("for-each-ref", "--format=%(refname)", "refs/tagboat/")
}

// landed wants the edits on the branch, and nothing left behind.
func (w *world) landed(t *testing.T, all []raise) {
	t.Helper()
	w.onBranch(t, all)
	if left := w.intents(); left != "" {
		t.Errorf("left behind: %s", left)
	}
}

// onBranch wants the edits on the branch, in a history of single commits.
func (w *world) onBranch(t *testing.T, all []raise) {
	t.Helper()
	for _, r := range all {
		if got := w.read(t, r.File); !strings.Contains("\n"+got, fmt.Sprintf("\n%s: %d\n", r.Field, r.To)) {
			t.Errorf("%+v is not on the branch:\n%s", r, got)
		}
		if got := w.repo.Git("log", "--format=%h", "--grep=^Tagboat-Image: "+r.Field+"$", "main"); got == "" {
			t.Errorf("no commit tells of %+v", r)
		}
	}
	if merges := w.repo.Git("rev-list", "--min-parents=2", "main"); merges != "" {
		t.Errorf("history is not linear: %s", merges)
	}
}

func TestCombinedWritersAllLand(t *testing.T) {
	inGit(t, func(t *testing.T, w *world) {
		for _, separate := range []bool{false, true} {
			count := 8
			if !testing.Short() && w.name == "http" && !separate {
				count = 20
			}
			all := w.raises(t, count, separate)
			before := w.repo.Tip("main")
			var group sync.WaitGroup
			runs := make([]*counted, count)
			for i, r := range all {
				runs[i] = &counted{Git: w.git(t, GitOptions{}, r)}
				group.Go(func() {
					res, err := Apply(t.Context(), runs[i], r.signed(), r.edit)
					if err != nil || !res.Written.Changed || !strings.Contains(res.Diff, "+"+r.Field+": 2") {
						t.Errorf("run %d: got %+v, %v", i, res, err)
					}
				})
			}
			start := time.Now()
			group.Wait()
			w.landed(t, all)
			most, total := 0, 0
			for _, run := range runs {
				most, total = max(most, run.writes), total+run.writes
			}
			t.Logf("%d runs, separate files %v: %d writes, at most %d of one, %s commits, %s", count, separate, total, most,
				w.repo.Git("rev-list", "--count", before+"..main"), time.Since(start).Round(time.Millisecond))
			if most > 4 {
				t.Errorf("a run wrote %d times", most)
			}
		}
	})
}

// Who is alone makes the same requests whether it may combine or not.
func TestAloneNothingIsCombined(t *testing.T) {
	w := startHTTP(t)
	all := w.raises(t, 2, false)
	var requests [2][]string
	for i, r := range all {
		o := r.signed()
		o.Combine = []Combine{CombineOff, CombineOne}[i]
		w.server.Requests()
		if _, err := Apply(t.Context(), w.git(t, GitOptions{}, r), o, r.edit); err != nil {
			t.Fatal(err)
		}
		requests[i] = w.server.Requests()
	}
	if diff := cmp.Diff(requests[0], requests[1]); diff != "" {
		t.Error(diff)
	}
}

// left publishes edits as runs would that have died since, an hour of the tests ago
// or less.
func (w *world) left(t *testing.T, o GitOptions, ago time.Duration, all ...raise) []Intent {
	t.Helper()
	var intents []Intent
	for i, r := range all {
		repo := w.git(t, o, r)
		in := Intent{ID: fmt.Sprintf("%012x-%d", clock().UnixMilli(), i), Since: clock().Add(-ago), Subject: r.Field, Data: r.data()}
		if o.Author == (Identity{}) {
			in.MAC = in.sum("main", secret)
		}
		in, err := repo.Publish(t.Context(), mustRead(t, repo), in)
		if err != nil {
			t.Fatal(err)
		}
		intents = append(intents, in)
	}
	return intents
}

// later is an hour in which nobody writes: the options of the run that comes next.
func later(r raise) Options {
	o := atOnce(r.signed())
	o.Now = clock
	return o
}

// The edits of runs that died are written with the next one, in one push.
func TestLeftIntentsAreWritten(t *testing.T) {
	for how, commits := range map[Combine]string{CombineOne: "1", CombineEach: "4"} {
		inGit(t, func(t *testing.T, w *world) {
			all := w.raises(t, 4, how == CombineEach)
			w.left(t, GitOptions{}, 2*time.Minute, all[1:]...)
			before := w.repo.Tip("main")
			repo := &counted{Git: w.git(t, GitOptions{}, all[0])}
			o := later(all[0])
			o.Combine = how
			res, err := Apply(t.Context(), repo, o, all[0].edit)
			if err != nil || repo.writes != 1 || res.Attempts != 1 || !cmp.Equal(res.Files, []string{all[0].File}) {
				t.Fatalf("got %+v, %v", res, err)
			}
			w.landed(t, all)
			if got := w.repo.Git("rev-list", "--count", before+"..main"); got != commits {
				t.Errorf("%s: %s commits", how, got)
			}
			own := w.repo.Git("log", "-1", "--format=%(trailers:key=Tagboat-Image,valueonly,separator=%x2C)", res.Written.Commit)
			want := map[Combine]string{CombineOne: "app000,app001,app002,app003", CombineEach: "app000"}[how]
			if own != want {
				t.Errorf("%s: the commit of the result is for %s", how, own)
			}
		})
	}
}

// On hosts of many ages, intents are read as well.
func TestLeftIntentsOnOldHosts(t *testing.T) {
	for name, set := range map[string]func(*world){
		"no filters":     func(w *world) { w.repo.Git("config", "uploadpack.allowFilter", "false") },
		"version 0":      func(w *world) { w.server.ProtocolV0() },
		"not atomic":     func(w *world) { w.repo.Git("config", "receive.advertiseAtomic", "false") },
		"one by one":     func(w *world) { w.repo.Git("config", "receive.unpackLimit", "1") },
		"a named branch": func(*world) {},
	} {
		t.Run(name, func(t *testing.T) {
			w := startHTTP(t)
			all := w.raises(t, 3, true)
			set(w)
			o := GitOptions{}
			if name == "a named branch" {
				o.Branch = "main"
			}
			w.left(t, o, 2*time.Minute, all[1:]...)
			if _, err := Apply(t.Context(), w.git(t, o, all[0]), later(all[0]), all[0].edit); err != nil {
				t.Fatal(err)
			}
			w.landed(t, all)
		})
	}
}

// Neither the intents of strangers nor what is no intent is written or removed.
func TestIntentsOfStrangers(t *testing.T) {
	inGit(t, func(t *testing.T, w *world) {
		all := w.raises(t, 3, false)
		w.left(t, GitOptions{Author: Identity{Name: "stranger"}}, time.Hour, all[1])
		w.repo.Git("update-ref", intentFolder("main")+"main", "main")
		w.repo.Git("update-ref", intentFolder("other")+"000000000003-0", w.repo.Git("rev-parse", w.intents()[:strings.Index(w.intents(), "\n")]))
		before := w.intents()
		if _, err := Apply(t.Context(), w.git(t, GitOptions{}, all[0]), later(all[0]), all[0].edit); err != nil {
			t.Fatal(err)
		}
		if got := w.read(t, "all.yaml"); got != "app000: 2\napp001: 1\napp002: 1\n" {
			t.Errorf("got %s", got)
		}
		if diff := cmp.Diff(before, w.intents()); diff != "" {
			t.Error(diff)
		}
	})
}

// An intent that was withdrawn in the last moment is not written.
func TestIntentIsGoneDuringThePush(t *testing.T) {
	for name, at := range map[string]func(*testkit.GitServer, func()){
		"before refs are read": (*testkit.GitServer).OnAdvertise,
		"after refs are read":  (*testkit.GitServer).OnPush,
	} {
		t.Run(name, func(t *testing.T) {
			w := startHTTP(t)
			all := w.raises(t, 3, false)
			gone := w.left(t, GitOptions{}, 2*time.Minute, all[1:]...)[0]
			at(w.server, func() { w.repo.Git("update-ref", "-d", gone.ref("main")) })
			res, err := Apply(t.Context(), w.git(t, GitOptions{}, all[0]), later(all[0]), all[0].edit)
			if err != nil || res.Attempts != 2 {
				t.Fatalf("got %+v, %v", res, err)
			}
			if got := w.read(t, "all.yaml"); got != "app000: 2\napp001: 1\napp002: 2\n" || w.intents() != "" {
				t.Errorf("got %s, left %s", got, w.intents())
			}
		})
	}
}

// hook makes the host ask a script about each ref that is pushed: its name, its old and its new object.
func (w *world) hook(t *testing.T, script string) {
	t.Helper()
	name := filepath.Join(w.repo.Dir, "hooks", "update")
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte("#!/bin/sh\n"+script+"\n"), 0o755)); err != nil {
		t.Fatal(err)
	}
}

// A ref that cannot be removed does not keep anybody from writing.
func TestIntentsThatStay(t *testing.T) {
	for name, set := range map[string]func(*testing.T, *world, Intent){
		"locked": func(t *testing.T, w *world, in Intent) {
			if err := os.WriteFile(filepath.Join(w.repo.Dir, in.ref("main")+".lock"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"kept by the host": func(t *testing.T, w *world, _ Intent) {
			w.hook(t, "case $3 in *[1-9a-f]*) ;; *) echo nothing is deleted here; exit 1;; esac")
		},
	} {
		t.Run(name, func(t *testing.T) {
			inGit(t, func(t *testing.T, w *world) {
				all := w.raises(t, 2, false)
				set(t, w, w.left(t, GitOptions{}, 2*time.Minute, all[1])[0])
				for range 2 { // the second time it is there already
					res, err := Apply(t.Context(), w.git(t, GitOptions{}, all[0]), later(all[0]), all[0].edit)
					if err != nil || res.Attempts != 1 {
						t.Fatalf("got %+v, %v", res, err)
					}
				}
				if got := w.read(t, "all.yaml"); got != "app000: 2\napp001: 2\n" || w.intents() == "" {
					t.Errorf("got %s, left %s", got, w.intents())
				}
			})
		})
	}
}

// Clear removes what is there, whatever else is gone or was made anew.
func TestClear(t *testing.T) {
	inGit(t, func(t *testing.T, w *world) {
		all := w.raises(t, 4, false)
		intents := w.left(t, GitOptions{}, 0, all...)
		w.repo.Git("update-ref", "-d", intents[1].ref("main"))
		w.repo.Git("update-ref", intents[2].ref("main"), "main")
		repo := w.git(t, GitOptions{}, all[0])
		for range 2 {
			if err := repo.Clear(t.Context(), mustRead(t, repo), intents); err != nil {
				t.Fatal(err)
			}
			if got := w.intents(); got != intents[2].ref("main") {
				t.Errorf("left %s", got)
			}
		}
	})
}

// A run that is cancelled takes back what it has published.
func TestCancelledRunWithdraws(t *testing.T) {
	inGit(t, func(t *testing.T, w *world) {
		all := w.raises(t, 2, false)
		w.left(t, GitOptions{}, 0, all[1])
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		o := later(all[0])
		published := ""
		o.Sleep = func(context.Context, time.Duration) error {
			published = w.intents()
			cancel()
			return ctx.Err()
		}
		if _, err := Apply(ctx, w.git(t, GitOptions{}, all[0]), o, all[0].edit); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if left := w.intents(); strings.Count(published, "\n") != 1 || strings.Count(left, "\n") != 0 || !strings.Contains(published, left) {
			t.Errorf("published %s, left %s", published, left)
		}
	})
}

// A host that takes no such refs is written to as ever.
func TestIntentIsRefused(t *testing.T) {
	w := startHTTP(t)
	all := w.raises(t, 2, false)
	w.left(t, GitOptions{}, 0, all[1])
	w.hook(t, "case $1 in refs/tagboat/*) echo no such refs here; exit 1;; esac")
	var log strings.Builder
	o := later(all[0])
	o.Log = &log
	if _, err := Apply(t.Context(), w.git(t, GitOptions{}, all[0]), o, all[0].edit); err != nil {
		t.Fatal(err)
	}
	if got := w.read(t, "all.yaml"); got != "app000: 2\napp001: 1\n" || !strings.Contains(log.String(), "it writes for itself") {
		t.Errorf("got %s, log %s", got, log.String())
	}
}
