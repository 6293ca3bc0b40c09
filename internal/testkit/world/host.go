package world

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strings"
)

// host is one name of the world and its port.
type host struct {
	address     string // name:port
	handler     http.Handler
	certificate Certificate
	refusal     int // the proxy's answer; 0 lets everybody through
}

// hostOf is the key of a host in a connection's context.
type hostOf struct{}

// tunnel is a connection that the proxy made to a host.
type tunnel struct {
	net.Conn
	host *host
}

// NetConn is the connection below, as for a *tls.Conn: who breaks one wants that.
func (t *tunnel) NetConn() net.Conn { return t.Conn }

// tunnels is a listener that accepts what the proxy lets through.
type tunnels struct{ world *World }

func (l tunnels) Accept() (net.Conn, error) {
	select {
	case conn := <-l.world.accepted:
		return conn, nil
	case <-l.world.closed:
		return nil, net.ErrClosed
	}
}

func (tunnels) Close() error     { return nil }
func (l tunnels) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// withHost remembers which host a connection belongs to.
func withHost(ctx context.Context, conn net.Conn) context.Context {
	for {
		if t, ok := conn.(*tunnel); ok {
			return context.WithValue(ctx, hostOf{}, t.host)
		}
		below, ok := conn.(*tls.Conn)
		if !ok {
			return ctx
		}
		conn = below.NetConn()
	}
}

// serve gives a request to the handler of the host it was sent to. One that came
// through the tunnel of another host is told with the status that servers have
// for that.
func (w *World) serve(rw http.ResponseWriter, request *http.Request) {
	h, _ := request.Context().Value(hostOf{}).(*host)
	if named := withPort(request.Host); h == nil || !strings.EqualFold(named, h.address) {
		w.errorf("a request for %s was sent to another host", request.Host)
		http.Error(rw, http.StatusText(http.StatusMisdirectedRequest), http.StatusMisdirectedRequest)
		return
	}
	w.mu.Lock()
	w.requests = append(w.requests, request.Method+" "+request.Host+request.URL.Path)
	w.mu.Unlock()
	w.guard(request)
	h.handler.ServeHTTP(rw, request)
}

// withPort completes a host's name with the port of https.
func withPort(name string) string {
	if _, _, err := net.SplitHostPort(name); err == nil {
		return name
	}
	return net.JoinHostPort(name, "443")
}
