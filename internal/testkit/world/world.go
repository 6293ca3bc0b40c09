// Package world gives hosts of the internet a place on loopback, under their real
// names: a private authority signs a certificate for each, and a proxy on
// 127.0.0.1 leads to its handler. What is under test reaches ghcr.io as it would
// outside, by HTTPS_PROXY and SSL_CERT_FILE or by a transport, and nothing leaves
// the machine.
//
// It knows no protocol above TLS; what a host answers is its handler's part.
package world

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// World is a set of hosts. Its methods may be called while it serves.
//
// A connection to a host that it does not know fails the test.
type World struct {
	t         testing.TB
	authority *authority
	caFile    string
	proxy     *url.URL
	accepted  chan net.Conn // tunnels that a host has to answer
	closed    chan struct{}

	mu       sync.Mutex
	hosts    map[string]*host
	secrets  []secret
	requests []string
	wants    string // the proxy's own user:password; "" asks nobody
}

// New makes a world that ends with the test.
func New(t testing.TB) *World {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &World{
		t: t, authority: newAuthority(t), hosts: map[string]*host{},
		proxy:    &url.URL{Scheme: "http", Host: listener.Addr().String()},
		accepted: make(chan net.Conn), closed: make(chan struct{}),
	}
	w.caFile = w.authority.write(t)
	quiet := log.New(io.Discard, "", 0) // clients that distrust a certificate hang up
	proxy := &http.Server{Handler: http.HandlerFunc(w.serveProxy), ErrorLog: quiet}
	behind := &http.Server{Handler: http.HandlerFunc(w.serve), ErrorLog: quiet, ConnContext: withHost}
	go proxy.Serve(listener)
	go behind.Serve(tunnels{w})
	t.Cleanup(func() {
		close(w.closed)
		proxy.Close()
		behind.Close()
	})
	return w
}

// Handle lets a handler answer for a host: a name for its port 443, or name:port.
func (w *World) Handle(name string, handler http.Handler) { w.HandleAs(name, Trusted, handler) }

// HandleAs is Handle with another certificate than the right one.
func (w *World) HandleAs(name string, certificate Certificate, handler http.Handler) {
	w.put(name, &host{handler: handler, certificate: certificate})
}

// Refuse lets the proxy answer a connection to a host with a status: 403 as one
// that does not allow it, 502 as one that cannot reach it.
func (w *World) Refuse(name string, status int) { w.put(name, &host{refusal: status}) }

// RefuseStrangers lets the proxy answer 407 to whoever does not send this user and
// password to it. Env and Transport do not.
func (w *World) RefuseStrangers(user, password string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wants = user + ":" + password
}

func (w *World) put(name string, h *host) {
	if !strings.Contains(name, ":") {
		name += ":443"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	h.address = name
	w.hosts[name] = h
}

// CAFile is a file with the certificate of the authority, in PEM.
func (w *World) CAFile() string { return w.caFile }

// Issue writes a certificate of the authority for names and addresses, and its
// key, into files for a server that is a program of its own.
func (w *World) Issue(names ...string) (certFile, keyFile string) {
	w.t.Helper()
	return w.authority.files(w.t, names...)
}

// Env is what a program's environment needs, above all of Go, curl and git, to
// live in this world. Loopback stays what it is.
func (w *World) Env() []string {
	proxy := w.proxy.String()
	return []string{
		"HTTPS_PROXY=" + proxy, "https_proxy=" + proxy, "HTTP_PROXY=" + proxy, "http_proxy=" + proxy,
		"NO_PROXY=127.0.0.1,localhost,::1", "no_proxy=127.0.0.1,localhost,::1",
		"SSL_CERT_FILE=" + w.caFile, "CURL_CA_BUNDLE=" + w.caFile, "AWS_CA_BUNDLE=" + w.caFile,
		"GIT_SSL_CAINFO=" + w.caFile,
	}
}

// Transport is a network of this process on which there is only this world, and
// loopback.
func (w *World) Transport() http.RoundTripper {
	pool := x509.NewCertPool()
	pool.AddCert(w.authority.certificate)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool},
		Proxy: func(request *http.Request) (*url.URL, error) {
			if ip := net.ParseIP(request.URL.Hostname()); ip != nil && ip.IsLoopback() {
				return nil, nil
			}
			return w.proxy, nil
		},
	}
	w.t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// Requests lists what was asked, as "METHOD host/path", in order of arrival.
func (w *World) Requests() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requests)
}

// Asked reports whether a host got any request.
func (w *World) Asked(name string) bool {
	return slices.ContainsFunc(w.Requests(), func(line string) bool {
		_, rest, _ := strings.Cut(line, " ")
		got, _, _ := strings.Cut(rest, "/")
		return got == name
	})
}

// errorf fails the test, unless it is over.
func (w *World) errorf(format string, args ...any) {
	select {
	case <-w.closed:
	default:
		w.t.Errorf(format, args...)
	}
}
