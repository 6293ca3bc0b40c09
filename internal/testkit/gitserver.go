package testkit

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// GitServer is a git host on 127.0.0.1: git's own http-backend, with the
// troubles that a host can give. Its methods may be called while it serves.
type GitServer struct {
	URL  string // http://127.0.0.1:port
	Root string // folder with the repositories

	backend *GitBackend

	mu          sync.Mutex
	token       string
	private     bool
	v0          bool
	status      int
	statusFor   string
	drop        int
	onAdvertise func()
	onRead      func()
	onPush      func()
	onAnswered  func()
	requests    []string
	sent        int64
}

// NewGitServer starts a host that anyone may read, and write to with the token
// as the password of any user. It stops with the test.
func NewGitServer(tb testing.TB, token string) *GitServer {
	tb.Helper()
	s := &GitServer{token: token, backend: NewGitBackend(tb)}
	s.Root = s.backend.Root
	server := httptest.NewServer(s)
	tb.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Repo makes an empty repository on the host: its URL is s.URL/name.git. It
// serves partial fetches.
func (s *GitServer) Repo(name string) *GitRepo {
	s.backend.tb.Helper()
	return s.backend.Repo(name)
}

// Private demands the token of readers as well.
func (s *GitServer) Private() { s.set(func() { s.private = true }) }

// ProtocolV0 makes the host deaf to newer protocols.
func (s *GitServer) ProtocolV0() { s.set(func() { s.v0 = true }) }

// Answer makes every request whose URL ends like this fail with a status; "" is
// every request, and status 0 ends it.
func (s *GitServer) Answer(status int, suffix string) {
	s.set(func() { s.status, s.statusFor = status, suffix })
}

// DropPushes lets the next n pushes take effect and cuts the line before they
// are answered.
func (s *GitServer) DropPushes(n int) { s.set(func() { s.drop = n }) }

// OnRead runs f each time before a reader learns what the refs hold.
func (s *GitServer) OnRead(f func()) { s.set(func() { s.onRead = f }) }

// OnAdvertise runs f once, right before the next push learns what the refs hold.
func (s *GitServer) OnAdvertise(f func()) { s.set(func() { s.onAdvertise = f }) }

// OnPush runs f once, when the next push has learned what the refs hold and
// before it takes effect.
func (s *GitServer) OnPush(f func()) { s.set(func() { s.onPush = f }) }

// OnAnswered runs f once, when the next push has taken effect, before its answer
// is sent or lost.
func (s *GitServer) OnAnswered(f func()) { s.set(func() { s.onAnswered = f }) }

// Requests are those since the last call, as "GET /infra.git/info/refs?service=…".
func (s *GitServer) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

// Sent is how many bytes of answers were sent since the last call.
func (s *GitServer) Sent() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := s.sent
	s.sent = 0
	return sent
}

func (s *GitServer) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// trouble is what is wrong with one request.
type trouble struct {
	status int
	drop   bool
	before func()
	after  func()
	v0     bool
}

// admit counts a request and decides what becomes of it.
func (s *GitServer) admit(r *http.Request) trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
	t := trouble{v0: s.v0}
	push := strings.HasSuffix(r.URL.Path, "/git-receive-pack")
	service := r.URL.Query().Get("service")
	advertise := service == "git-receive-pack"
	_, password, _ := r.BasicAuth()
	switch {
	case s.status != 0 && strings.HasSuffix(r.URL.RequestURI(), s.statusFor):
		t.status = s.status
	case (s.private || push || advertise) && password != s.token:
		t.status = http.StatusUnauthorized
	case push:
		t.before, s.onPush = s.onPush, nil
		t.after, s.onAnswered = s.onAnswered, nil
		if t.drop = s.drop > 0; t.drop {
			s.drop--
		}
	case service == "git-upload-pack":
		t.before = s.onRead
	case advertise:
		t.before, s.onAdvertise = s.onAdvertise, nil
	}
	return t
}

// ServeHTTP implements http.Handler.
func (s *GitServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	t := s.admit(r)
	if t.before != nil {
		t.before()
	}
	if t.status != 0 {
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(w, http.StatusText(t.status), t.status)
		return
	}
	if t.v0 {
		r.Header.Del("Git-Protocol")
	}
	answer := s.backend.Answer(r, body)
	if t.after != nil {
		t.after()
	}
	if t.drop {
		panic(http.ErrAbortHandler) // net/http's way to cut the line
	}
	for key, values := range answer.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(answer.Code)
	n, _ := w.Write(answer.Body.Bytes())
	s.set(func() { s.sent += int64(n) })
}
