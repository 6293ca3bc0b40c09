package version_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
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
	told    map[string][]ref.Tag // by commit, what its runs were told
}

// question is a request on its way.
type question struct {
	tag, commit string // of a Create; "" for a List
	tags        map[string]string
	err         error
	answered    chan struct{}
}

// ending is a claim that came to its end.
type ending struct {
	commit string
	got    version.Allocation
	err    error
}

// line is one claim's way to the world.
type line struct{ *world }

func (l line) List(context.Context, string) (map[string]string, error) {
	q := &question{answered: make(chan struct{})}
	l.asked <- q
	<-q.answered
	return q.tags, q.err
}

func (l line) Create(_ context.Context, tag, commit string) error {
	q := &question{tag: tag, commit: commit, answered: make(chan struct{})}
	l.asked <- q
	<-q.answered
	return q.err
}

// errKilled ends a claim at once, as the end of its process would.
var errKilled = fault.Newf("E_KILLED", "", "killed")

// answer decides what becomes of a request.
func (w *world) answer(q *question) {
	defer close(q.answered)
	chance := w.random.IntN(100)
	if chance < 5 { // before it had any effect
		q.err = errKilled
		return
	}
	if chance < 10 {
		q.err = errLost
		return
	}
	if q.tag == "" {
		length := len(w.history)
		if chance < 40 && length > 0 {
			length = w.random.IntN(length + 1) // an older state
		}
		q.tags = w.state(length, "")
		return
	}
	q.err = w.memory.Create(context.Background(), q.tag, q.commit)
	if chance > 94 { // after it had its effect, if any
		q.err = errKilled
	} else if chance > 85 {
		q.err = errLost
	}
}

// run lets every commit be claimed by so many runs at once, each of which starts
// again until it is told a number.
func (w *world) run(commits, runs int) {
	for c := range commits {
		for range runs {
			w.start(commit(c))
		}
	}
	for len(w.waiting) > 0 {
		i := w.random.IntN(len(w.waiting))
		q := w.waiting[i]
		w.waiting = append(w.waiting[:i], w.waiting[i+1:]...)
		w.answer(q)
		w.settle()
	}
}

// start begins a claim and runs it until it asks something.
func (w *world) start(commit string) {
	go func() {
		got, err := version.Allocate(context.Background(), line{w}, version.Request{Commit: commit, Pause: atOnce})
		w.ended <- ending{commit, got, err}
	}()
	w.settle()
}

// settle waits until the claim that runs asks something or ends.
func (w *world) settle() {
	select {
	case q := <-w.asked:
		w.waiting = append(w.waiting, q)
	case e := <-w.ended:
		if e.err != nil {
			w.start(e.commit)
			return
		}
		w.told[e.commit] = append(w.told[e.commit], e.got.Tag)
	}
}

// Whatever the order of requests, however old the lists, and whoever is killed:
// a commit has one number, all runs are told the same, and no number is left out.
func TestEveryInterleaving(t *testing.T) {
	for seed := range uint64(400) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &world{
				random: rand.New(rand.NewPCG(seed, 1)), told: map[string][]ref.Tag{},
				asked: make(chan *question), ended: make(chan ending),
			}
			const commits, runs = 5, 3
			w.run(commits, runs)
			owner := map[string]string{}
			for tag, commit := range w.tags() {
				if other, two := owner[commit]; two {
					t.Errorf("%s has %s and %s", commit, other, tag)
				}
				owner[commit] = tag
			}
			for n := range commits {
				tag := string(version.Series{}.Tag(version.Number(n + 1)))
				if _, there := w.tags()[tag]; !there {
					t.Errorf("%s was left out", tag)
				}
				answers := w.told[commit(n)]
				if len(answers) != runs {
					t.Errorf("%s has %d answers", commit(n), len(answers))
				}
				for _, answer := range answers {
					if string(answer) != owner[commit(n)] {
						t.Errorf("%s was told %s and has %s", commit(n), answer, owner[commit(n)])
					}
				}
			}
		})
	}
}
