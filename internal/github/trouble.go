package github

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// failed decides about a request that got no answer.
func (a *attempt) failed(err error) (time.Duration, bool, error) {
	var known *Error
	var source tokenError
	switch ended := a.req.Context().Err(); {
	case errors.As(err, &known):
		return 0, false, Explain(err)
	case errors.As(err, &source):
		return 0, false, (&Error{Kind: Unauthorized, Request: request(a.req), Message: a.wire.secrets.hide(err.Error()), cause: err}).fault()
	case ended != nil && unsent(err):
		return 0, false, a.ended(ended)
	case ended != nil:
		return 0, false, a.noAnswer(&Error{Message: "ended before GitHub answered: " + ended.Error(), cause: ended})
	}
	if (unsent(err) && !untrusted(err) || a.effect.safe() && passing(err)) && a.troubles < maxTries-1 {
		if wait, again := a.backoff(a.wire.secrets.hide(err.Error())); again {
			return wait, true, nil
		}
	}
	e := &Error{Message: a.wire.secrets.hide(err.Error()), cause: err}
	if unsent(err) {
		e.Kind, e.Request = Unreachable, request(a.req)
		return 0, false, e.fault()
	}
	return 0, false, a.noAnswer(e)
}

// noAnswer is the fault of a request that was sent, and has no answer to go by.
func (a *attempt) noAnswer(e *Error) *fault.Fault {
	e.Kind, e.Request = unanswered(!a.effect.safe()), request(a.req)
	return e.fault()
}

// ended is the fault of a request that was not sent, or refused, before its context ended.
func (a *attempt) ended(err error) *fault.Fault {
	return (&Error{Kind: Unreachable, Request: request(a.req), Message: "ended before it was sent: " + err.Error(), cause: err}).fault()
}

// unsent reports whether certainly no part of a request reached the host.
func unsent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	connecting := errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
	return connecting || errors.As(err, &dns) || untrusted(err) || strings.Contains(err.Error(), "TLS handshake timeout")
}

// untrusted reports whether TLS did not come about, which another try does not change.
func untrusted(err error) bool {
	certificate, _ := errors.AsType[*tls.CertificateVerificationError](err)
	plain := tls.RecordHeaderError{}
	return certificate != nil || errors.As(err, &plain) || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
}

// passing reports whether a broken exchange may go well another time.
func passing(err error) bool {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return true
	}
	for _, broken := range []error{errSilent, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED} {
		if errors.Is(err, broken) {
			return true
		}
	}
	// net/http keeps these to itself: a stream of HTTP/2 that was reset, a connection that went away.
	for _, words := range []string{"http2:", "stream error", "server closed idle connection", "connection broken", "malformed HTTP"} {
		if strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}

// trouble reports whether an answer is GitHub's own trouble.
func (a *attempt) trouble(got *answer) bool {
	switch got.StatusCode {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	if !a.effect.graphQL() {
		return page(got)
	}
	if got.StatusCode >= 300 {
		return false
	}
	g, err := a.readGraphQL(got.body)
	return err != nil || g.troubled()
}

// page reports whether an answer that should be the API's is one for people: there
// is a proxy that wants something.
func page(got *answer) bool {
	return got.StatusCode < 300 && strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") && bytes.HasPrefix(bytes.TrimSpace(got.body), []byte("<"))
}

// status names an answer for the log.
func status(got *answer) string {
	if got.StatusCode == http.StatusOK {
		return "something went wrong there"
	}
	return got.Status
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow goes after a renamed repository, with method and body as they are, which
// net/http would not do. The wire goes to no other host.
func (a *attempt) follow(got *answer) error {
	to, err := a.url.Parse(got.Header.Get("Location"))
	if a.hops++; err != nil || got.Header.Get("Location") == "" || a.hops > maxHops {
		return (&Error{Request: request(a.req), Status: got.StatusCode, Message: "GitHub sends this request from place to place"}).fault()
	}
	a.url = to
	return nil
}

// elsewhere is the fault of a request that would take the token to a stranger.
func elsewhere(to *url.URL) *fault.Fault {
	e := &Error{Message: "the request would go to another host, " + fault.Plain(to.Scheme+"://"+to.Host, 200) + ", which the token is not for"}
	return fault.New("E_GITHUB_REFUSED", "name the repository as it is called now, and see that GITHUB_API_URL and GITHUB_GRAPHQL_URL are those of its GitHub", e)
}
