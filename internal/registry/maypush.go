package registry

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// MayPush reports whether a push to the repository would be let in, and fails as
// the push would: an upload is begun, and cancelled without a byte. It waits for
// answers for seconds only. A push that follows needs no greeting of its own, if the
// others that it goes to, and the one that it comes from, are told here.
func (c *Client) MayPush(ctx context.Context, repository ref.Repository, others ...ref.Repository) error {
	ctx = hastily(ctx)
	s, err := c.pushing(ctx, repository, siblings(repository, PushRequest{Repositories: others})...)
	if err != nil {
		return err
	}
	at := &url.URL{Scheme: s.repo.Scheme(), Host: s.repo.RegistryStr(), Path: "/v2/" + s.repo.RepositoryStr() + "/blobs/uploads/"}
	response, err := s.do(ctx, http.MethodPost, at)
	if err == nil {
		defer discard(response)
		err = transport.CheckError(response, http.StatusAccepted, http.StatusCreated)
	}
	if err != nil {
		c.forget(repository)
		return s.explain(ctx, err)
	}
	s.cancel(ctx, response)
	return nil
}

// cancel ends an upload that was begun. A registry that cannot forgets it by itself
// some day. Another host, such as that of a bucket, is told nothing.
func (s *session) cancel(ctx context.Context, begun *http.Response) {
	location, err := begun.Location()
	if err != nil || location.Host != s.repo.RegistryStr() {
		return
	}
	if response, err := s.do(ctx, http.MethodDelete, location); err == nil {
		discard(response)
	}
}

// do sends a request without a body, and goes where it is sent as an upload does.
func (s *session) do(ctx context.Context, method string, at *url.URL) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, at.String(), nil)
	if err != nil {
		return nil, err
	}
	return (&http.Client{Transport: s.transport, CheckRedirect: withinReach}).Do(request)
}

// withinReach lets no registry send us to an address of our own network by its
// number. An upload is not sent there either.
func withinReach(next *http.Request, before []*http.Request) error {
	from, to := before[0].URL.Hostname(), next.URL.Hostname()
	ip, err := netip.ParseAddr(to)
	if err == nil && from != to && (ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()) {
		return fmt.Errorf("a redirect from %q to the private address %q", from, to)
	}
	return nil
}
