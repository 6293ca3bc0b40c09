package registry

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// between is the time from one progress line of a repository to the next.
const between = 10 * time.Second

// meter is a transport that counts what goes to one repository and says so in a
// line now and then.
type meter struct {
	base    http.RoundTripper
	sent    atomic.Int64 // bytes of bodies, those of tries that failed among them
	blobs   atomic.Int64 // uploaded
	skipped atomic.Int64 // there already, or mounted from another repository

	image ref.Repository
	print func(string)
	now   func() time.Time
	mu    sync.Mutex
	last  time.Time
	total int64 // bytes of the whole image; 0 where it is not known
}

func (c *Client) meter(image ref.Repository) *meter {
	return &meter{base: c.transport(), image: image, print: c.printLine, now: c.now, last: c.now()}
}

// RoundTrip sends the request and counts what became of it.
func (m *meter) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil && request.Body != http.NoBody {
		counted := request.WithContext(request.Context()) // a transport leaves its request as it is
		counted.Body = countedBody{request.Body, m}
		if again := request.GetBody; again != nil {
			counted.GetBody = func() (io.ReadCloser, error) {
				body, err := again()
				return countedBody{body, m}, err
			}
		}
		request = counted
	}
	response, err := m.base.RoundTrip(request)
	if err != nil {
		return response, err
	}
	path := request.URL.Path
	switch {
	case response.StatusCode == http.StatusOK && request.Method == http.MethodHead && strings.Contains(path, "/blobs/"),
		response.StatusCode == http.StatusCreated && request.Method == http.MethodPost:
		m.skipped.Add(1)
	case response.StatusCode == http.StatusCreated && request.Method == http.MethodPut && !strings.Contains(path, "/manifests/"):
		m.blobs.Add(1)
	}
	return response, nil
}

// counts are a meter's figures at one moment.
type counts struct {
	sent           int64
	blobs, skipped int
}

func (m *meter) counts() counts {
	return counts{m.sent.Load(), int(m.blobs.Load()), int(m.skipped.Load())}
}

func (c counts) minus(before counts) counts {
	return counts{c.sent - before.sent, c.blobs - before.blobs, c.skipped - before.skipped}
}

type countedBody struct {
	io.ReadCloser
	meter *meter
}

func (b countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.meter.progress(b.meter.sent.Add(int64(n)))
	return n, err
}

// progress prints a line where the last one is long enough ago.
func (m *meter) progress(sent int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if now.Sub(m.last) < between {
		return
	}
	m.last = now
	if m.total == 0 {
		m.print(fmt.Sprintf("%s: %s sent", m.image, megabytes(sent)))
		return
	}
	m.print(fmt.Sprintf("%s: %s of at most %s sent", m.image, megabytes(sent), megabytes(m.total)))
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
