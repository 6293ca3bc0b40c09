package infra

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// brawl is a number of runs that come and go on one host, some of which are killed
// in the middle, beside somebody who writes without asking.
type brawl struct {
	m      *model
	chance *rand.Rand
	api    bool
	runs   []*brawler
	plain  int // commits of the one who writes without asking
}

type brawler struct {
	raise
	*client
	begins time.Duration
	err    error
}

func newBrawl(seed uint64) *brawl {
	b := &brawl{chance: rand.New(rand.NewPCG(seed, 1))}
	b.api = b.chance.IntN(2) == 0
	files := map[string]string{"plain": "plain: 0\n"}
	for i := range 4 {
		files[fmt.Sprint("f", i)] = "a: 0\nb: 0\nc: 0\n"
	}
	b.m = newModel(seed, files)
	b.m.atomic = !b.api
	host := map[bool]string{false: "git", true: "api"}[b.api]
	for i := range 2 + b.chance.IntN(12) {
		run := &brawler{client: b.m.client(host), begins: time.Duration(b.chance.IntN(1000)) * time.Millisecond}
		run.raise = raise{File: fmt.Sprint("f", b.chance.IntN(4)), Field: string("abc"[b.chance.IntN(3)]), To: 1 + i}
		if b.chance.IntN(3) == 0 {
			run.killedAt, run.killedAfter = 1+b.chance.IntN(10), b.chance.IntN(2) == 0
		}
		b.runs = append(b.runs, run)
	}
	b.plain = b.chance.IntN(10)
	return b
}

// run lets them all have their way.
func (b *brawl) run(t *testing.T) {
	var group sync.WaitGroup
	for _, run := range b.runs {
		group.Go(func() {
			time.Sleep(run.begins)
			o := run.combining()
			_, run.err = Apply(t.Context(), run, o, run.edit)
		})
	}
	group.Go(func() {
		for i := range b.plain {
			time.Sleep(b.m.delay())
			r := raise{File: "plain", Field: "plain", To: i + 1}
			if _, err := Apply(t.Context(), b.m.client("git"), Options{}, r.edit); err != nil {
				t.Error(err)
			}
		}
	})
	group.Wait()
}

// value is what a field of a commit holds.
func (c modelCommit) value(t *testing.T, file, field string) (is int) {
	_, after, _ := strings.Cut("\n"+c.files[file], "\n"+field+": ")
	if _, err := fmt.Sscan(after, &is); err != nil {
		t.Errorf("%s of %s: %v", field, file, err)
	}
	return is
}

// check is what must hold whatever happened: nobody's edit is missing, nobody's was
// taken back, and each was made once.
func (b *brawl) check(t *testing.T) {
	last := b.m.history[len(b.m.history)-1]
	for _, run := range b.runs {
		if is := last.value(t, run.File, run.Field); run.err == nil && is < run.To {
			t.Errorf("%+v: %d is there", run.raise, is)
		}
		if run.err != nil && !errors.Is(run.err, errKilled) {
			t.Errorf("%+v: %v", run.raise, run.err)
		}
		before := 0
		for _, c := range b.m.history {
			is := c.value(t, run.File, run.Field)
			if is < before {
				t.Errorf("%s of %s went from %d to %d", run.Field, run.File, before, is)
			}
			before = is
		}
	}
	if is := last.value(t, "plain", "plain"); is != b.plain {
		t.Errorf("%d of %d plain edits are there", is, b.plain)
	}
	for i, c := range b.m.history[1:] {
		if fmt.Sprint(c.files) == fmt.Sprint(b.m.history[i].files) {
			t.Errorf("commit %d changes nothing: %s", i+1, c.message)
		}
	}
}

// Whenever whoever dies, the edits of all that live are on the branch, and what the dead
// have left is written by the next who comes.
func TestCombiningUnderAnyInterleaving(t *testing.T) {
	seeds := 1000
	if testing.Short() {
		seeds = 50
	}
	killed, combined, left := 0, 0, 0
	for seed := range uint64(seeds) {
		synctest.Test(t, func(t *testing.T) {
			b := newBrawl(seed)
			b.run(t)
			b.check(t)
			intents := len(b.m.intents)
			left += intents
			time.Sleep(2 * abandoned)
			next := &brawler{client: b.m.client("git"), raise: raise{File: "f0", Field: "a", To: 100}}
			b.runs = append(b.runs, next)
			var waiting []raise
			for _, in := range b.m.intents {
				for _, run := range b.runs {
					if string(run.data()) == string(in.Data) {
						waiting = append(waiting, run.raise)
					}
				}
			}
			_, next.err = Apply(t.Context(), next, next.combining(), next.edit)
			b.check(t)
			for _, r := range waiting {
				if is := b.m.history[len(b.m.history)-1].value(t, r.File, r.Field); is < r.To {
					t.Errorf("%+v was left behind and lost", r)
				}
			}
			if len(b.m.intents) > 0 || len(waiting) != intents {
				t.Errorf("left behind: %v", b.m.intents)
			}
			for _, run := range b.runs {
				if run.dead {
					killed++
				}
			}
			for _, c := range b.m.history {
				if strings.Contains(c.message, " bumps: ") {
					combined++
				}
			}
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d cases: %d runs killed, %d commits of several runs, %d intents left by the dead", seeds, killed, combined, left)
	if killed == 0 || combined == 0 || left == 0 {
		t.Error("too little happened")
	}
}
