package bench

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// gate stands in front of a GitHub and counts what each token asks for.
type gate struct {
	hub *hub.Hub
	url string

	mu    sync.Mutex
	tally map[string]tally // by token
}

// tally is what one writer asked for.
type tally struct {
	requests int
	writes   int // mutations, calls that are no GET, and pushes: those that came too late as well
}

func newGate(b *testing.B, h *hub.Hub) *gate {
	g := &gate{hub: h, tally: map[string]tally{}}
	server := httptest.NewServer(g)
	b.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// at is an address of the hub behind the gate.
func (g *gate) at(address string) string { return g.url + strings.TrimPrefix(address, g.hub.URL) }

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, token, ok := r.BasicAuth()
	if !ok {
		_, token, _ = strings.Cut(r.Header.Get("Authorization"), " ")
	}
	g.mu.Lock()
	t := g.tally[token]
	t.requests++
	if writes(r, body) {
		t.writes++
	}
	g.tally[token] = t
	g.mu.Unlock()
	g.hub.ServeHTTP(w, r)
}

func writes(r *http.Request, body []byte) bool {
	switch {
	case strings.HasSuffix(r.URL.Path, "/graphql"):
		return bytes.Contains(body, []byte(`"mutation`))
	case strings.Contains(r.URL.Path, ".git/"):
		return strings.HasSuffix(r.URL.Path, "/git-receive-pack")
	}
	return r.Method != http.MethodGet
}

// of is what a token asked for.
func (g *gate) of(token string) tally {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tally[token]
}
