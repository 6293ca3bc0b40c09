package registry

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// At is how the registry at a host is reached by a client of go-containerregistry's
// that somebody else has: host is as its names have it (index.docker.io for Docker
// Hub), and the transport is for one login. What passes is tried again, an answer that
// does not come is not waited for, and a login stays with its registry; the client
// needs no tries of its own. What no registry should answer is a fault (E_NO_REGISTRY,
// E_REGISTRY).
func (c *Client) At(host string) http.RoundTripper {
	shown := host
	if host == name.DefaultRegistry {
		shown = "docker.io"
	}
	meter := c.meter(ref.Repository{})
	return outside{c.line(host, shown, meter, c.retry(shown)), shown}
}

// AtOnce is At where an answer that may be better later is worth no wait: nothing is
// tried again, and an answer has seconds to come.
func (c *Client) AtOnce(host string) http.RoundTripper { return hasty{c.At(host)} }

type hasty struct{ base http.RoundTripper }

// RoundTrip sends the request.
func (h hasty) RoundTrip(request *http.Request) (*http.Response, error) {
	return h.base.RoundTrip(request.WithContext(hastily(single(request.Context()))))
}

// line is what is between go-containerregistry and the network. shown is the
// registry's host for people.
func (c *Client) line(host, shown string, meter *meter, tries tries) http.RoundTripper {
	var t http.RoundTripper = wire{c.transport(), shown, meter, &c.limited, c.silence(), new(sync.Map)}
	t = newGuard(patient{t, tries, c.now}, host)
	return transport.NewUserAgent(noPages{t}, "tagboat")
}

// outside is the end of a line for those who do not know this package's errors.
type outside struct {
	base http.RoundTripper
	host string // for people
}

// RoundTrip makes faults of them.
func (o outside) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := o.base.RoundTrip(request)
	if page, ok := errors.AsType[*htmlPage](err); ok {
		return nil, fault.New("E_NO_REGISTRY", hintNoRegistry(o.host), fmt.Errorf("%s: %w", o.host, page))
	}
	if wrong, ok := errors.AsType[*astray](err); ok {
		return nil, fault.New("E_REGISTRY", wrong.hint, fmt.Errorf("%s: %w", o.host, wrong))
	}
	if err != nil {
		return nil, err
	}
	return titleOnly(response), nil
}

// titleOnly leaves of a page for people its title: nginx says with one that a password
// is wrong.
func titleOnly(response *http.Response) *http.Response {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode < 300 || kind != "text/html" {
		return response
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, longestPage))
	response.Body.Close()
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("<")) { // some registries call whatever they answer HTML
		text = []byte(titleOf(string(text)))
	}
	response.Body = io.NopCloser(bytes.NewReader(text))
	return response
}
