//go:build e2e

package e2e

import (
	"io"
	"net"
	"sync"
	"testing"
)

// wire is an address that leads to a server wherever it is, also after it was started
// again, and that does something once so many bytes have gone there.
type wire struct {
	host string

	t        *testing.T
	server   *server
	listener net.Listener

	mu   sync.Mutex
	left int64 // before it happens
	then func()
}

func newWire(t *testing.T, s *server) *wire {
	t.Helper()
	w := &wire{host: "127.0.0.1:0", t: t, server: s}
	w.open()
	t.Cleanup(w.cut)
	return w
}

// open lets connections through.
func (w *wire) open() {
	w.t.Helper()
	listener, err := net.Listen("tcp", w.host)
	check(w.t, err)
	w.host, w.listener = listener.Addr().String(), listener
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go w.join(conn)
		}
	}()
}

// cut refuses connections, as the address of a server does that is gone.
func (w *wire) cut() { w.listener.Close() }

// after lets something happen in the midst of what is sent, once.
func (w *wire) after(bytes int64, then func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left, w.then = bytes, then
}

func (w *wire) join(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.server.address())
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer client.Close()
		io.Copy(client, server)
	}()
	io.Copy(counted{server, w}, client)
}

// counted counts what is written.
type counted struct {
	io.Writer
	wire *wire
}

func (c counted) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.wire.count(int64(n))
	return n, err
}

// count holds all that is sent while something happens.
func (w *wire) count(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left -= n
	if then := w.then; then != nil && w.left <= 0 {
		w.then = nil
		then()
	}
}
