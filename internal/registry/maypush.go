package registry

import (
	"context"
	"net/http"
	"net/url"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// MayPush reports whether a push to the repository would be let in, and fails as
// the push would: an upload is begun, and cancelled without a byte. A push that
// follows needs no greeting of its own.
func (c *Client) MayPush(ctx context.Context, repository ref.Repository) error {
	s, err := c.pushing(ctx, repository)
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
	if err != nil || location.Host != begun.Request.URL.Host {
		return
	}
	if response, err := s.do(ctx, http.MethodDelete, location); err == nil {
		discard(response)
	}
}

// do sends a request without a body.
func (s *session) do(ctx context.Context, method string, at *url.URL) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, at.String(), nil)
	if err != nil {
		return nil, err
	}
	return s.transport.RoundTrip(request)
}
