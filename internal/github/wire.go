package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	userAgent  = "tagboat"
	apiVersion = "2022-11-28"
	maxBody    = 256 << 20 // more than GitHub answers: a blob of 100 MB in base64
)

var (
	errSilent = errors.New("GitHub fell silent")
	errLarge  = errors.New("the answer is larger than any of GitHub's")
)

// wire sends one request once. Everything passes here with its token, so that this
// is where the token stays with its host, and what is sent is counted.
type wire struct {
	base             http.RoundTripper
	origins          []string
	silence          time.Duration
	secrets          secrets
	requests, writes atomic.Int64
}

func newWire(o Options, addresses ...*url.URL) *wire {
	w := &wire{base: o.Transport, silence: o.Silence}
	if w.base == nil {
		w.base = trusting(o.Roots)
	}
	if w.silence == 0 {
		w.silence = 30 * time.Second
	}
	for _, u := range addresses {
		w.origins = append(w.origins, origin(u))
	}
	return w
}

// origin is what a token belongs to.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = u.Scheme
	} else if port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		port = u.Scheme
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// RoundTrip sends a request, and gives the answer when all of it has come.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if !slices.Contains(w.origins, origin(req.URL)) {
		closeBody(req)
		return nil, elsewhere(req.URL)
	}
	w.secrets.add(req.Header.Get("Authorization"))
	w.requests.Add(1)
	if e := effectOf(req); e == writes || e == mutates {
		w.writes.Add(1)
	}
	resp, body, err := w.send(req)
	if err != nil {
		return nil, err
	}
	for _, values := range resp.Header {
		for i := range values {
			values[i] = w.secrets.hide(values[i])
		}
	}
	if resp.StatusCode >= 300 {
		body = w.secrets.hideIn(body)
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// send gives up where nothing came or went for a while. A limit on the whole would
// end large answers over slow lines.
func (w *wire) send(req *http.Request) (*http.Response, []byte, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	defer cancel(nil)
	alarm := time.AfterFunc(w.silence, func() { cancel(errSilent) })
	defer alarm.Stop()
	heard := func() { alarm.Reset(w.silence) }

	out := req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		out.Body = pulse{req.Body, heard}
	}
	resp, err := w.base.RoundTrip(out)
	var body []byte
	if err == nil {
		heard()
		defer resp.Body.Close()
		body, err = io.ReadAll(io.LimitReader(pulse{resp.Body, heard}, maxBody+1))
	}
	switch {
	case err == nil && len(body) > maxBody:
		return nil, nil, errLarge
	case err != nil && context.Cause(ctx) == errSilent:
		return nil, nil, w.silent(unsent(err))
	}
	return resp, body, err
}

// silent is the error of a try that was given up. It stands for one that says that
// its context was cancelled, as if somebody had ended the run.
func (w *wire) silent(unsent bool) error {
	err := fmt.Errorf("%w: nothing came for %v", errSilent, w.silence)
	if unsent {
		return &net.OpError{Op: "dial", Err: err}
	}
	return err
}

// pulse tells of every read.
type pulse struct {
	io.ReadCloser
	heard func()
}

func (p pulse) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	if n > 0 {
		p.heard()
	}
	return n, err
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}
