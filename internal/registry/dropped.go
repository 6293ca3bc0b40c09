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
// the host was there a moment ago: it starts again, or what is before it does. One
// that comes to no end counts, too, where any host has answered: the network was
// there. A dial may end with the request's own time: that is none of the network.
func (w wire) lapsed(ctx context.Context, host string, err error) error {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "dial" && op.Op != "proxyconnect" || broken(err) || ctx.Err() != nil {
		return err
	}
	_, here := w.answered.Load(host)
	if _, any := w.answered.Load(anyHost); here || any && op.Timeout() {
		return cutOff{err}
	}
	return err
}

// anyHost stands for all hosts among those that have answered.
const anyHost = ""

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
