package version_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/version"
)

// counted is a Store that counts what it is asked.
type counted struct {
	version.Store
	requests atomic.Int64
}

func (c *counted) List(ctx context.Context, prefix string) (map[string]string, error) {
	c.requests.Add(1)
	return c.Store.List(ctx, prefix)
}

func (c *counted) Create(ctx context.Context, tag, commit string) error {
	c.requests.Add(1)
	return c.Store.Create(ctx, tag, commit)
}

// BenchmarkAllocate lets so many commits claim at once over one bare repository.
// A claim alone takes two requests; of claims that meet, all but one look again.
func BenchmarkAllocate(b *testing.B) {
	for _, claims := range []int{1, 10, 60} {
		b.Run(fmt.Sprint(claims), func(b *testing.B) {
			source, ids := repository(b, claims)
			var requests int64
			for b.Loop() {
				b.StopTimer()
				path, _ := bare(b, source)
				store := &counted{Store: version.GitStore{Repo: source, Remote: git.Remote{URL: path}}}
				b.StartTimer()
				var all sync.WaitGroup
				for _, id := range ids {
					all.Go(func() {
						if _, err := version.Allocate(b.Context(), store, version.Request{Commit: id}); err != nil {
							b.Error(err)
						}
					})
				}
				all.Wait()
				requests += store.requests.Load()
			}
			b.ReportMetric(float64(requests)/float64(b.N*claims), "requests/claim")
		})
	}
}
