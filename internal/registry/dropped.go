package registry

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
)

// drops are what net/http says of a connection that broke, in errors that are none
// of the network: HTTP/2 has resets, and ends, of its own, and a connection may end
// while a request that cannot be repeated by itself is on its way.
var drops = []string{
	"stream error: stream ID ",
	"connection error: ",
	"http2: server sent GOAWAY",
	"http2: Transport received ", // GOAWAY
	"http2: client conn",         // lost, closed, or not usable
	"http: server closed idle connection",
}

// cutOff is such an error, as one that says that an answer broke off.
type cutOff struct{ error }

func (c cutOff) Unwrap() []error { return []error{c.error, io.ErrUnexpectedEOF} }

// lapsed makes a connection that cannot be made count as one that broke off, where
// the host was there a moment ago: it starts again, or what is before it does. A
// dial may end with the request's own time: that is none of the network.
func lapsed(ctx context.Context, err error) error {
	op, ok := errors.AsType[*net.OpError](err)
	if ok && (op.Op == "dial" || op.Op == "proxyconnect") && !broken(err) && ctx.Err() == nil {
		return cutOff{err}
	}
	return err
}

// dropped makes such an error known.
func dropped(err error) error {
	if err == nil || broken(err) {
		return err
	}
	text := err.Error()
	for _, words := range drops {
		if strings.Contains(text, words) {
			return cutOff{err}
		}
	}
	return err
}
