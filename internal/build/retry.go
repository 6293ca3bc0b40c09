package build

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// patience is used where Native.Retry is not set.
var patience = remote.Backoff{Duration: time.Second, Factor: 3, Jitter: 0.1, Steps: 3}

// retry does again what the network broke off. Requests are tried again by
// what reaches the registry, but not what ends in the middle of an answer. The zero
// value tries once.
type retry struct {
	waits remote.Backoff // one for each further try
	logf  func(format string, args ...any)
}

// do tries noun until it works, fails for good, or ctx is done.
func (r retry) do(ctx context.Context, noun string, try func() error) error {
	for waits := r.waits; ; {
		err := try()
		if waits.Steps == 0 || ctx.Err() != nil || !brokenOff(err) {
			return err
		}
		wait := waits.Step()
		r.logf("%s is tried again in %v: %v", noun, wait.Round(time.Millisecond), err)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

// brokenOff reports whether err is of the network, so that another try may succeed.
func brokenOff(err error) bool {
	for _, broken := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.EPIPE, syscall.ECONNRESET} {
		if errors.Is(err, broken) {
			return true
		}
	}
	if _, ok := errors.AsType[streamError](err); ok {
		return true
	}
	late, ok := errors.AsType[net.Error](err)
	return ok && late.Timeout()
}

// streamError is an HTTP/2 stream that the other side has reset. net/http does not
// export its error, but lets errors.As fill in a struct with these fields.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "the stream was reset" }
