// Package hub is a GitHub on loopback: its REST and GraphQL interfaces and git over
// HTTP, on real bare repositories. It answers as GitHub does down to the words and
// headers, has the troubles of the real one when it is told to, and fails the test
// on what it was not taught. It is imported by tests only.
package hub

import (
	"crypto/rand"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// Hub is a GitHub on 127.0.0.1. Its methods may be called while it serves.
type Hub struct {
	URL     string // the server: repositories are at URL/owner/name.git
	API     string // of REST, as GITHUB_API_URL has it
	GraphQL string // as GITHUB_GRAPHQL_URL has it

	tb      testing.TB
	backend *testkit.GitBackend
	routes  []route
	done    chan struct{} // closed when the test ends
	key     []byte        // signs commits as web-flow

	state  sync.RWMutex // of everything down to the empty line: writes one at a time
	clock  func() time.Time
	repos  map[string]*Repo // by lower-case owner/name, former ones too
	people []*person
	teams  []*team
	tokens map[string]*Token
	apps   []*app
	serial int // of ids
	loose  bool
	began  time.Time

	knobs knobs
}

// New starts a GitHub that ends with the test.
func New(tb testing.TB) *Hub {
	tb.Helper()
	h := &Hub{
		tb: tb, backend: testkit.NewGitBackend(tb), done: make(chan struct{}), key: []byte(rand.Text()),
		clock: time.Now, repos: map[string]*Repo{}, tokens: map[string]*Token{},
	}
	h.began = h.clock()
	h.routes = routes()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	tb.Cleanup(func() {
		close(h.done) // so that nothing hangs
		server.Close()
	})
	h.URL = server.URL
	h.API, h.GraphQL = h.URL+restRoot, h.URL+graphRoot
	return h
}

// The paths of the two interfaces, as on a GitHub Enterprise Server.
const (
	restRoot  = "/api/v3"
	graphRoot = "/api/graphql"
)

// SetNow gives the hub another clock than time.Now: that of expiry, limits and commits.
func (h *Hub) SetNow(now func() time.Time) {
	h.state.Lock()
	defer h.state.Unlock()
	h.clock, h.began = now, now()
}

// now is the time as GitHub tells it: in whole seconds, in UTC.
func (h *Hub) now() time.Time { return h.clock().UTC().Truncate(time.Second) }

// next is a number that was not given to anything yet.
func (h *Hub) next() int {
	h.serial++
	return h.serial
}

// ServeHTTP implements http.Handler.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	q := h.read(r, body)
	h.knobs.serve(w, q, h.done, func() *answer {
		if q.kind == gitRequest {
			return h.serveGit(q)
		}
		return h.serveAPI(q)
	})
}

// request is one that was read whole.
type request struct {
	*http.Request
	kind   requestKind
	body   []byte
	path   string // below the interface's root: /repos/…
	line   string // "POST /api/graphql createCommitOnBranch"
	graph  *graphDocument
	fields []string // of GraphQL: the names of all fields of the document, and query or mutation
}

type requestKind int

const (
	otherRequest requestKind = iota
	restRequest
	graphRequest
	gitRequest
)

// read says what a request is.
func (h *Hub) read(r *http.Request, body []byte) *request {
	q := &request{Request: r, body: body, path: r.URL.Path, line: r.Method + " " + r.URL.RequestURI()}
	switch {
	case r.URL.Path == graphRoot:
		q.kind = graphRequest
		q.graph = readGraph(body)
		q.fields = q.graph.names()
		q.line = strings.TrimSpace(q.line + " " + strings.Join(q.graph.roots(), " "))
	case strings.HasPrefix(r.URL.Path, restRoot+"/"):
		q.kind = restRequest
		q.path = strings.TrimPrefix(r.URL.Path, restRoot)
	case strings.Contains(r.URL.Path, ".git/"):
		q.kind = gitRequest
	}
	return q
}

// writes reports whether a request may change something.
func (q *request) writes() bool {
	switch q.kind {
	case graphRequest:
		return q.graph.mutates()
	case gitRequest:
		return strings.HasSuffix(q.path, "/git-receive-pack")
	default:
		return q.Method != http.MethodGet && q.Method != http.MethodHead
	}
}
