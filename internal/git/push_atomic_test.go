package git

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPushAtomic(t *testing.T) {
	cases := map[string]struct {
		before  map[string]int // ids by ref
		updates []Update
		want    []Status
	}{
		"all":          {map[string]int{"refs/x/a": 0}, []Update{{"refs/heads/b", "1", ""}, {"refs/x/a", "", "0"}}, []Status{Done, Done}},
		"one is stale": {map[string]int{"refs/x/a": 2}, []Update{{"refs/heads/b", "1", ""}, {"refs/x/a", "", "0"}}, []Status{Exists, Stale}},
		"one is gone":  {nil, []Update{{"refs/heads/b", "1", ""}, {"refs/x/a", "", "0"}}, []Status{Exists, Stale}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			from, ids, _, to, remote := pair(t)
			for _, url := range []string{remote.URL, to.Dir} {
				for ref, id := range c.before {
					if _, err := from.Push(t.Context(), remote, Update{Ref: ref, New: ids[id]}); err != nil {
						t.Fatal(err)
					}
				}
				id := map[string]string{"": "", "0": ids[0], "1": ids[1]}
				var updates []Update
				for _, u := range c.updates {
					updates = append(updates, Update{Ref: u.Ref, New: id[u.New], Old: id[u.Old]})
				}
				results, err := from.PushAtomic(t.Context(), Remote{URL: url, Token: remote.Token}, updates...)
				if diff := cmp.Diff(c.want, statuses(results)); diff != "" || err != nil {
					t.Fatalf("%+v, %v: %s", results, err, diff)
				}
				moved := to.Git("for-each-ref", "--format=%(refname)", "refs/heads/") != ""
				if moved != (c.want[0] == Done) {
					t.Errorf("the branch moved: %v", moved)
				}
				for _, ref := range []string{"refs/heads/b", "refs/x/a"} {
					to.Git("update-ref", "-d", ref)
				}
			}
		})
	}
}

// One of the refs is somebody else's by the time the push arrives.
func TestPushAtomicRace(t *testing.T) {
	from, ids, server, to, remote := pair(t)
	if _, err := from.Push(t.Context(), remote, Update{Ref: "refs/x/a", New: ids[0]}, Update{Ref: "refs/x/later", New: ids[2]}); err != nil {
		t.Fatal(err)
	}
	server.OnPush(func() { to.Git("update-ref", "refs/x/a", ids[2]) })
	results, err := from.PushAtomic(t.Context(), remote, Update{Ref: "refs/heads/b", New: ids[1]}, Update{Ref: "refs/x/a", Old: ids[0]})
	if err != nil || results[0].Status != Exists || results[1].Status != Stale || results[1].Now != ids[2] {
		t.Errorf("got %+v, %v", results, err)
	}
	if to.Tip("b") != "" {
		t.Error("the branch moved")
	}
}

func TestPushAtomicWhereAllAreMovedOneByOne(t *testing.T) {
	from, ids, _, to, remote := pair(t)
	to.Git("config", "receive.advertiseAtomic", "false")
	_, err := from.PushAtomic(t.Context(), remote, Update{Ref: "refs/heads/b", New: ids[1]})
	if !errors.Is(err, ErrNotAtomic) || to.Tip("b") != "" {
		t.Errorf("got %v", err)
	}
}

// What is to be deleted and is gone keeps nothing else from being pushed.
func TestPushDeletesWhatIsGone(t *testing.T) {
	from, ids, _, to, remote := pair(t)
	if _, err := from.Push(t.Context(), remote, Update{Ref: "refs/x/b", New: ids[0]}); err != nil {
		t.Fatal(err)
	}
	results, err := from.Push(t.Context(), remote, Update{Ref: "refs/x/a", Old: ids[0]}, Update{Ref: "refs/x/b", Old: ids[0]}, Update{Ref: "refs/heads/c", New: ids[1]})
	if diff := cmp.Diff([]Status{Stale, Done, Done}, statuses(results)); diff != "" || err != nil {
		t.Errorf("%+v, %v: %s", results, err, diff)
	}
	if got := to.Git("for-each-ref", "--format=%(refname)"); got != "refs/heads/c" {
		t.Errorf("left %s", got)
	}
}
