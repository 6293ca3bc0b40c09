package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// transport carries requests past limits, moved repositories and short trouble. It
// lies below go-github, which would block itself after a limit, and take one that
// is answered with 429 for any error.
type transport struct {
	wire  *wire
	auth  http.RoundTripper // wire, with the token
	fresh func() bool       // whether the token is so new that GitHub may not know it yet
	log   *lines
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
}

func newTransport(o Options, w *wire) *transport {
	t := &transport{wire: w, log: &lines{to: o.Log}, now: o.Now, sleep: o.Sleep, fresh: func() bool { return false }}
	t.auth = &oauth2.Transport{Source: tokens{o.Token}, Base: w}
	if source, ok := o.Token.(interface{ fresh() bool }); ok {
		t.fresh = source.fresh
	}
	if t.now == nil {
		t.now = time.Now
	}
	if t.sleep == nil {
		t.sleep = sleep
	}
	return t
}

// RoundTrip sends a request as often as it takes. Its errors are faults.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		read, err := io.ReadAll(req.Body)
		req.Body.Close()
		if err != nil {
			return nil, (&Error{Kind: Unreachable, Request: request(req), Message: err.Error(), cause: err}).fault()
		}
		body = read
	}
	a := &attempt{transport: t, req: req, body: body, effect: effectOf(req), url: req.URL}
	got, err := a.run(req.Context())
	if err != nil {
		return nil, err
	}
	// go-github keeps these to refuse requests by itself.
	for _, name := range []string{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "X-Ratelimit-Used"} {
		got.Header.Del(name)
	}
	if got.StatusCode >= 300 {
		got.Header.Del("Location") // net/http would follow what is left, with a method of its own
	}
	got.Request = req // the one that was sent has the token
	return got.Response, nil
}

// tokens marks the errors of a source, which are none of the network.
type tokens struct{ oauth2.TokenSource }

type tokenError struct{ error }

func (e tokenError) Unwrap() error { return e.error }

// Token is that of the source.
func (s tokens) Token() (*oauth2.Token, error) {
	token, err := s.TokenSource.Token()
	switch {
	case err != nil:
		return nil, tokenError{err}
	case token == nil || token.AccessToken == "":
		return nil, tokenError{errors.New("there is no token")}
	}
	return token, nil
}

// lines writes whole lines to people.
type lines struct {
	mu sync.Mutex
	to io.Writer
}

func (l *lines) printf(format string, args ...any) {
	if l.to == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.to, "GitHub: "+fault.Plain(fmt.Sprintf(format, args...), 500))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// reader is a body that is sent from its beginning.
func reader(body []byte) io.ReadCloser {
	if len(body) == 0 {
		return http.NoBody
	}
	return io.NopCloser(bytes.NewReader(body))
}
