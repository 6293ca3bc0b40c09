package login

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// splitName takes the name of a registry or repository apart.
func splitName(text string) (host, path string) {
	host, path, _ = strings.Cut(text, "/")
	if whole := hostOf(text); isHost(whole) { // also of a URL
		return whole, ""
	}
	return hostOf(host), path
}

// Registry is a registry as go-containerregistry knows it, by any of its names.
func Registry(host string) (name.Registry, error) {
	if hostOf(host) == hub {
		return name.NewRegistry(name.DefaultRegistry)
	}
	return name.NewRegistry(hostOf(host), name.StrictValidation)
}

// dockerHasAnother reports whether docker's configuration has a login for the host
// that is not the job's token, as `tagboat login` may have written it.
func (k *Keychain) dockerHasAnother(host string) bool {
	registry, err := Registry(host)
	if err != nil {
		return false
	}
	auth, err := authn.Resolve(context.Background(), k.docker, registry)
	if err != nil || auth == authn.Anonymous {
		return false
	}
	config, err := auth.Authorization()
	return err == nil && config.Password != k.options.GitHubToken
}

// masking masks what another authenticator gives.
type masking struct {
	authn.Authenticator
	k *Keychain
}

// AuthorizationContext is asked for every request, or for every token of a registry.
func (m masking) AuthorizationContext(ctx context.Context) (*authn.AuthConfig, error) {
	config, err := authn.Authorization(ctx, m.Authenticator)
	if err == nil {
		m.k.mask(config)
	}
	return config, err
}

func (m masking) Authorization() (*authn.AuthConfig, error) {
	return m.AuthorizationContext(context.Background())
}

// mask hides what must not be seen, also in the form that docker's configuration
// and the header of a request have. User names, account ids among them, are shown:
// a masked word empties outputs that have it.
func (k *Keychain) mask(config *authn.AuthConfig) {
	if k.options.Mask == nil {
		return
	}
	for _, secret := range []string{config.Password, config.IdentityToken, config.RegistryToken, config.Auth, basic(config)} {
		if secret != "" {
			k.options.Mask(secret)
		}
	}
}

// basic is what user and password are on the wire; "" where they are none.
func basic(config *authn.AuthConfig) string {
	if config.Username == "" || config.Password == "" {
		return ""
	}
	return encoded(config.Username, config.Password)
}

func encoded(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}
