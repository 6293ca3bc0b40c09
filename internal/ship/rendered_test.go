package ship_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/render"
	"github.com/seed-96940006/tagboat/internal/ship"
)

func TestARenderedDiffHasWholeEntries(t *testing.T) {
	b := ship.Bumped{
		Rendered: []render.Change{
			{Kustomization: "a", Object: "Pod a", Field: ".spec", Old: "x:1", New: "x:2"},
			{Kustomization: "b", Object: "Pod b", Field: ".spec", Old: "x:1", New: "x:2\nline"},
		},
		Unverified: []render.Unverified{{Kustomization: "c", Reason: strings.Repeat("é", 1000)}},
	}
	const first, second = "@@ a: Pod a .spec @@\n-x:1\n+x:2\n", "@@ b: Pod b .spec @@\n-x:1\n+x:2 line\n"
	third := "! c was not rendered: " + strings.Repeat("é", 300) + "…\n"
	for lines, want := range map[int]string{0: "", 2: "", 3: first, 5: first, 6: first + second, 7: first + second + third, 100: first + second + third} {
		got, left := b.RenderedDiff(lines)
		if diff := cmp.Diff(want, got); diff != "" || left != 3-strings.Count(got, " @@\n")-strings.Count(got, "! ") {
			t.Errorf("%d lines: %d left, -want +got:\n%s", lines, left, diff)
		}
	}
}
