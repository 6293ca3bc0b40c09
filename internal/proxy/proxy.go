// Package proxy tells what a proxy of HTTP has against a connection, of which
// net/http says little: the words of a status, and not whose.
package proxy

import (
	"errors"
	"net"
	"net/http"
	"net/url"
)

// refusals are statuses with which proxies refuse to make a connection.
var refusals = []int{
	http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired,
	http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

// Hint is what helps where a proxy did not make the connection that a client of
// net/http asked for; "" where there is none, or it did.
func Hint(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "proxyconnect" {
		return "the proxy that HTTPS_PROXY names does not answer: correct it, or name the host in NO_PROXY"
	}
	switch refusal(err) {
	case 0:
		return ""
	case http.StatusProxyAuthRequired:
		return "the proxy that HTTPS_PROXY names wants a login: give it as http://USER:PASSWORD@HOST:PORT, or name the host in NO_PROXY"
	case http.StatusForbidden:
		return "the proxy that HTTPS_PROXY names does not allow this host: let it, or name the host in NO_PROXY"
	}
	return "the proxy that HTTPS_PROXY names cannot reach this host: check the host's name, or name it in NO_PROXY"
}

// Refuses reports whether a proxy does not let us through, or not to this host, which
// another try does not change.
func Refuses(err error) bool {
	status := refusal(err)
	return status == http.StatusProxyAuthRequired || status == http.StatusForbidden
}

// refusal is the status of a proxy's answer; 0 where there is none. Of that answer
// net/http keeps nothing but the status in words.
func refusal(err error) int {
	failed, ok := errors.AsType[*url.Error](err)
	if !ok {
		return 0
	}
	for _, status := range refusals {
		if failed.Err.Error() == http.StatusText(status) {
			return status
		}
	}
	return 0
}
