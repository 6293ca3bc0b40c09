package bench

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// front stands before a registry: it counts what is asked, can be as far away as a
// real one, and can take no more bytes in a second than one.
type front struct {
	host    string
	latency time.Duration // of every answer
	proxy   *httputil.ReverseProxy

	mu       sync.Mutex
	requests []string
	rate     float64   // bytes in a second that uploads may have together; 0 is any number
	free     time.Time // when the bytes that were let through will have passed at that rate
}

// newFront lets everybody in to the registry at backend (127.0.0.1:port).
func newFront(b *testing.B, backend string) *front {
	f := &front{}
	server := httptest.NewServer(f)
	b.Cleanup(server.Close)
	f.host = strings.TrimPrefix(server.URL, "http://")
	f.proxy = &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: backend})
			p.Out.Host = p.In.Host // in which the registry gives addresses
			if f.rate > 0 && p.Out.Body != nil {
				p.Out.Body = limited{p.Out.Body, f}
			}
		},
		ModifyResponse: func(r *http.Response) error { // the token service is as far away
			challenge := r.Header.Get("WWW-Authenticate")
			if challenge != "" {
				r.Header.Set("WWW-Authenticate", strings.ReplaceAll(challenge, backend, f.host))
			}
			return nil
		},
	}
	return f
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Method+" "+r.URL.Path)
	f.mu.Unlock()
	if f.latency > 0 {
		time.Sleep(f.latency)
	}
	f.proxy.ServeHTTP(w, r)
}

// asked tells how many requests there were since it was called last, and how many of
// them were neither the greeting nor for a token.
func (f *front) asked() (all, real int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, line := range f.requests {
		all++
		if !strings.HasSuffix(line, " /v2/") && !strings.HasSuffix(line, " /token") {
			real++
		}
	}
	f.requests = nil
	return all, real
}

// limited is a body that waits for its share of the rate.
type limited struct {
	io.ReadCloser
	front *front
}

func (l limited) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	time.Sleep(l.front.passes(n))
	return n, err
}

// passes takes n bytes of the rate, and says how long to wait for them. What less than
// a few milliseconds are worth passes at once: nobody sleeps as exactly.
func (f *front) passes(n int) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if f.free.Before(now) {
		f.free = now
	}
	f.free = f.free.Add(time.Duration(float64(n) / f.rate * float64(time.Second)))
	if wait := f.free.Sub(now); wait > 5*time.Millisecond {
		return wait
	}
	return 0
}
