package fidelity

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOurs holds the promise: the exact bytes, or a refusal where that is right.
func TestOurs(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			got, err := ours.edit(t, s)
			is := judge(s, got, err)
			if is != exact && (is != refused || s.refuse == "") {
				t.Errorf("%s: %v\n(-want +got)\n%s", is, err, cmp.Diff(string(s.want), string(got)))
			}
		})
	}
}

// TestThePageShowsEveryFile wants the page to be printed anew when a file comes,
// goes, or fares otherwise.
func TestThePageShowsEveryFile(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	all := samples(t)
	for _, s := range all {
		got, err := ours.edit(t, s)
		if row := rowOf(s, judge(s, got, err)); !strings.Contains(string(text), row) {
			t.Errorf("%s lacks the row %q: run `make fidelity`", page, row)
		}
	}
	if rows := strings.Count(string(text), "/testdata/"); rows != len(all) {
		t.Errorf("%s shows %d files of %d: run `make fidelity`", page, rows, len(all))
	}
}
