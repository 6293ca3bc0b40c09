package registry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// listed is a registry that only lists, and has its pages ready: memory that is
// counted is the client's. It calls back before every page.
func listed(b *testing.B, tags []string, page int, asked func()) (host string) {
	b.Helper()
	var bodies []string
	for chunk := range slices.Chunk(tags, page) {
		bodies = append(bodies, body(b, chunk...))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/tags/list") {
			return
		}
		asked()
		at, _ := strconv.Atoi(r.URL.Query().Get("page")) // none is the first
		if at+1 < len(bodies) {
			w.Header().Set("Link", fmt.Sprintf(`</v2/acme/web/tags/list?page=%d>; rel="next"`, at+1))
		}
		w.Write([]byte(bodies[at]))
	}))
	b.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// BenchmarkTags lists 50,000 tags. peak-B is how much the heap grows meanwhile,
// garbage included, and kept-B what the list itself holds.
func BenchmarkTags(b *testing.B) {
	for _, page := range []int{100, 1000, 50_000} {
		b.Run(fmt.Sprintf("page=%d", page), func(b *testing.B) {
			tags := slices.Sorted(slices.Values(versions(50_000)))
			var measures bool
			var peak uint64
			repo := repository(b, listed(b, tags, page, func() {
				if measures {
					peak = max(peak, heap())
				}
			})+"/acme/web")
			client := newClient()
			runtime.GC()
			before := heap()
			measures = true
			got, err := client.Tags(b.Context(), repo)
			if err != nil || len(got) != len(tags) {
				b.Fatalf("%d tags, %v", len(got), err)
			}
			peak = max(peak, heap())
			measures = false
			runtime.GC()
			kept := heap()
			runtime.KeepAlive(got)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.Tags(b.Context(), repo); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(peak-min(before, peak)), "peak-B")
			b.ReportMetric(float64(kept-min(before, kept)), "kept-B")
		})
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
