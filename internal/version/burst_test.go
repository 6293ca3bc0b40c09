package version_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/version"
)

// Merges in a row, whose runs begin within a second and in any order: every commit
// gets a number, in the order of history.
func TestBurstOfMerges(t *testing.T) {
	for name, kind := range map[string]struct{ room, apart bool }{"one for all": {room: true}, "each for itself": {apart: true}} {
		t.Run(name, func(t *testing.T) {
			for order := range 20 {
				synctest.Test(t, func(t *testing.T) {
					const commits = 12
					m := withTags(creation{"v0.0.7", commit(0)})
					m.room, m.apart, m.parents = kind.room, kind.apart, chain(commits+1)
					var all sync.WaitGroup
					for n := 1; n <= commits; n++ {
						all.Go(func() {
							time.Sleep(time.Duration(n*(order+3)*37%commits) * 80 * time.Millisecond)
							got, err := version.Allocate(t.Context(), slow{m}, version.Request{Commit: commit(n)})
							if want := fmt.Sprintf("v0.0.%d", 7+n); err != nil || string(got.Tag) != want {
								t.Errorf("order %d: got %s and %v, want %s", order, got.Tag, err, want)
							}
						})
					}
					all.Wait()
				})
			}
		})
	}
}

// slow answers as a server does.
type slow struct{ *memory }

func (s slow) Read(ctx context.Context, scope version.Scope) (*version.View, error) {
	time.Sleep(40 * time.Millisecond)
	return s.memory.Read(ctx, scope)
}

func (s slow) Write(ctx context.Context, updates ...git.Update) error {
	time.Sleep(60 * time.Millisecond)
	return s.memory.Write(ctx, updates...)
}
