package version

import (
	"strings"
	"testing"
	"time"
)

func TestWaitingNames(t *testing.T) {
	at, commit := time.UnixMilli(1763790000123), strings.Repeat("4f", 20)
	for name, w := range map[string]waiting{
		"1763790000123-" + commit:                                    {since: at, commit: commit},
		"1763790000123-" + commit + "-older":                         {since: at, commit: commit, older: true},
		"1763790000123-" + commit + "-hidden":                        {since: at, commit: commit, hidden: true},
		"1763790000123-" + commit + "-depth12-older-hidden-after417": {since: at, commit: commit, depth: 12, older: true, hidden: true, after: 417},
		"1763790000123-" + commit + commit[:24]:                      {since: at, commit: commit + commit[:24]},
	} {
		if got := w.name(); got != name {
			t.Errorf("%+v is written %q, want %q", w, got, name)
		}
		if got, ok := parseWaiting(name); !ok || got != w {
			t.Errorf("%q is read as %+v", name, got)
		}
	}
}

func FuzzWaiting(f *testing.F) {
	commit := strings.Repeat("4f", 20)
	for _, name := range []string{
		"1763790000123-" + commit + "-older-hidden-after417", "1763790000123-" + commit + "-hidden-older", "1763790000123-" + commit + "-after",
		"1763790000123-" + commit + "-after99999999999999999999", "123-" + commit, "", "1763790000123-" + commit + "-after007", "1763790000123-main",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		w, ok := parseWaiting(name)
		if !ok {
			return
		}
		if again, ok := parseWaiting(w.name()); !ok || again != w {
			t.Errorf("%q is read as %+v, and what that is written as, %q, as %+v", name, w, w.name(), again)
		}
	})
}

// What lines show decides who comes first, and what they cut off is not guessed.
func TestBefore(t *testing.T) {
	lines := Lines{"c": {"b", "a"}, "d": {"c", "b"}, "x": {"b", "a"}, "far": {"z"}, "b": {"a"}, "root": nil}
	for _, test := range []struct {
		a, b          string
		before, known bool
	}{
		{"a", "c", true, true}, {"c", "a", false, true}, {"c", "d", true, true}, {"d", "c", false, true},
		{"c", "x", false, true}, {"x", "c", false, true}, {"x", "d", false, true},
		{"c", "c", false, true}, {"far", "c", false, false}, {"c", "far", false, false}, {"root", "c", false, false}, {"?", "!", false, false},
	} {
		if before, known := lines.Before(test.a, test.b); before != test.before || known != test.known {
			t.Errorf("%s before %s: %v, known %v", test.a, test.b, before, known)
		}
	}
}
