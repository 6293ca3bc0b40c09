package registry

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// wire is the transport below all others: it counts what goes out and what comes
// of it, and gives every sending of a body its own copy.
type wire struct {
	base     http.RoundTripper
	host     string // of the registry, for people
	meter    *meter
	limits   *limits
	silence  time.Duration
	answered *sync.Map // hosts, as requests have them, that gave this session an answer
}

// RoundTrip sends the request once.
func (w wire) RoundTrip(request *http.Request) (*http.Response, error) {
	meter, trial := w.meterOf(request.Context()), trialOf(request.Context())
	if !carriesBlob(request) {
		trial = nil
	}
	watched := w.watch(request)
	if err := errors.Join(leadsOn(request), trialOf(request.Context()).send(request)); err != nil {
		if request.Body != nil {
			request.Body.Close()
		}
		watched.end()
		return nil, err
	}
	sending := request.Clone(watched.ctx)
	var body *counted
	wrap := func(open io.ReadCloser) io.ReadCloser {
		var wrapped io.ReadCloser
		wrapped, body = count(open, func(n int64) { watched.moved(); meter.moved(trial, n) })
		return wrapped
	}
	if again, ok := request.Body.(*replay); ok {
		open, err := again.next()
		if err != nil {
			watched.end()
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
	response, err := w.listen(sending, watched)
	if err != nil {
		return nil, err
	}
	if body != nil && response.StatusCode < 300 {
		body.settle(request.ContentLength)
	}
	meter.answered(request, response)
	trialOf(request.Context()).answered(request, response)
	w.limits.look(w.host, w.meter.print, response.Header)
	if cancels(request) {
		response.Header.Del("Www-Authenticate")
	}
	return response, nil
}

// maxRedirects is how many are followed, as by net/http; go-containerregistry has
// no bound.
const maxRedirects = 10

// leadsOn fails where a request comes of more redirects than that.
func leadsOn(request *http.Request) error {
	hops := 0
	for at := request; at.Response != nil && at.Response.Request != nil; at = at.Response.Request {
		hops++
	}
	if hops > maxRedirects {
		return fmt.Errorf("%d redirects, and the last leads on", hops)
	}
	return nil
}

// cancels reports whether a request ends an upload that nobody wants any more.
// Registries with tokens want the right to delete for it. go-containerregistry would
// ask for that from then on, and a token service may refuse all to who asks for more
// than he may have.
func cancels(request *http.Request) bool {
	return request.Method == http.MethodDelete && uploads(request)
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

// limits says once of a registry that it will soon refuse to be asked.
type limits struct {
	mu   sync.Mutex
	told map[string]bool // hosts
}

// look reads what Docker Hub says with each manifest, such as 76;w=21600: how many
// pulls are left, of how many, in how many seconds.
func (l *limits) look(host string, print func(string), header http.Header) {
	left, _, knowsLeft := limit(header.Get("Ratelimit-Remaining"))
	of, window, knowsAll := limit(header.Get("Ratelimit-Limit"))
	if !knowsLeft || !knowsAll || left*10 >= of {
		return
	}
	l.mu.Lock()
	told := l.told[host]
	if l.told == nil {
		l.told = map[string]bool{}
	}
	l.told[host] = true
	l.mu.Unlock()
	if told {
		return
	}
	line := fmt.Sprintf("%s: %d of %d pulls are left", host, left, of)
	if window > 0 {
		line += fmt.Sprintf(" in %d min", window/60)
	}
	print(line)
}

func limit(told string) (n, window int, ok bool) {
	number, rest, _ := strings.Cut(told, ";")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if _, w, found := strings.Cut(rest, "w="); found {
		window, _ = strconv.Atoi(strings.TrimSpace(w))
	}
	return n, window, err == nil
}
