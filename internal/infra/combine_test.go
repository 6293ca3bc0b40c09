package infra

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// fields are the lines of a file with so many fields that hold 1.
func fields(count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, "app%03d: 1\n", i)
	}
	return b.String()
}

// crowd is many runs that write at once, each one its own field.
type crowd struct {
	count    int
	separate bool   // each in a file of its own
	host     string // git, api
	combine  Combine
}

// figures are what a crowd took.
type figures struct {
	commits, requests, writes int // of all
	most                      int // writes of one run
	left                      int // intents
	took                      time.Duration
}

// meet lets the runs begin at the same moment, and wants all of them on the branch
// in the end.
func (c crowd) meet(t *testing.T, seed uint64) (got figures) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := newModel(seed, map[string]string{"all.yaml": fields(c.count)})
		m.atomic = c.host == "git"
		var group sync.WaitGroup
		var mu sync.Mutex
		start := time.Now()
		for i := range c.count {
			r := raise{File: "all.yaml", Field: fmt.Sprintf("app%03d", i), To: 2}
			if c.separate {
				r.File = r.Field + ".yaml"
				m.tip()[r.File] = fields(c.count)
			}
			group.Go(func() {
				run := m.client(c.host)
				o := r.combining()
				o.Combine = c.combine
				res, err := Apply(t.Context(), run, o, r.edit)
				if err != nil || !res.Written.Changed || !strings.Contains(res.Diff, "+"+r.Field+": 2") {
					t.Errorf("run %d: got %+v, %v", i, res, err)
				}
				mu.Lock()
				defer mu.Unlock()
				got.requests, got.writes, got.most = got.requests+run.requests, got.writes+run.writes, max(got.most, run.writes)
			})
		}
		group.Wait()
		got.took, got.commits = time.Since(start), len(m.history)-1
		landed := 0
		for _, text := range m.tip() {
			landed += strings.Count(text, ": 2\n")
		}
		if landed != c.count {
			t.Errorf("%d of %d edits are on the branch", landed, c.count)
		}
		got.left = len(m.intents)
	})
	return got
}

// However many runs there are, each writes a few times only: 4 with git, and hardly
// ever more with an API, where an intent takes two.
func TestCombiningIsCheap(t *testing.T) {
	for _, count := range []int{20, 40, 200} {
		for _, separate := range []bool{false, true} {
			for host, most := range map[string]int{"git": 4, "api": 5} {
				name := fmt.Sprintf("%d runs, %s, separate files %v", count, host, separate)
				got := crowd{count: count, separate: separate, host: host}.meet(t, uint64(count))
				t.Logf("%s: %+v", name, got)
				if got.most > most || got.writes > 4*count || got.commits > 10+count/10 || got.left > 0 || got.took > 10*time.Second {
					t.Errorf("%s: %+v", name, got)
				}
			}
		}
	}
}

// Two runs that meet write one after the other, as they would without combining.
func TestTwoRunsDoNotCombine(t *testing.T) {
	for seed := range uint64(20) {
		if got := (crowd{count: 2, host: "api"}).meet(t, seed); got.commits != 2 || got.writes != 3 || got.requests != 6 {
			t.Errorf("got %+v", got)
		}
	}
}

func TestCombiningIsOff(t *testing.T) {
	if got := (crowd{count: 20, host: "git", combine: CombineOff}).meet(t, 1); got.commits != 20 {
		t.Errorf("got %+v", got)
	}
}

// apply is one run on a host that nobody else uses.
func (m *model) apply(t *testing.T, o Options, edit Edit) (*Result, *client, error) {
	t.Helper()
	run := m.client("git")
	res, err := Apply(t.Context(), run, o, edit)
	return res, run, err
}

// post leaves an intent as a run would that has died since.
func (m *model) post(id string, age time.Duration, data []byte) *Intent {
	in := Intent{ID: id, Commit: "of " + id, Since: time.Now().Add(-age), Data: data, Trusted: true}
	m.intents[id] = in
	return &in
}

// What others left behind is written by whoever comes next, if it may be.
func TestWhatIsLeftBehind(t *testing.T) {
	other := raise{File: "x", Field: "other", To: 5}
	cases := map[string]struct {
		leave    func(*model)
		want     string // of other's field
		left     bool
		requests int
	}{
		"nothing":                 {func(*model) {}, "other: 1", false, 2},
		"an edit":                 {func(m *model) { m.post("a", 2*time.Minute, other.data()) }, "other: 5", false, 3},
		"an edit from the future": {func(m *model) { m.post("a", -2*time.Minute, other.data()) }, "other: 5", false, 3},
		"one that is there already": {func(m *model) {
			m.post("a", 2*time.Minute, raise{File: "x", Field: "other", To: 1}.data())
		}, "other: 1", false, 3},
		"an old one":        {func(m *model) { m.post("a", time.Hour, other.data()) }, "other: 1", false, 2},
		"an old broken one": {func(m *model) { m.post("a", time.Hour, nil) }, "other: 1", false, 2},
		"one that nobody can read": {func(m *model) {
			m.post("a", 2*time.Minute, []byte(`"what?"`))
		}, "other: 1", true, 2},
		"one without data": {func(m *model) { m.post("a", 2*time.Minute, nil) }, "other: 1", true, 2},
		"one that fails": {func(m *model) {
			m.post("a", 2*time.Minute, raise{File: "gone", Field: "other", To: 5}.data())
		}, "other: 1", true, 3},
		"one of a stranger": {func(m *model) {
			in := m.post(newIntentID(time.Now()), 2*time.Minute, other.data())
			in.Trusted = false
			m.intents[in.ID] = *in
		}, "other: 1", true, 2},
		"an old one of a stranger": {func(m *model) {
			in := m.post(newIntentID(time.Now().Add(-time.Hour)), 0, other.data())
			in.Trusted = false
			m.intents[in.ID] = *in
		}, "other: 1", false, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newModel(1, map[string]string{"x": "mine: 1\nother: 1\n"})
				m.atomic = true
				c.leave(m)
				mine := raise{File: "x", Field: "mine", To: 2}
				res, run, err := m.apply(t, mine.combining(), mine.edit)
				if err != nil || res.Attempts != 1 || run.requests != c.requests || run.writes != 1 {
					t.Fatalf("got %+v, %v after %d requests, %d writes", res, err, run.requests, run.writes)
				}
				if got, want := m.tip()["x"], "mine: 2\n"+c.want+"\n"; got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				if left := len(m.intents) > 0; left != c.left {
					t.Errorf("left behind: %v", m.intents)
				}
				if strings.Contains(res.Diff, "other: 5") {
					t.Errorf("the diff holds what others changed:\n%s", res.Diff)
				}
			})
		})
	}
}

// A run that meets others at its first look does not write for itself. The one before it
// is dead, so that it writes for both in the end.
func TestDeadLeaderIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newModel(1, map[string]string{"x": "mine: 1\nother: 1\n"})
		m.atomic = true
		m.post("000000000000-0", 0, raise{File: "x", Field: "other", To: 5}.data())
		mine := raise{File: "x", Field: "mine", To: 2}
		var log strings.Builder
		o := mine.combining()
		o.Log = &log
		start := time.Now()
		res, run, err := m.apply(t, o, mine.edit)
		if err != nil || run.writes != 2 || m.tip()["x"] != "mine: 2\nother: 5\n" || len(m.intents) > 0 || len(m.history) != 2 {
			t.Errorf("got %+v, %v: %+v", res, err, m)
		}
		if took := time.Since(start); took < 2*time.Second || took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
		if !strings.Contains(log.String(), "this one wrote as well: 1") || res.Attempts != 1 {
			t.Errorf("got %d attempts, log %s", res.Attempts, log.String())
		}
	})
}

// What a host refuses of others does not keep this run from writing.
func TestEditsOfOthersAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newModel(1, map[string]string{"x": "mine: 1\nother: 1\n"})
		m.atomic = true
		m.post("a", 2*time.Minute, raise{File: "x", Field: "other", To: 5}.data())
		m.refuse = func(c ChangeSet) error {
			if strings.Contains(string(c.Files["x"]), "other: 5") {
				return errors.New("not that one")
			}
			return nil
		}
		mine := raise{File: "x", Field: "mine", To: 2}
		var log strings.Builder
		o := mine.combining()
		o.Log = &log
		res, _, err := m.apply(t, o, mine.edit)
		if err != nil || m.tip()["x"] != "mine: 2\nother: 1\n" || len(m.intents) != 1 || res.Attempts != 1 {
			t.Errorf("got %+v, %v: %+v", res, err, m)
		}
		if !strings.Contains(log.String(), "not that one") {
			t.Errorf("log %s", log.String())
		}
	})
}

// A repository that takes one commit at a time gets one, and the log says so.
func TestCombineEachWithoutAChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newModel(1, map[string]string{"x": "mine: 1\nother: 1\n"})
		m.atomic = true
		m.post("a", 2*time.Minute, raise{File: "x", Field: "other", To: 5}.data())
		mine := raise{File: "x", Field: "mine", To: 2}
		var log strings.Builder
		o := mine.combining()
		o.Combine, o.Log = CombineEach, &log
		_, _, err := m.apply(t, o, mine.edit)
		if err != nil || m.tip()["x"] != "mine: 2\nother: 5\n" || len(m.history) != 2 || !strings.Contains(log.String(), "one commit at a time") {
			t.Errorf("got %v: %+v, log %s", err, m, log.String())
		}
	})
}

// A run whose turn does not come gives up at the deadline, and takes its edit back.
func TestWaitingEndsAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newModel(1, map[string]string{"x": "mine: 1\nother: 1\n"})
		for i := range 30 {
			m.post(fmt.Sprintf("00000000000%02d-0", i), 0, raise{File: "x", Field: "other", To: 5}.data())
		}
		mine := raise{File: "x", Field: "mine", To: 2}
		o := mine.combining()
		o.Deadline = 20 * time.Second
		start := time.Now()
		_, run, err := m.apply(t, o, mine.edit)
		if fault.Code(err) != "E_INFRA_BUSY" || !strings.Contains(err.Error(), "runs before this one") || time.Since(start) > o.Deadline+farewell {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
		if len(m.intents) != 30 || len(m.history) != 1 || run.requests > 20 {
			t.Errorf("got %d intents, %d commits, %d requests", len(m.intents), len(m.history), run.requests)
		}
	})
}

// The result of a run whose edit another one wrote tells of both.
func TestResultOfAJoinedRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newModel(1, map[string]string{"x": "mine: 1\nother: 1\n"})
		m.atomic = true
		m.post("000000000000-0", 0, raise{File: "x", Field: "other", To: 5}.data())
		mine := raise{File: "x", Field: "mine", To: 2}
		o := mine.combining()
		o.Sleep = func(ctx context.Context, d time.Duration) error { // the other run leads in the meantime
			m.mu.Lock()
			defer m.mu.Unlock()
			clear(m.intents)
			m.history = append(m.history, modelCommit{files: map[string]string{"x": "mine: 2\nother: 5\n"}})
			return sleep(ctx, d)
		}
		res, run, err := m.apply(t, o, mine.edit)
		if err != nil {
			t.Fatal(err)
		}
		want := Written{Commit: "c1", Branch: "main", Changed: true, Joined: true}
		if diff := cmp.Diff(want, res.Written); diff != "" || res.Snapshot.Head != "c0" || !cmp.Equal(res.Files, []string{"x"}) || !strings.Contains(res.Diff, "+mine: 2\n") {
			t.Errorf("got %+v\n%s", res, diff)
		}
		if run.writes != 1 || res.Attempts != 1 {
			t.Errorf("%d writes, %d attempts", run.writes, res.Attempts)
		}
	})
}

func TestNoSuchWayToCombine(t *testing.T) {
	if _, err := Apply(t.Context(), &script{}, Options{Combine: "all"}, edited); err == nil || !strings.Contains(err.Error(), `"all"`) {
		t.Errorf("got %v", err)
	}
}

// The newest wins on one field, whoever writes it, and nobody takes it back.
func TestCombinedEditsOfOneField(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			m := newModel(seed, map[string]string{"x": "app: 1\n"})
			m.atomic = seed%2 == 0
			var group sync.WaitGroup
			for to := 2; to < 22; to++ {
				r := raise{File: "x", Field: "app", To: to}
				group.Go(func() {
					if _, _, err := m.apply(t, r.combining(), r.edit); err != nil {
						t.Errorf("to %d: %v", to, err)
					}
				})
			}
			group.Wait()
			if got := m.tip()["x"]; got != "app: 21\n" {
				t.Errorf("got %q", got)
			}
			values := []string{}
			for _, c := range m.history {
				values = append(values, fmt.Sprintf("%9s", c.files["x"]))
			}
			if !slices.IsSorted(values) {
				t.Errorf("a newer one was taken back: %q", values)
			}
		})
	}
}
