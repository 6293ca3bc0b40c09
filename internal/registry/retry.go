package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// patience is used where Client.Retry is not set.
var patience = remote.Backoff{Duration: time.Second, Factor: 3, Jitter: 0.1, Steps: 3}

// passing reports whether another try may not see a status: any trouble of a server, or
// of the proxies in front of it, which have some of their own (499, 520 to 530), but not
// that it does not know what is asked for, nor that it has no room.
func passing(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, 499:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported, http.StatusInsufficientStorage:
		return false
	}
	return status >= 500
}

// The bounds of what a registry may ask for with Retry-After.
const (
	longestWait  = time.Minute     // at once
	hopelessWait = 5 * time.Minute // not worth waiting for at all
	longestSum   = 5 * time.Minute // of all such waits of one session
)

// tries says what is tried again, how often, and tells so.
type tries struct {
	backoff remote.Backoff
	sleep   func(context.Context, time.Duration) error
	print   func(string)
	name    string // of what is asked, for people
	waited  *waited
}

// waited is how long a session waits since its registry asked for that. All its
// streams wait at once, until the same moment.
type waited struct {
	now func() time.Time

	mu    sync.Mutex
	until time.Time
	sum   time.Duration
}

func (c *Client) retry(name string) tries {
	t := tries{backoff: c.Retry, sleep: c.Sleep, print: c.printLine, name: name, waited: &waited{now: c.now}}
	if t.backoff.Steps == 0 {
		t.backoff = patience
	}
	if t.sleep == nil {
		t.sleep = pause
	}
	return t
}

// pause waits, but no longer than the context lasts.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// tell says what is asked for once more.
func (t tries) tell(err error) {
	t.print(fmt.Sprintf("%s: %v: asking again", t.name, err))
}

// attempts counts the tries of one thing.
type attempts struct {
	tries
	left  remote.Backoff
	made  int // and failed
	limit int
}

func (t tries) begin() *attempts {
	return &attempts{tries: t, left: t.backoff, limit: t.backoff.Steps}
}

// again waits before the next try, and reports whether there is one. A registry
// that says when to come back is asked twice as often as one that only fails.
func (a *attempts) again(ctx context.Context, why string, asked time.Duration) bool {
	a.made++
	limit := a.limit
	if asked > 0 {
		limit *= 2
	}
	if a.made >= limit || ctx.Err() != nil {
		return false
	}
	wait := a.left.Step()
	if asked > 0 {
		var ok bool
		if wait, ok = a.waited.grant(asked); !ok {
			return false
		}
	}
	a.print(fmt.Sprintf("%s: %s, again in %s (try %d of %d)", a.name, why, seconds(wait), a.made+1, limit))
	return a.sleep(ctx, wait) == nil
}

// grant says how long to wait where a registry asks for that, if it is worth it:
// until the latest moment that it has asked any stream to wait for.
func (w *waited) grant(asked time.Duration) (time.Duration, bool) {
	if asked > hopelessWait {
		return 0, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	until := now.Add(min(asked, longestWait))
	if until.After(w.until) {
		more := until.Sub(w.until)
		if w.until.Before(now) {
			more = until.Sub(now)
		}
		if w.sum+more > longestSum {
			return 0, false
		}
		w.sum, w.until = w.sum+more, until
	}
	return w.until.Sub(now), true
}

func seconds(d time.Duration) string {
	if d < time.Second && d > 0 {
		return d.Round(10 * time.Millisecond).String()
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// patiently asks what a tag is, and again after the client's pauses while the
// answer is one that early says may change shortly after a write.
func (s *session) patiently(ctx context.Context, tag ref.Tag, told string, early func(ref.Digest, error) bool) (ref.Digest, error) {
	ask := func() (ref.Digest, error) { return s.digest(ctx, string(tag)) }
	return patiently(ctx, s, fmt.Errorf("%s %s", tag, told), ask, early)
}

func patiently[T any](ctx context.Context, s *session, told error, ask func() (T, error), early func(T, error) bool) (T, error) {
	for tries := s.tries.begin(); ; {
		got, err := ask()
		if !early(got, err) || !tries.again(ctx, told.Error(), 0) {
			if ctx.Err() != nil {
				return got, s.explain(ctx, ctx.Err())
			}
			return got, err
		}
	}
}

// temporary reports whether another try may succeed.
func temporary(err error) bool {
	if answer, ok := errors.AsType[*transport.Error](err); ok && isFull(answer) && !isLimit(answer) {
		return false
	}
	return err != nil && (passing(answered(err)) || broken(err))
}

// broken reports whether no answer, or half of one, came over the network.
func broken(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	if _, lost := errors.AsType[cutOff](err); lost {
		return true // also where a dial took too long: net says DeadlineExceeded of that
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsTemporary && !dns.IsNotFound {
		return true
	}
	for _, one := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.EPIPE, syscall.ECONNRESET} {
		if errors.Is(err, one) {
			return true
		}
	}
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
