package github

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// secret is a token in the new form, with the characters that it may have.
const secret = "ghs_12345_eyJhbGciOiJSUzI1NiJ9.eyJpc3M-_x.c2lnbmF0dXJl"

// world is a GitHub that answers what it is told, one answer after the other, and a
// clock that moves by sleeping.
type world struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	answers []http.HandlerFunc
	asked   []string
	slept   []time.Duration
	now     time.Time
	log     bytes.Buffer
}

func newWorld(t *testing.T, answers ...http.HandlerFunc) *world {
	t.Helper()
	w := &world{t: t, answers: answers, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

// ServeHTTP gives the next answer. What was not expected fails the test.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	w.asked = append(w.asked, fmt.Sprintf("%s %s %s", r.Method, r.URL.Path, body))
	if len(w.answers) == 0 {
		w.mu.Unlock()
		w.t.Errorf("nobody expected %s %s", r.Method, r.URL.Path)
		rw.WriteHeader(http.StatusTeapot)
		return
	}
	next := w.answers[0]
	w.answers = w.answers[1:]
	w.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	next(rw, r)
}

// then says what is answered from now on.
func (w *world) then(answers ...http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers = answers
}

// pass moves the clock.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) requests() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked
}

func (w *world) sleep(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slept = append(w.slept, d)
	w.now = w.now.Add(d)
	return ctx.Err()
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) options() Options {
	return Options{
		API: w.URL, GraphQL: w.URL + "/graphql", Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: secret}),
		Log: &w.log, Now: w.clock, Sleep: w.sleep, Silence: 5 * time.Second,
	}
}

func (w *world) client() *Client {
	w.t.Helper()
	c, err := New(w.options())
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// says answers with a status, a body, and headers given by name and value.
func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json; charset=utf-8")
		for i := 0; i < len(headers); i += 2 {
			rw.Header().Set(headers[i], headers[i+1])
		}
		rw.WriteHeader(status)
		io.WriteString(rw, body)
	}
}

// hangsUp ends the connection without an answer.
func hangsUp(rw http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err == nil {
		conn.Close()
	}
}

// breaksOff ends the connection in the middle of an answer.
func breaksOff(status int) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Length", "100")
		rw.WriteHeader(status)
		io.WriteString(rw, `{"ref":`)
		http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler)
	}
}

// get and create are a read and a write through go-github.
func get(ctx context.Context, c *Client) error {
	_, _, err := c.REST().Git.GetRef(ctx, "acme", "infra", "heads/main")
	return Explain(err)
}

func create(ctx context.Context, c *Client) error {
	_, _, err := c.REST().Git.CreateRef(ctx, "acme", "infra", reference)
	return Explain(err)
}

func query(ctx context.Context, c *Client) error {
	return c.Query(ctx, "query { viewer { login } }", nil, nil)
}

func mutate(ctx context.Context, c *Client) error {
	return c.Mutate(ctx, "mutation { x }", nil, nil)
}

// meets fails where an error is not of this kind and code. "" is no error.
func meets(t *testing.T, err error, kind Kind, code string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("got %v", err)
		}
		return
	}
	if err == nil || KindOf(err) != kind || fault.Code(err) != code {
		t.Errorf("got kind %d, %v; want kind %d, %s", KindOf(err), err, kind, code)
	}
}
