package version_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/version"
)

// world runs claims one request at a time, in an order that a seed decides, and
// decides with each request what becomes of it. Only one claim runs at any time;
// the others wait for an answer. So a seed repeats exactly.
type world struct {
	memory
	random  *rand.Rand
	asked   chan *question // from the claim that runs
	ended   chan ending
	waiting []*question
	older   map[string]bool      // by commit, whether it may be numbered late
	told    map[string][]ref.Tag // by commit, what its runs were told
	refused map[string]int       // by commit, how many of its runs were

	time  int            // counts the requests
	began map[string]int // by commit, when its first run began
	got   map[string]int // and when one was told its number
}

// question is a request on its way.
type question struct {
	scope    *version.Scope // of a Read
	updates  []git.Update   // of a Write
	view     *version.View
	err      error
	answered chan struct{}
}

// ending is a claim that came to its end.
type ending struct {
	commit string
	got    version.Allocation
	err    error
}

// line is one claim's way to the world.
type line struct{ *world }

func (l line) Read(_ context.Context, s version.Scope) (*version.View, error) {
	q := &question{scope: &s, answered: make(chan struct{})}
	l.asked <- q
	<-q.answered
	return q.view, q.err
}

func (l line) Write(_ context.Context, updates ...git.Update) error {
	q := &question{updates: updates, answered: make(chan struct{})}
	l.asked <- q
	<-q.answered
	return q.err
}

// errKilled ends a claim at once, as the end of its process would.
var errKilled = fault.Newf("E_KILLED", "", "killed")

// answer decides what becomes of a request.
func (w *world) answer(q *question) {
	defer close(q.answered)
	w.time++
	chance := w.random.IntN(100)
	if chance < 5 { // before it had any effect
		q.err = errKilled
		return
	}
	if chance < 10 {
		q.err = errLost
		return
	}
	if q.scope != nil {
		state := len(w.states) - 1
		if chance < 40 {
			state = w.random.IntN(state + 1) // an older one
		}
		q.view = w.view(state, *q.scope)
		return
	}
	q.err = w.write(q.updates)
	if chance > 94 { // after it had its effect, if any
		q.err = errKilled
	} else if chance > 85 {
		q.err = errLost
	}
}

// run lets every commit be claimed by so many runs, some of them at once, each of
// which starts again until it is told a number, or that there is none for it.
func (w *world) run(commits, runs int) {
	var begin []string
	for c := range commits {
		for range runs {
			begin = append(begin, commit(c))
		}
	}
	w.random.Shuffle(len(begin), func(i, j int) { begin[i], begin[j] = begin[j], begin[i] })
	for len(begin)+len(w.waiting) > 0 {
		if len(begin) > 0 && (len(w.waiting) == 0 || w.random.IntN(4) == 0) {
			w.start(begin[0])
			begin = begin[1:]
			continue
		}
		i := w.random.IntN(len(w.waiting))
		q := w.waiting[i]
		w.waiting = append(w.waiting[:i], w.waiting[i+1:]...)
		w.answer(q)
		w.settle()
	}
}

// start begins a claim and runs it until it asks something.
func (w *world) start(commit string) {
	if _, again := w.began[commit]; !again {
		w.began[commit] = w.time
	}
	request := version.Request{Commit: commit, Pause: atOnce, AllowOlder: w.older[commit], Now: w.now}
	go func() {
		got, err := version.Allocate(context.Background(), line{w}, request)
		w.ended <- ending{commit, got, err}
	}()
	w.settle()
}

// now is a clock that each request moves on.
func (w *world) now() time.Time {
	return time.Unix(1700000000, 0).Add(time.Duration(w.time) * 300 * time.Millisecond)
}

// settle waits until the claim that runs asks something or ends.
func (w *world) settle() {
	select {
	case q := <-w.asked:
		w.waiting = append(w.waiting, q)
	case e := <-w.ended:
		switch {
		case e.err == nil:
			w.told[e.commit] = append(w.told[e.commit], e.got.Tag)
			if _, before := w.got[e.commit]; !before {
				w.got[e.commit] = w.time
			}
		case fault.Is(e.err, "E_VERSION_OLDER"):
			w.refused[e.commit]++
		default:
			w.start(e.commit)
		}
	}
}

// Whatever the order of requests, however old the views, and whoever is killed: a
// commit has one number, all runs are told the same, no number is left out, and
// numbers are in the order of history and of the claims.
func TestEveryInterleaving(t *testing.T) {
	for seed := range uint64(800) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			const commits, runs = 6, 3
			w := newWorld(seed, commits)
			w.run(commits, runs)
			w.check(t, commits, runs)
		})
	}
}

// newWorld differs by its seed in whether claims wait for one another, in the
// history, and in who may be numbered late.
func newWorld(seed uint64, commits int) *world {
	w := &world{
		random: rand.New(rand.NewPCG(seed, 1)), memory: *withTags(), older: map[string]bool{},
		told: map[string][]ref.Tag{}, refused: map[string]int{}, began: map[string]int{}, got: map[string]int{},
		asked: make(chan *question), ended: make(chan ending),
	}
	w.room, w.apart, w.parents = seed%4 == 0, seed%4 == 1, chain(commits)
	w.shown = []int{100, 2, 0}[seed%3] // what lines do not show is asked for, or left alone
	if seed%5 == 0 {
		delete(w.parents, commit(3)) // another line of history
	}
	for c := range commits {
		w.older[commit(c)] = seed%7 == 0 || w.random.IntN(3) == 0
	}
	return w
}

func (w *world) check(t *testing.T, commits, runs int) {
	t.Helper()
	owner := map[string]version.Number{}
	for tag, commit := range w.tags() {
		n, _ := version.Series{}.Number(tag)
		if other, two := owner[commit]; two {
			t.Errorf("%s has %d and %d", commit, other, n)
		}
		owner[commit] = n
	}
	for n := range len(owner) {
		tag := string(version.Series{}.Tag(version.Number(n + 1)))
		if _, there := w.tags()[tag]; !there {
			t.Errorf("%s was left out", tag)
		}
	}
	for c := range commits {
		w.checkCommit(t, commit(c), runs, owner)
	}
	for name := range w.refs() {
		if !strings.HasPrefix(name, "refs/tags/") && !strings.HasPrefix(name, "refs/tagboat/claims/v0.0/") {
			t.Errorf("%s is left", name)
		}
	}
}

func (w *world) checkCommit(t *testing.T, c string, runs int, owner map[string]version.Number) {
	t.Helper()
	n, numbered := owner[c]
	if len(w.told[c])+w.refused[c] != runs {
		t.Errorf("%s: of %d runs %d got a number and %d were refused", c, runs, len(w.told[c]), w.refused[c])
	}
	for _, answer := range w.told[c] {
		if answer != (version.Series{}).Tag(n) {
			t.Errorf("%s was told %s and has %d", c, answer, n)
		}
	}
	if w.refused[c] > 0 && (numbered || w.older[c]) {
		t.Errorf("%s was refused, and has %d", c, n)
	}
	for other, m := range owner {
		switch {
		case !numbered || w.older[c]:
		case w.ancestor(c, other) && m < n:
			t.Errorf("%s has %d, and %s, which comes after it, %d", c, n, other, m)
		case w.told[other] != nil && w.got[other] < w.began[c] && m > n:
			t.Errorf("%s has %d, and %s, which had its number before, %d", c, n, other, m)
		}
	}
}
