package ship_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-96940006/tagboat/internal/ship"
)

// quiet is a log that notes the groups and whether they were ended.
type quiet struct{ groups []string }

func (q *quiet) Group(title string) (end func()) {
	q.groups = append(q.groups, title)
	return func() { q.groups = append(q.groups, "/"+title) }
}

func (*quiet) Printf(string, ...any) {}

func TestThereIsAnOutcomeForEveryStep(t *testing.T) {
	broken := errors.New("broken")
	step := func(name, detail string, err error) ship.Step {
		return ship.Step{Name: name, Run: func(context.Context) (string, error) { return detail, err }}
	}
	steps := []ship.Step{
		step("a", "did it", nil),
		step("b", "", ship.Skip("not asked for")),
		step("c", "", fmt.Errorf("c: %w", ship.Already("there"))),
		step("d", "", broken),
		step("e", "never", nil),
	}
	now := time.Unix(0, 0)
	clock := func() time.Time { now = now.Add(time.Second); return now }
	log := &quiet{}
	got, err := ship.Run(context.Background(), log, clock, steps)
	want := []ship.Outcome{
		{Step: "a", Status: ship.Done, Detail: "did it", Took: time.Second},
		{Step: "b", Status: ship.Skipped, Detail: "not asked for", Took: time.Second},
		{Step: "c", Status: ship.AlreadySo, Detail: "there", Took: time.Second},
		{Step: "d", Status: ship.Failed, Detail: "broken", Took: time.Second, Err: broken},
		{Step: "e", Status: ship.NotReached},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateErrors()); diff != "" || !errors.Is(err, broken) {
		t.Errorf("error %v, -want +got:\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"a", "/a", "b", "/b", "c", "/c", "d", "/d"}, log.groups); diff != "" {
		t.Errorf("groups, -want +got:\n%s", diff)
	}
}

func TestACancelledRunStartsNoFurtherStep(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	ran := ""
	step := func(name string) ship.Step {
		return ship.Step{Name: name, Run: func(context.Context) (string, error) { ran += name; cancel(); return "", nil }}
	}
	got, err := ship.Run(ctx, &quiet{}, time.Now, []ship.Step{step("a"), step("b"), step("c")})
	if ran != "a" || !errors.Is(err, context.Canceled) {
		t.Errorf("ran %q, error %v", ran, err)
	}
	var statuses []ship.Status
	for _, o := range got {
		statuses = append(statuses, o.Status)
	}
	if diff := cmp.Diff([]ship.Status{ship.Done, ship.Failed, ship.NotReached}, statuses); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAShortDiffHasWholeLines(t *testing.T) {
	b := ship.Bumped{Diff: "one\ntwo\nthree\n"}
	for limit, want := range map[int]string{0: "", 3: "", 4: "one\n", 9: "one\ntwo\n", 14: "one\ntwo\nthree\n"} {
		shown, left := b.ShortDiff(limit)
		if shown != want || left != 3-strings.Count(want, "\n") {
			t.Errorf("limit %d: %q and %d more", limit, shown, left)
		}
	}
}
