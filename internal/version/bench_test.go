package version_test

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/version"
)

// counted is one claim's way to a Store; it counts what it is asked.
type counted struct {
	version.Store
	requests int
}

func (c *counted) Read(ctx context.Context, s version.Scope) (*version.View, error) {
	c.requests++
	return c.Store.Read(ctx, s)
}

func (c *counted) Write(ctx context.Context, updates ...git.Update) error {
	c.requests++
	return c.Store.Write(ctx, updates...)
}

// siblings are so many commits on one, each the head of a branch of its own.
func siblings(t testing.TB, commits int) (r git.Repo, ids []string) {
	t.Helper()
	r, base := repository(t, 1)
	var stream strings.Builder
	for n := range commits {
		fmt.Fprintf(&stream, "commit refs/heads/b%03d\ncommitter Ada <ada@example.org> 1700000000 +0000\ndata 3\n%03d\nfrom %s\n", n, n, base[0])
	}
	if _, err := r.Run(t.Context(), git.Call{Args: []string{"fast-import", "--quiet"}, Stdin: strings.NewReader(stream.String())}); err != nil {
		t.Fatal(err)
	}
	return r, strings.Fields(do(t, r, "for-each-ref", "--format=%(objectname)", "refs/heads/b*"))
}

// crowd lets all commits claim at once, each by a store of its own, and sees that
// the numbers are distinct and without a gap, and that no claim that began after
// another one had ended has a lower number. It gives the requests of each claim,
// the fewest first.
func crowd(b testing.TB, ids []string, store func() version.Store) []int {
	b.Helper()
	var mu sync.Mutex
	ended := version.Number(0) // the highest number that somebody has been told
	var requests []int
	var numbers []version.Number
	var all sync.WaitGroup
	for _, id := range ids {
		all.Go(func() {
			mu.Lock()
			before := ended
			mu.Unlock()
			c := &counted{Store: store()}
			got, err := version.Allocate(b.Context(), c, version.Request{Commit: id})
			if err != nil {
				b.Error(err)
				return
			}
			n, _ := version.Series{}.Number(string(got.Tag))
			mu.Lock()
			defer mu.Unlock()
			if n <= before {
				b.Errorf("a claim got %d after another one had got %d", n, before)
			}
			ended, requests, numbers = max(ended, n), append(requests, c.requests), append(numbers, n)
		})
	}
	all.Wait()
	slices.Sort(numbers)
	for i, n := range numbers {
		if n != version.Number(i+1) {
			b.Errorf("number %d is %d", i+1, n)
		}
	}
	slices.Sort(requests)
	return requests
}

// report tells the requests of a claim: half of them took at most the first
// figure, 95 of 100 at most the second.
func report(b *testing.B, requests []int) {
	if len(requests) == 0 {
		return
	}
	b.ReportMetric(float64(requests[len(requests)/2]), "median-requests/claim")
	b.ReportMetric(float64(requests[len(requests)*95/100]), "p95-requests/claim")
	b.ReportMetric(float64(requests[len(requests)-1]), "max-requests/claim")
}

// BenchmarkClaims lets so many commits claim at once over one bare repository. A
// request is a call of git: ls-remote or push.
func BenchmarkClaims(b *testing.B) {
	for _, claims := range []int{1, 10, 60, 500} {
		b.Run(fmt.Sprintf("git/%d", claims), func(b *testing.B) {
			source, ids := siblings(b, claims)
			var requests []int
			for b.Loop() {
				b.StopTimer()
				path, _ := bare(b, source)
				do(b, source, "push", "-q", path, "main:refs/tags/v0.0.0") // what all come after has a number
				b.StartTimer()
				requests = crowd(b, ids, func() version.Store { return version.GitStore{Repo: source, Remote: git.Remote{URL: path}} })
			}
			report(b, requests)
		})
	}
}

// BenchmarkClaimsOnGitHub is the same through the API, which shows refs late, loses
// answers and fails now and then where there is a crowd.
func BenchmarkClaimsOnGitHub(b *testing.B) {
	for _, claims := range []int{1, 10, 60, 500} {
		b.Run(fmt.Sprint(claims), func(b *testing.B) {
			var requests []int
			for b.Loop() {
				b.StopTimer()
				g := onGitHub(b)
				ids, names := g.siblings(claims, min(claims-1, 2))
				b.StartTimer()
				all := g.crowd(ids, names, claims)
				b.StopTimer()
				inOrder(b, g, all)
				requests = g.requests(all)
				b.StartTimer()
			}
			report(b, requests)
		})
	}
}

// BenchmarkFiftyThousandTags claims in a repository with so many numbers.
func BenchmarkFiftyThousandTags(b *testing.B) {
	const tags, apart = 50_000, 30
	g := onGitHub(b)
	last := g.numbered(tags, apart)[tags-1]
	var requests int
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		last = g.beside(fmt.Sprint("next", n), last, apart*(tags+n))
		g.Requests()
		b.StartTimer()
		if _, err := version.Allocate(b.Context(), g.store(), version.Request{Commit: last}); err != nil {
			b.Fatal(err)
		}
		requests = len(g.Requests())
	}
	b.ReportMetric(float64(requests), "requests/claim")
}

// BenchmarkScript is what most workflows do instead: list the tags, add one to the
// highest, push it, and begin again if that fails, five times at most.
func BenchmarkScript(b *testing.B) {
	const script = `for try in 1 2 3 4 5; do
  last=$(git ls-remote --tags --refs "$1" 'v0.0.*' | sed 's/.*v0\.0\.//' | sort -n | tail -1)
  git push --quiet "$1" "$2:refs/tags/v0.0.$((${last:-0} + 1))" 2>/dev/null && exit
done
exit 1`
	for _, claims := range []int{1, 10, 60} {
		b.Run(fmt.Sprintf("git/%d", claims), func(b *testing.B) {
			source, ids := siblings(b, claims)
			var landed atomic.Int64
			for b.Loop() {
				b.StopTimer()
				path, _ := bare(b, source)
				landed.Store(0)
				b.StartTimer()
				var all sync.WaitGroup
				for _, id := range ids {
					all.Go(func() {
						c := exec.CommandContext(b.Context(), "sh", "-c", script, "sh", path, id)
						c.Dir, c.Env = source.Dir, append(c.Environ(), source.Env...)
						if c.Run() == nil {
							landed.Add(1)
						}
					})
				}
				all.Wait()
			}
			b.ReportMetric(float64(landed.Load()), "landed")
		})
	}
}
