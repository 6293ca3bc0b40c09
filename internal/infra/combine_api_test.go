package infra

import (
	"strings"
	"sync"
	"testing"
)

// Forty runs that write through the API share a few commits, and write four times
// each: one that comes too late, the two that publish, and one to lead or to clear.
// Hardly ever, somebody has to write once more.
func TestCombinedWritersOfTheAPI(t *testing.T) {
	const count = 40
	isolate(t)
	w := newAPI(t)
	w.write(t, start...)
	for _, separate := range []bool{false, true} {
		all := w.raises(t, count, separate)
		before := w.repo.Tip("main")
		var group sync.WaitGroup
		runs := make([]*GitHub, count)
		for i, r := range all {
			runs[i] = w.openGitHub(t, GitHubOptions{Paths: mustParse(t, r.File)})
			group.Go(func() {
				res, err := Apply(t.Context(), runs[i], r.signed(), r.edit)
				if err != nil || !res.Written.Changed || !strings.Contains(res.Diff, "+"+r.Field+": 2") {
					t.Errorf("run %d: got %+v, %v", i, res, err)
				}
			})
		}
		group.Wait()
		w.onBranch(t, all)
		most, total := 0, 0
		for _, run := range runs {
			writes := run.o.Client.Stats().Writes
			most, total = max(most, writes), total+writes
		}
		t.Logf("separate files %v: %d writes, at most %d of one, %s commits", separate, total, most, w.repo.Git("rev-list", "--count", before+"..main"))
		if most > 5 || total > 4*count {
			t.Errorf("%d writes, %d of one run", total, most)
		}
	}
}
