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
	asked     []ref.Repository // others of the registry that it wanted to read
	also      []ref.Repository // those of them that it may
	user      string           // who the keychain says we are; may be empty with a token
	anonymous bool
	withheld  *astray       // why the login that there is was not given; nil where it was
	source    func() string // where credentials were looked for
	server    string        // of GitHub; "" is https://github.com
	noCreate  bool          // as that of Client
	meter     *meter
	tries     tries
	transport http.RoundTripper // authenticated; nil before the handshake
	options   []remote.Option
}

// open finds credentials for the repository and shakes hands with its registry.
// Blobs of the others can be mounted where one login may read them, too.
func (c *Client) open(ctx context.Context, image ref.Repository, scope scope, also ...ref.Repository) (*session, error) {
	repo, err := name.NewRepository(image.String(), name.StrictValidation)
	if err != nil {
		return nil, fault.New("E_IMAGE_NAME", "name a repository, such as ghcr.io/acme/web", fmt.Errorf("image %q: %w", image, err))
	}
	s := &session{image: image, repo: repo, scope: scope, asked: also, also: also, source: func() string { return c.source(image) }, server: c.Server, noCreate: c.NoCreate, meter: c.meter(image), tries: c.retry(image.String())}
	base := c.line(repo.RegistryStr(), image.Domain(), s.meter, s.tries)
	shake := func(ctx context.Context) (http.RoundTripper, error) {
		auth, err := s.identify(ctx, c.keychain())
		if err != nil {
			return nil, err
		}
		return s.enter(ctx, auth, base)
	}
	door, err := shake(ctx)
	if len(also) > 0 && s.narrower(err) && ctx.Err() == nil {
		s.also = nil // some token services refuse all where they refuse one
		door, err = shake(ctx)
	}
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	l := &login{host: repo.RegistryStr(), tries: s.tries, shake: shake, inner: door, turn: make(chan struct{}, 1)}
	if k, ok := c.keychain().(interface{ Expired(host string) }); ok {
		l.expired = func() { k.Expired(repo.RegistryStr()) }
	}
	if s.transport, err = s.asWrapper(accepting{l}); err != nil {
		return nil, s.explain(ctx, err)
	}
	// What may be tried again was tried again below.
	never := func(error) bool { return false }
	s.options = []remote.Option{remote.WithTransport(s.transport), remote.WithRetryBackoff(once), remote.WithRetryPredicate(never)}
	return s, nil
}

// enter shakes hands. A registry that sends its clients on to another host, which gets
// no login of ours, is read as nobody: k8s.gcr.io is such a one, for which those have
// a login who have one for all of gcr.io.
func (s *session) enter(ctx context.Context, auth authn.Authenticator, base http.RoundTripper) (http.RoundTripper, error) {
	door, err := transport.NewWithContext(ctx, s.repo.Registry, auth, base, s.scopes())
	wrong, ok := errors.AsType[*astray](err)
	if !ok || !wrong.withheld || s.scope != pulling {
		return door, err
	}
	open, failed := transport.NewWithContext(ctx, s.repo.Registry, authn.Anonymous, base, s.scopes())
	if failed != nil {
		return nil, err
	}
	if s.transport == nil { // the session is not shared yet
		s.tries.print(fmt.Sprintf("%s: %v: it is read without a login", s.image, wrong))
		s.anonymous, s.user, s.withheld = true, "", wrong
	}
	return open, nil
}

// narrower reports whether a login that was refused may be let in if it wants less.
// A password that is wrong is not sent twice: some registries count.
func (s *session) narrower(err error) bool {
	switch answered(err) {
	case http.StatusUnauthorized:
		return atLogin(err) && s.anonymous
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound:
		return atLogin(err)
	}
	return false
}

// once is no second try.
var once = remote.Backoff{Steps: 1}

// identify finds credentials. It runs again when those have expired.
func (s *session) identify(ctx context.Context, keychain authn.Keychain) (authn.Authenticator, error) {
	auth, err := authn.Resolve(ctx, keychain, s.repo)
	if err != nil {
		if _, known := errors.AsType[*fault.Fault](err); known {
			return nil, fmt.Errorf("%s: %w", s.image, err)
		}
		return nil, fault.New("E_REGISTRY_AUTH", "repair "+s.source()+", or the credential helper that it names",
			fmt.Errorf("%s: credentials: %w", s.image, err))
	}
	if s.transport == nil { // the session is not shared yet
		s.anonymous = auth == authn.Anonymous
		if who, err := authn.Authorization(ctx, auth); err == nil {
			s.user = who.Username
		}
	}
	return auth, nil
}

func (s *session) scopes() []string {
	all := []string{s.repo.Scope(string(s.scope))} // some registries look at the first alone
	for _, image := range s.also {
		if repo, err := name.NewRepository(image.String(), name.StrictValidation); err == nil && repo.RegistryStr() == s.repo.RegistryStr() {
			all = append(all, repo.Scope(string(pulling)))
		}
	}
	return all
}

// as is the session seen by somebody who does less: what is refused is explained
// as a refusal of that.
func (s *session) as(scope scope) *session {
	view := *s
	view.scope = scope
	return &view
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
