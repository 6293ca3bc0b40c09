package registry

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// between is the time from one progress line of a repository to the next.
const between = 10 * time.Second

// meter adds up what goes to one repository, and says so in a line now and then. A
// push has its own, which its requests carry in their context.
type meter struct {
	sent    atomic.Int64 // bytes of bodies, those of tries that failed among them
	blobs   atomic.Int64 // uploaded
	skipped atomic.Int64 // there already, or mounted from another repository

	image ref.Repository
	print func(string)
	now   func() time.Time

	mu          sync.Mutex
	began, last time.Time
	lastSent    int64
	size, done  int64 // bytes of the blobs that are needed, and of those that are there or on their way
	many, there int   // blobs
	told        bool  // that it takes long
}

func (c *Client) meter(image ref.Repository) *meter {
	now := c.now()
	return &meter{image: image, print: c.printLine, now: c.now, began: now, last: now}
}

type meterKey struct{}

func withMeter(ctx context.Context, m *meter) context.Context {
	return context.WithValue(ctx, meterKey{}, m)
}

// meterOf is that of the push that a request belongs to, else the session's.
func (w wire) meterOf(ctx context.Context) *meter {
	if m, ok := ctx.Value(meterKey{}).(*meter); ok {
		return m
	}
	return w.meter
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

func (c counts) plus(more counts) counts {
	return counts{c.sent + more.sent, c.blobs + more.blobs, c.skipped + more.skipped}
}

// expect says what the push needs.
func (m *meter) expect(blobs []blob) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.size, m.done, m.many, m.there = 0, 0, len(blobs), 0
	for _, b := range blobs {
		m.size += b.size
	}
}

// moved notes bytes of a try on their way; those of one that failed are taken back.
func (m *meter) moved(t *trial, n int64) {
	sent := m.sent.Add(n)
	m.mu.Lock()
	defer m.mu.Unlock()
	if t != nil {
		t.read += n
		m.done += n
	}
	m.progress(sent)
}

// ended notes what became of a try to bring a blob.
func (m *meter) ended(t *trial, size int64, there bool) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done -= t.read
	if there {
		m.done += size
		m.there++
	}
	m.progress(m.sent.Load())
}

// progress prints a line where the last one is long enough ago.
func (m *meter) progress(sent int64) {
	now := m.now()
	if m.many == 0 || now.Sub(m.last) < between {
		return
	}
	m.print(fmt.Sprintf("%s: %.1f of %.1f MB, %d of %d blobs, %s", m.image,
		mega(min(m.done, m.size)), mega(m.size), m.there, m.many, rate(sent-m.lastSent, now.Sub(m.last))))
	m.last, m.lastSent, m.told = now, sent, true
}

// finish ends what was told of a push that took long.
func (m *meter) finish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	many := m.many
	m.many = 0 // manifests need no lines
	if !m.told {
		return
	}
	m.told = false
	took, sent := m.now().Sub(m.began), m.sent.Load()
	m.print(fmt.Sprintf("%s: all %d blobs are there, %.1f MB sent in %.0f s, %s", m.image, many, mega(sent), took.Seconds(), rate(sent, took)))
}

func mega(n int64) float64 { return float64(n) / 1e6 }

func rate(n int64, in time.Duration) string {
	return fmt.Sprintf("%.1f MB/s", mega(n)/max(in.Seconds(), 0.001))
}
