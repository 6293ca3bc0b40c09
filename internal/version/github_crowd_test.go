package version_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/testkit/hub"
	"github.com/seed-96940006/tagboat/internal/version"
)

// ended is one claim of a crowd.
type ended struct {
	name, token  string
	began, ended time.Time
	got          version.Allocation
	err          error
}

// crowd lets claims of commits run, so many at once, each with a client and a token of
// its own.
func (g *gitHub) crowd(ids map[string]string, names []string, most int) []ended {
	all := make([]ended, len(names))
	gate := make(chan struct{}, most)
	var group sync.WaitGroup
	for i, name := range names {
		token := g.Token(hub.Token{Kind: hub.AppToken, Limit: 1 << 20})
		store := g.store()
		store.Client, store.Git.Remote.Token = g.client(token), token
		gate <- struct{}{}
		group.Go(func() {
			defer func() { <-gate }()
			e := ended{name: name, token: token, began: time.Now()}
			e.got, e.err = version.Allocate(g.t.Context(), store, version.Request{Commit: ids[name]})
			e.ended = time.Now()
			all[i] = e
		})
	}
	group.Wait()
	return all
}

// requests are how many each claim of a crowd took, the fewest first.
func (g *gitHub) requests(all []ended) []int {
	counts := g.Counts()
	var each []int
	for _, e := range all {
		each = append(each, counts[e.token])
	}
	slices.Sort(each)
	return each
}

// inOrder fails where numbers are missing or given twice, and where a claim that
// ended before another one began has the higher number.
func inOrder(t testing.TB, g *gitHub, all []ended) {
	t.Helper()
	var numbers []version.Number
	owner := map[ref.Tag]string{}
	for _, e := range all {
		if e.err != nil {
			t.Errorf("%s: %v", e.name, e.err)
			continue
		}
		if other := owner[e.got.Tag]; other != "" {
			t.Errorf("%s and %s have %s", e.name, other, e.got.Tag)
		}
		owner[e.got.Tag] = e.name
		n, _ := version.Series{}.Number(string(e.got.Tag))
		numbers = append(numbers, n)
		for _, before := range all {
			if m, ok := (version.Series{}).Number(string(before.got.Tag)); ok && before.ended.Before(e.began) && m > n {
				t.Errorf("%s has %d, and %s, which ended before, has %d", e.name, n, before.name, m)
			}
		}
	}
	slices.Sort(numbers)
	for i, n := range numbers {
		if n != version.Number(i+1) {
			t.Errorf("number %d is %d", i+1, n)
			break
		}
	}
}

// siblings are the names of so many commits, each on a branch of its own, which are
// made, and the troubles that their claims will have.
func (g *gitHub) siblings(n, stale int) (ids map[string]string, names []string) {
	history := []string{"a"}
	for i := range n {
		names = append(names, fmt.Sprintf("s%d", i))
		history = append(history, fmt.Sprintf("s%d: a", i))
	}
	ids = g.commits(history...)
	g.at(ids, "refs/tags/v0.0.0 a") // what all come after has a number
	g.Stale(stale)
	if n < 20 {
		return ids, names
	}
	g.Fail("query", n/10, hub.Down)
	g.Fail("POST */git/refs", n/20, hub.CutAfter)
	g.Fail("POST */git/refs", n/20, hub.BadGateway)
	g.Fail("updateRefs", n/20, hub.BadGatewayAfter)
	return ids, names
}

// Sixty runs of commits on as many branches meet, while GitHub has its troubles.
func TestCrowdOnGitHub(t *testing.T) {
	for name, stale := range map[string]int{"exact": 0, "stale by one": 1, "stale by two": 2} {
		t.Run(name, func(t *testing.T) {
			g := onGitHub(t)
			ids, names := g.siblings(60, stale)
			all := g.crowd(ids, names, len(names))
			inOrder(t, g, all)
		})
	}
}

// Of commits whose claims meet, an ancestor has the lower number, or none.
func TestCrowdOfLinesOnGitHub(t *testing.T) {
	g := onGitHub(t)
	const n = 60
	history, names := []string{"a"}, []string{}
	parent := map[string]string{}
	for i := range n {
		name, on := fmt.Sprintf("s%d", i), fmt.Sprintf("s%d", i-n/4)
		if i < n/4 {
			on = "a"
		}
		names, parent[name] = append(names, name), on
		history = append(history, name+": "+on)
	}
	ids := g.commits(history...)
	g.Stale(1)
	all := g.crowd(ids, names, n/2)
	numbers := map[string]version.Number{}
	older := 0
	for _, e := range all {
		numbers[e.name], _ = version.Series{}.Number(string(e.got.Tag))
		if fault.Is(e.err, "E_VERSION_OLDER") {
			older++
		}
	}
	for name, on := range parent {
		for ; on != "a"; on = parent[on] {
			if numbers[name] != 0 && numbers[on] > numbers[name] {
				t.Errorf("%s has %d, and its ancestor %s has %d", name, numbers[name], on, numbers[on])
			}
		}
	}
	inOrder(t, g, slices.DeleteFunc(all, func(e ended) bool { return fault.Is(e.err, "E_VERSION_OLDER") }))
}

// Who writes the numbers of others is not kept from its own by what is forbidden them.
func TestOthersThatMayNotBeNumberedOnGitHub(t *testing.T) {
	g := onGitHub(t)
	ids := g.commits("a", "b: a", "c: a")
	place := fmt.Sprintf("refs/tagboat/claims/v0.0/%013d-%s", time.Now().UnixMilli(), ids["b"])
	g.at(ids, place+" b") // it wants a git tag
	guardTags(g)
	got, err := version.Allocate(t.Context(), g.store(), version.Request{Commit: ids["c"], Hidden: true, Pause: atOnce})
	if err != nil || got.Ref != "refs/tagboat/versions/v0.0.1" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A number that was hidden and is a git tag by now is taken, also for who saw neither.
func TestPromotedSinceItWasLookedAt(t *testing.T) {
	m := withTags()
	first := version.Request{Commit: commit(1), Hidden: true, Pause: atOnce}
	lags := &scripted{memory: m}
	lags.read = func(call int, v *version.View) (*version.View, error) {
		if call == 1 { // meanwhile another commit gets the number, and its image is pushed
			got, err := version.Allocate(t.Context(), m, first)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := version.Promote(t.Context(), m, first, got.Tag); err != nil {
				t.Fatal(err)
			}
		}
		return v, nil
	}
	got, err := version.Allocate(t.Context(), lags, version.Request{Commit: commit(2), Hidden: true, Pause: atOnce})
	if err != nil || got.Tag != "v0.0.2" {
		t.Errorf("got %+v, %v, but the tags are %v", got, err, m.tags())
	}
}
