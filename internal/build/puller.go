package build

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// puller asks for base images, and fetches them.
type puller struct {
	keychain authn.Keychain
	reach    func(host string) http.RoundTripper
	store    *store
	retry    retry
}

// logins are those for base images.
func (g *puller) logins() authn.Keychain {
	return cmp.Or[authn.Keychain](g.keychain, authn.DefaultKeychain)
}

// options are how the registry of an image is asked, with a login. Where something
// else reaches it for us, that tries again what is worth it.
func (g *puller) options(ctx context.Context, image name.Reference, login remote.Option) []remote.Option {
	all := []remote.Option{remote.WithContext(ctx), login}
	if g.reach == nil {
		return all
	}
	never := func(error) bool { return false }
	return append(all, remote.WithTransport(g.reach(image.Context().RegistryStr())),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}), remote.WithRetryPredicate(never))
}

// openly asks for an image with a login and, where that would have gone to another host
// than the registry's, without one: what is public is read all the same.
func (g *puller) openly(ctx context.Context, image name.Reference, login remote.Option, ask func(...remote.Option) error) error {
	err := ask(g.options(ctx, image, login)...)
	var kept interface{ Withheld() bool }
	if !errors.As(err, &kept) || !kept.Withheld() || ask(g.options(ctx, image, remote.WithAuth(authn.Anonymous))...) != nil {
		return err
	}
	return nil
}

// explaining is a keychain that says how a login for a registry, or for a repository
// in one, is given to it.
type explaining interface {
	HowToGive(target string) string
}

// howToLogIn is what gives a login for an image.
func (g *puller) howToLogIn(image, domain string) string {
	parsed, err := ref.ParseImage(image)
	if keychain, ok := g.keychain.(explaining); ok && err == nil {
		return keychain.HowToGive(parsed.Repository.String())
	}
	return "run `docker login " + domain + "` before"
}
