package bench

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// crowd is many writers that begin at the same moment. Each moves an image of its own.
type crowd struct {
	by       way
	count    int
	separate bool // each in a file of its own
	latency  time.Duration
}

// enough is the time after which those who write each for themselves need not go on.
const enough = 10 * time.Second

// BenchmarkWriters lets 1, 20, 40 and 200 writers begin at once: through the API and
// with git, for one another and each for itself, beside the loop of most workflows.
// What starts programs for every writer meets in smaller crowds: here they all share a
// few cores.
func BenchmarkWriters(b *testing.B) {
	withoutAccount(b)
	slow, one, both := latencies[1:], []bool{false}, []bool{false, true}
	for _, m := range []struct {
		by        way
		counts    []int
		separate  []bool
		latencies []time.Duration
	}{
		{byAPI, []int{1, 20, 40, 200}, both, latencies},
		{byAPIAlone, []int{20, 40}, both, latencies},
		{byAPIAlone, []int{200}, one, slow},
		{byGit, []int{1}, one, latencies},
		{byGit, []int{20, 40}, one, slow},
		{byGitAlone, []int{20}, one, slow},
		{byLoop, []int{1, 20}, one, latencies},
		{byLoop, []int{40, 200}, one, slow},
		{byLoop, []int{20}, []bool{true}, slow},
	} {
		for _, separate := range m.separate {
			for _, latency := range m.latencies {
				for _, count := range m.counts {
					c := crowd{m.by, count, separate, latency}
					b.Run(c.String(), c.meet)
				}
			}
		}
	}
}

func (c crowd) String() string {
	files := "one-file"
	if c.separate {
		files = "separate-files"
	}
	return fmt.Sprintf("%s/%s/latency=%s/%d", c.by, files, c.latency, c.count)
}

// file is where a writer's image is.
func (c crowd) file(i int) string {
	if c.separate {
		return fmt.Sprintf("apps/%s/kustomization.yaml", app(i))
	}
	return "apps/all/kustomization.yaml"
}

func app(i int) string { return fmt.Sprintf("app%04d", i) }

// plant gives every writer its image.
func (c crowd) plant(b *testing.B, r *hub.Repo) {
	b.Helper()
	const head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nimages:\n"
	if c.separate {
		seed(b, r, c.count, func(i int) (string, string) { return c.file(i), head + entry(app(i)) })
		return
	}
	text := head
	for i := range c.count {
		text += entry(app(i))
	}
	seed(b, r, 1, func(i int) (string, string) { return c.file(i), text })
}

// meet is one meeting of the crowd.
func (c crowd) meet(b *testing.B) {
	h := hub.New(b)
	r, g := h.Repo("acme/infra"), newGate(b, h)
	c.plant(b, r)
	h.Latency(c.latency)
	dir := inMemory(b)
	places := make([]place, c.count)
	for i := range places {
		places[i] = place{
			api: g.at(h.API), graphql: g.at(h.GraphQL), git: g.at(h.URL) + "/acme/infra.git",
			token: h.Token(hub.Token{Kind: hub.AppToken, Limit: 1_000_000}), temp: dir,
		}
	}
	took, attempts := c.write(b, places)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took.Seconds(), "s")
	spread(b, "attempts", attempts)
	requests, writes := make([]int, c.count), make([]int, c.count)
	for i, at := range places {
		requests[i], writes[i] = g.of(at.token).requests, g.of(at.token).writes
	}
	spread(b, "requests", requests)
	spread(b, "writes", writes)
	landed := strings.Count(r.Git("grep", "--no-color", "-h", "newTag", "main"), tagAfter)
	b.ReportMetric(float64(landed), "landed")
	if landed != c.count && c.by.combines() {
		b.Errorf("%d of %d have landed", landed, c.count)
	}
	commits, err := strconv.Atoi(r.Git("rev-list", "--count", "main"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(commits-1), "commits")
	if commits-1 == c.count && c.count > 1 && c.by.combines() {
		b.Error("nobody has written for anybody else")
	}
}

// write lets all of them begin.
func (c crowd) write(b *testing.B, places []place) (took time.Duration, attempts []int) {
	ctx := b.Context()
	if !c.by.combines() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, enough)
		defer cancel()
	}
	attempts = make([]int, c.count)
	var group sync.WaitGroup
	began := time.Now()
	for i, at := range places {
		group.Go(func() {
			var err error
			if attempts[i], err = c.by.write(ctx, at, edit{c.file(i), app(i)}); err != nil && ctx.Err() == nil {
				b.Errorf("writer %d: %v", i, err)
			}
		})
	}
	group.Wait()
	return time.Since(began), attempts
}

// spread reports the writer in the middle and the one that had most.
func spread(b *testing.B, of string, all []int) {
	b.ReportMetric(float64(median(all)), of)
	b.ReportMetric(float64(slices.Max(all)), of+"-max")
}
