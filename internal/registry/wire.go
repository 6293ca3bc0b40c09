package registry

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// wire is the transport below all others: it counts what goes out and what comes
// of it, and gives every sending of a body its own copy.
type wire struct {
	base   http.RoundTripper
	meter  *meter
	limits *limits
}

// RoundTrip sends the request once.
func (w wire) RoundTrip(request *http.Request) (*http.Response, error) {
	meter, trial := w.meterOf(request.Context()), trialOf(request.Context())
	if !carriesBlob(request) {
		trial = nil
	}
	sending := request.Clone(request.Context())
	var body *counted
	wrap := func(open io.ReadCloser) io.ReadCloser {
		var wrapped io.ReadCloser
		wrapped, body = count(open, func(n int64) { meter.moved(trial, n) })
		return wrapped
	}
	if again, ok := request.Body.(*replay); ok {
		open, err := again.next()
		if err != nil {
			return nil, err
		}
		sending.Body = wrap(open)
		sending.GetBody = func() (io.ReadCloser, error) {
			open, err := again.next()
			if err != nil {
				return nil, err
			}
			return wrap(open), nil
		}
	}
	response, err := w.base.RoundTrip(sending)
	if err != nil {
		return response, err
	}
	if body != nil && response.StatusCode < 300 {
		body.settle(request.ContentLength)
	}
	meter.answered(request, response)
	trialOf(request.Context()).answered(request, response)
	w.limits.look(w.meter.image, response.Header)
	return response, nil
}

func carriesBlob(request *http.Request) bool {
	return request.Method == http.MethodPatch
}

// answered counts blobs.
func (m *meter) answered(request *http.Request, response *http.Response) {
	path := request.URL.Path
	switch {
	case response.StatusCode == http.StatusOK && request.Method == http.MethodHead && strings.Contains(path, "/blobs/"),
		response.StatusCode == http.StatusCreated && request.Method == http.MethodPost:
		m.skipped.Add(1)
	case response.StatusCode == http.StatusCreated && request.Method == http.MethodPut && uploads(request):
		m.blobs.Add(1)
	}
}

// answered keeps the digest that a registry gives a manifest when it takes it.
func (t *trial) answered(request *http.Request, response *http.Response) {
	if t == nil || request.Method != http.MethodPut || uploads(request) || response.StatusCode >= 300 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.digest = response.Header.Get("Docker-Content-Digest")
}

// limits says once of a registry that it will soon refuse to be asked.
type limits struct {
	print func(string)
	mu    sync.Mutex
	told  map[string]bool // hosts
}

// look reads what Docker Hub says with each manifest, such as 76;w=21600: how many
// pulls are left, of how many, in how many seconds.
func (l *limits) look(image ref.Repository, header http.Header) {
	left, _, knowsLeft := limit(header.Get("Ratelimit-Remaining"))
	of, window, knowsAll := limit(header.Get("Ratelimit-Limit"))
	if !knowsLeft || !knowsAll || left*10 >= of {
		return
	}
	l.mu.Lock()
	told := l.told[image.Domain()]
	if l.told == nil {
		l.told = map[string]bool{}
	}
	l.told[image.Domain()] = true
	l.mu.Unlock()
	if told {
		return
	}
	line := fmt.Sprintf("%s: %d of %d pulls are left", image.Domain(), left, of)
	if window > 0 {
		line += fmt.Sprintf(" in %d min", window/60)
	}
	l.print(line)
}

func limit(told string) (n, window int, ok bool) {
	number, rest, _ := strings.Cut(told, ";")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if _, w, found := strings.Cut(rest, "w="); found {
		window, _ = strconv.Atoi(strings.TrimSpace(w))
	}
	return n, window, err == nil
}
