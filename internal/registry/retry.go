package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// patience is used where Client.Retry is not set.
var patience = remote.Backoff{Duration: time.Second, Factor: 3, Jitter: 0.1, Steps: 3}

// passing are statuses that another try may not see; 499 and 522 come from the
// proxies in front of registries.
var passing = []int{
	http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
	http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, 499, 522,
}

// tries says what is tried again, how often, and tells so.
type tries struct {
	backoff remote.Backoff
	tell    func(error)
}

// patiently asks what a tag is, and again after the client's pauses while the
// answer is one that early says may change shortly after a write.
func (s *session) patiently(ctx context.Context, tag ref.Tag, told string, early func(ref.Digest, error) bool) (ref.Digest, error) {
	ask := func() (ref.Digest, error) { return s.digest(ctx, string(tag)) }
	return patiently(ctx, s, fmt.Errorf("%s %s", tag, told), ask, early)
}

func patiently[T any](ctx context.Context, s *session, told error, ask func() (T, error), early func(T, error) bool) (T, error) {
	for left := s.tries.backoff; ; {
		got, err := ask()
		if left.Steps <= 1 || !early(got, err) {
			return got, err
		}
		s.tries.tell(told)
		if err := pause(ctx, left.Step()); err != nil {
			return got, s.explain(ctx, err)
		}
	}
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

func (c *Client) retry(image ref.Repository) tries {
	t := tries{backoff: c.Retry}
	if t.backoff.Steps == 0 {
		t.backoff = patience
	}
	t.tell = func(err error) {
		c.printLine(fmt.Sprintf("%s: %v (tried %d times at most)", image, err, t.backoff.Steps))
	}
	return t
}

// wrap tries single requests again. An upload's requests are left alone: options
// makes go-containerregistry begin the whole upload anew, since half of it is gone.
func (t tries) wrap(inner http.RoundTripper) http.RoundTripper {
	return transport.NewRetry(inner, transport.WithRetryBackoff(t.backoff),
		transport.WithRetryPredicate(t.temporary), transport.WithRetryStatusCodes(passing...))
}

func (t tries) options() []remote.Option {
	return []remote.Option{remote.WithRetryBackoff(t.backoff), remote.WithRetryPredicate(t.temporary)}
}

// temporary reports whether another try may succeed.
func (t tries) temporary(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	again := slices.Contains(passing, answered(err))
	var timeout net.Error
	for _, broken := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.EPIPE, syscall.ECONNRESET} {
		again = again || errors.Is(err, broken)
	}
	again = again || errors.As(err, &timeout) && timeout.Timeout()
	if again {
		t.tell(err)
	}
	return again
}
