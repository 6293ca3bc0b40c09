package registry_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/seed-96940006/tagboat/internal/registry"
)

// roundTrip is a network that is a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// stub is an answer that no registry gave.
func stub(request *http.Request, status int, body string) *http.Response {
	answer := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: request}
	if request.Method == http.MethodHead {
		answer.Body = http.NoBody
	}
	return answer
}

// declines reads what was sent and answers with a stub.
func declines(request *http.Request, status int, body string) *http.Response {
	if request.Body != nil {
		io.Copy(io.Discard, request.Body)
		request.Body.Close()
	}
	return stub(request, status, body)
}

// inside is a network of one registry without sockets, for tests whose time is that
// of a bubble (testing/synctest).
func inside(handler http.Handler) roundTrip {
	return func(request *http.Request) (*http.Response, error) {
		if request.URL.Scheme == "https" {
			return nil, io.ErrClosedPipe
		}
		asked := request.Clone(request.Context())
		asked.Host, asked.URL.Host, asked.URL.Scheme = request.URL.Host, "", "" // as a server sees it
		asked.Body = http.NoBody
		if request.Body != nil {
			sent, err := io.ReadAll(request.Body)
			request.Body.Close()
			if err != nil {
				return nil, err
			}
			asked.Body = io.NopCloser(bytes.NewReader(sent))
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, asked)
		response := answer.Result()
		response.Request = request
		return response, nil
	}
}

// byTheClock waits as in real life, which takes no time in a bubble.
func byTheClock(network http.RoundTripper, log io.Writer) *registry.Client {
	client := newClient()
	client.Retry.Duration, client.Retry.Factor = time.Second, 3
	client.Transport, client.Log = network, log
	return client
}

// lockedBuilder is a log that several may write at once.
type lockedBuilder struct {
	mu sync.Mutex
	strings.Builder
}

func (l *lockedBuilder) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Builder.Write(p)
}

func (l *lockedBuilder) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Builder.String()
}
