package registry_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// Each registry tells its limit once, also where many are asked at the same time.
func TestManyRegistriesTellTheirLimits(t *testing.T) {
	client := newClient()
	var log lockedBuilder
	client.Log = &log
	client.Transport = headers(func(r *http.Response) {
		r.Header.Set("Ratelimit-Remaining", "1;w=60")
		r.Header.Set("Ratelimit-Limit", "100;w=60")
	})
	var group sync.WaitGroup
	for range 12 {
		reg := testkit.NewRegistry(t)
		reg.Put("acme/web", "main", randomImage(t, 100, 1))
		web := image(t, reg.Host+"/acme/web:main")
		for range 2 {
			group.Go(func() {
				if _, err := client.Resolve(t.Context(), web); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	if n := strings.Count(log.String(), ": 1 of 100 pulls are left in 1 min\n"); n != 12 {
		t.Errorf("%d lines of 12:\n%s", n, log.String())
	}
}
