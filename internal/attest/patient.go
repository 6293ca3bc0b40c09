package attest

import (
	"context"
	"net/http"
	"time"
)

// patient tries a read again that was not answered, or with 429 or 5xx.
type patient struct {
	base  http.RoundTripper
	sleep func(context.Context, time.Duration) error
}

const tries = 3

// fetchTimeout is for one read with all its tries.
const fetchTimeout = 2 * time.Minute

// client reads through base, patiently.
func client(base http.RoundTripper, wait func(context.Context, time.Duration) error) *http.Client {
	if base == nil {
		base = http.DefaultTransport
	}
	if wait == nil {
		wait = sleep
	}
	return &http.Client{Transport: patient{base: base, sleep: wait}, Timeout: fetchTimeout}
}

// RoundTrip sends a request that has no body, as often as it takes.
func (p patient) RoundTrip(req *http.Request) (*http.Response, error) {
	for try := 1; ; try++ {
		res, err := p.base.RoundTrip(req)
		if try == tries || req.Context().Err() != nil || err == nil && !passes(res.StatusCode) {
			return res, err
		}
		if err == nil {
			res.Body.Close()
		}
		if err := p.sleep(req.Context(), time.Duration(try)*time.Second); err != nil {
			return nil, err
		}
	}
}

// passes reports whether an answer may be another one in a moment.
func passes(status int) bool { return status >= 500 || status == http.StatusTooManyRequests }

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
