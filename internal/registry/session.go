package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// scope is what a session may do; registries issue tokens for it.
type scope string

const (
	pulling = scope(transport.PullScope)
	pushing = scope(transport.PushScope)
)

// session is one repository after the handshake: one ping and one token serve
// every request that follows.
type session struct {
	image     ref.Repository
	repo      name.Repository
	scope     scope
	user      string // who the keychain says we are; may be empty with a token
	anonymous bool
	source    string // where credentials were looked for
	meter     *meter
	tries     tries
	transport http.RoundTripper // authenticated; nil before the handshake
	options   []remote.Option
}

// open finds credentials for the repository and shakes hands with its registry.
func (c *Client) open(ctx context.Context, image ref.Repository, scope scope) (*session, error) {
	repo, err := name.NewRepository(image.String(), name.StrictValidation)
	if err != nil {
		return nil, fault.New("E_IMAGE_NAME", "name a repository, such as ghcr.io/acme/web", fmt.Errorf("image %q: %w", image, err))
	}
	s := &session{image: image, repo: repo, scope: scope, source: c.source()}
	auth, err := authn.Resolve(ctx, c.keychain(), repo)
	if err != nil {
		return nil, fault.New("E_REGISTRY_AUTH", "repair "+s.source+", or the credential helper that it names",
			fmt.Errorf("%s: credentials: %w", image, err))
	}
	s.anonymous = auth == authn.Anonymous
	if who, err := authn.Authorization(ctx, auth); err == nil {
		s.user = who.Username
	}
	s.meter = c.meter(image)
	s.tries = c.retry(image)
	base := transport.NewUserAgent(s.tries.wrap(s.meter), "tagboat")
	s.transport, err = transport.NewWithContext(ctx, repo.Registry, auth, base, []string{repo.Scope(string(scope))})
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	// An already authenticated transport is taken by go-containerregistry as it
	// is: no further ping, no second layer of retries.
	s.options = append(s.tries.options(), remote.WithTransport(s.transport))
	return s, nil
}

// digest asks what a tag or digest is; "" means that the registry does not have it.
// HEAD costs nothing at registries that count pulls; GET is the answer to those
// that send a HEAD without digest, or none at all.
func (s *session) digest(ctx context.Context, id string) (ref.Digest, error) {
	reference := s.reference(id)
	options := append(s.options[:len(s.options):len(s.options)], remote.WithContext(ctx))
	found, err := remote.Head(reference, options...)
	if err == nil {
		return ref.ParseDigest(found.Digest.String())
	}
	switch answered(err) {
	case http.StatusNotFound:
		return "", nil
	case 0, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		if failed, _ := unreachable(err); failed {
			return "", s.explain(ctx, err)
		}
	default:
		return "", s.explain(ctx, err)
	}
	got, err := remote.Get(reference, options...)
	if answered(err) == http.StatusNotFound {
		return "", nil
	}
	if err != nil {
		return "", s.explain(ctx, err)
	}
	return ref.ParseDigest(got.Digest.String())
}

// reference is a tag or digest of the repository.
func (s *session) reference(id string) name.Reference {
	if digest, err := ref.ParseDigest(id); err == nil {
		return s.repo.Digest(string(digest))
	}
	return s.repo.Tag(id)
}

func (s *session) missing(image ref.Image) error {
	return fault.Newf("E_IMAGE_MISSING", "push the image first, or correct its tag", "%s is not in the registry", image)
}

// answered is the HTTP status of a registry's refusal; 0 where there was no answer.
func answered(err error) int {
	if answer, ok := errors.AsType[*transport.Error](err); ok {
		return answer.StatusCode
	}
	return 0
}
