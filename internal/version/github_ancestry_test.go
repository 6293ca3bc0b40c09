package version_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/version"
)

// stretch is a line of so many commits on another one, shifted by so many minutes.
func stretch(name, on string, length, shift int) (lines []string) {
	for i := range length {
		lines = append(lines, fmt.Sprintf("%s%d: %s @%d", name, i, on, shift))
		on = fmt.Sprintf("%s%d", name, i)
	}
	return lines
}

func TestDescendantsOnGitHub(t *testing.T) {
	var many []string // numbers on siblings
	siblings := []string{"a"}
	for i := range 130 {
		siblings = append(siblings, fmt.Sprintf("s%d: a @%d", i, -10*i)) // within minutes
		many = append(many, fmt.Sprintf("refs/tags/v0.0.%d s%d", i+1, i))
	}
	slowly := []string{"a"} // the same, each a minute after the other
	for i := range 130 {
		slowly = append(slowly, fmt.Sprintf("s%d: a @%d", i, -200-9*i))
	}
	among := slices.Clone(many)
	among[59] = "refs/tags/v0.0.60 c"
	old, olds := []string{}, []string{} // that nothing is known of
	for i := range 6 {
		old = append(old, fmt.Sprintf("o%d @-9000", i))
		olds = append(olds, fmt.Sprintf("refs/tags/v0.0.%d o%d", i+1, i))
	}
	for name, test := range map[string]struct {
		history  []string
		refs     []string
		commit   string
		older    bool
		requests int  // of Peek
		git      bool // history is fetched
		with     func(*gitHub) *version.GitHubStore
	}{
		"straight on":                     {history: stretch("m", "", 9, 0), refs: []string{"refs/tags/v0.0.1 m7"}, commit: "m8", requests: 1},
		"straight back":                   {history: stretch("m", "", 9, 0), refs: []string{"refs/tags/v0.0.1 m8"}, commit: "m3", older: true, requests: 1},
		"a long way on":                   {history: stretch("m", "", 150, 0), refs: []string{"refs/tags/v0.0.1 m3"}, commit: "m149", requests: 2},
		"a long way back":                 {history: stretch("m", "", 150, 0), refs: []string{"refs/tags/v0.0.1 m149"}, commit: "m3", older: true, requests: 2},
		"no way between them":             {history: []string{"a", "b"}, refs: []string{"refs/tags/v0.0.1 a"}, commit: "b", requests: 2},
		"a release branch":                {history: []string{"a", "b: a", "r: a", "c: b"}, refs: []string{"refs/tags/v0.0.1 b", "refs/tags/v0.0.2 r"}, commit: "c", requests: 1},
		"merged into a release":           {history: []string{"a", "b: a", "c: a", "r: b c"}, refs: []string{"refs/tags/v0.0.1 r"}, commit: "c", older: true, requests: 1},
		"a low number comes after it":     {history: []string{"a", "b: a", "c: b", "x: a"}, refs: []string{"refs/tags/v0.0.1 c", "refs/tags/v0.0.2 x"}, commit: "b", older: true, requests: 2},
		"so it does, by a clock behind":   {history: []string{"a", "b: a", "c: b @-600", "x: a"}, refs: []string{"refs/tags/v0.0.1 c", "refs/tags/v0.0.2 x"}, commit: "b", older: true, requests: 2},
		"a date that is made up":          {history: []string{"a", "b: a", "c: b @-5000000", "x: a"}, refs: []string{"refs/tags/v0.0.1 c", "refs/tags/v0.0.2 x"}, commit: "b", older: true, requests: 2},
		"one that is out of step":         {history: append(old[:6:6], "a", "b: a", "c: b @-5000000", "x: a"), refs: append(olds[:6:6], "refs/tags/v0.0.7 c", "refs/tags/v0.0.8 x"), commit: "b", older: true, requests: 2},
		"old ones in step":                {history: append(old[:6:6], "a", "b: a", "x: a"), refs: append(olds[:6:6], "refs/tags/v0.0.8 x"), commit: "b", requests: 1},
		"one of them in the future":       {history: append([]string{"o0 @-9000", "o1 @9000"}, append(old[2:6:6], "a", "b: a", "x: a")...), refs: append(olds[:6:6], "refs/tags/v0.0.8 x"), commit: "b", requests: 3},
		"one made up that is not shown":   {history: append(slowly, "b: a", "c: b @-5000000"), refs: among, commit: "b", older: true, requests: 3},
		"one is known, others are higher": {history: append(lines(3, 110), "d: c @-3400"), refs: append(tips(4)[1:3], "refs/tags/v0.0.4 l0-109", "refs/tags/v0.0.1 d"), commit: "c", older: true, requests: 2},
		"five lines that lead far away":   {history: lines(5, 110), refs: tips(5), commit: "c", requests: 2, git: true},
		"three lines that lead far away":  {history: lines(3, 110), refs: tips(3), commit: "c", requests: 5},
		"five lines, without git":         {history: lines(5, 110), refs: tips(5), commit: "c", requests: 7, with: (*gitHub).api},
		"more siblings than a page shows": {history: append(siblings, "c: a @-1320"), refs: many, commit: "c", requests: 4},
		"that many, without git":          {history: append(siblings, "c: a @-1320"), refs: many, commit: "c", requests: 4, with: (*gitHub).api},
		"that many, one comes after it":   {history: append([]string{"a", "c: a", "d: c"}, siblings[1:]...), refs: append(many, "refs/tags/v0.0.7-1 d", "refs/tags/v0.0.131 d"), commit: "c", older: true, requests: 4},
	} {
		t.Run(name, func(t *testing.T) {
			g := onGitHub(t)
			ids := g.commits(test.history...)
			g.at(ids, test.refs...)
			if test.with == nil {
				test.with = (*gitHub).store
			}
			_, err := version.Peek(t.Context(), test.with(g), version.Request{Commit: ids[test.commit]})
			if test.older != fault.Is(err, "E_VERSION_OLDER") || !test.older && err != nil {
				t.Errorf("got %v", err)
			}
			var asked []string
			fetched := false
			for _, request := range g.Requests() {
				if strings.Contains(request, "info/refs") {
					fetched = true
				}
				if fetched {
					continue
				}
				asked = append(asked, request)
			}
			if len(asked) != test.requests || fetched != test.git {
				t.Errorf("requests are %q, and git's: %t", asked, fetched)
			}
		})
	}
}

// lines are so many lines of such a length that begin at one commit, all on the same
// day, and one more that ends with c.
func lines(count, length int) []string {
	history := []string{"a"}
	for i := range count {
		history = append(history, stretch(fmt.Sprintf("l%d-", i), "a", length, -10*i*length)...)
	}
	history = append(history, stretch("c-", "a", length, -10*count*length)...)
	return append(history, fmt.Sprintf("c: c-%d @%d", length-1, -10*count*length))
}

func tips(count int) (refs []string) {
	for i := range count {
		refs = append(refs, fmt.Sprintf("refs/tags/v0.0.%d l%d-109", i+1, i))
	}
	return refs
}

// Whatever the history, the answer is git's own.
func TestDescendantIsWhatGitSays(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			g := onGitHub(t)
			names, history := wild(random)
			ids := g.commits(history...)
			var numbers []string
			for n := range 2 + random.IntN(8) {
				numbers = append(numbers, fmt.Sprintf("refs/tags/v0.0.%d %s", n+1, names[random.IntN(len(names))]))
			}
			g.at(ids, numbers...)
			slices.Reverse(numbers)
			var of []string
			for _, number := range numbers {
				_, name, _ := strings.Cut(number, " ")
				of = append(of, ids[name])
			}
			folder := version.GitStore{Repo: git.Repo{Dir: g.repo.Dir}}
			for _, name := range names {
				scope := version.Scope{Prefixes: []string{"refs/tags/v0.0."}, Commit: ids[name]}
				store := g.store()
				view, err := store.Read(t.Context(), scope)
				if err != nil {
					t.Fatal(err)
				}
				got, err := store.Descendant(t.Context(), view, ids[name], of)
				if err != nil {
					t.Fatal(err)
				}
				want, err := folder.Descendant(t.Context(), view, ids[name], of)
				if err != nil || (got == "") != (want == "") {
					t.Errorf("%s: got %q, want %q, %v", name, got, want, err)
				}
			}
		})
	}
}

// wild is a history of commits with names and merges, with many or few others between
// them, by clocks that are hours off.
func wild(random *rand.Rand) (names, history []string) {
	at := func(minutes int) string { return fmt.Sprintf(" @%d", random.IntN(2*minutes)-minutes) }
	for n := range 14 {
		name := fmt.Sprintf("n%d", n)
		parents := ""
		for range min(n, 1+random.IntN(2)) {
			parent := names[max(0, len(names)-1-random.IntN(4))]
			for i := range []int{0, 0, 0, 3, 60, 120}[random.IntN(6)] {
				between := fmt.Sprintf("%s-%d-%d", name, len(history), i)
				history = append(history, between+": "+parent)
				parent = between
			}
			if !strings.Contains(" "+parents+" ", " "+parent+" ") {
				parents += " " + parent
			}
		}
		names, history = append(names, name), append(history, name+":"+parents+at(300))
	}
	return names, history
}
