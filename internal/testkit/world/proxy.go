package world

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"strconv"
)

// serveProxy makes a tunnel to a host, or refuses to.
func (w *World) serveProxy(rw http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodConnect {
		w.errorf("the proxy was asked for %s %s, without encryption", request.Method, request.URL.Redacted())
		http.Error(rw, "only tunnels", http.StatusMethodNotAllowed)
		return
	}
	w.mu.Lock()
	h, known := w.hosts[request.Host]
	stranger := w.wants != "" && request.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(w.wants))
	w.mu.Unlock()
	switch {
	case stranger:
		rw.Header().Set("Proxy-Authenticate", `Basic realm="world"`)
		http.Error(rw, "who are you?", http.StatusProxyAuthRequired)
	case !known:
		w.errorf("this world has no %s", request.Host)
		http.Error(rw, "no such host", http.StatusBadGateway)
	case h.refusal != 0:
		http.Error(rw, "refused", h.refusal)
	default:
		w.connect(rw, h)
	}
}

// connect answers that the tunnel stands, and hands it to the host.
func (w *World) connect(rw http.ResponseWriter, h *host) {
	conn, buffered, err := rw.(http.Hijacker).Hijack()
	if err != nil {
		w.errorf("tunnel to %s: %v", h.address, err)
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 "+strconv.Itoa(http.StatusOK)+" Connection established\r\n\r\n"); err != nil {
		conn.Close()
		return
	}
	var through net.Conn = &tunnel{read{conn, buffered.Reader}, h}
	if h.certificate != NoTLS {
		through = tls.Server(through, w.authority.config(w.t, h))
	}
	select {
	case w.accepted <- through:
	case <-w.closed:
		conn.Close()
	}
}

// read is a connection of which some bytes were read before they were due.
type read struct {
	net.Conn
	early *bufio.Reader
}

func (r read) Read(p []byte) (int, error) { return r.early.Read(p) }

// NetConn is the connection below.
func (r read) NetConn() net.Conn { return r.Conn }
