package login

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/proxy"
)

// Checked is a login that a registry has taken.
type Checked struct {
	Host   string
	Auth   authn.AuthConfig
	Source string // where it comes from, in words
	Open   bool   // the registry asks nobody for a login, and would have taken any
}

// Check finds the login for a registry, or for a repository in one (ghcr.io,
// ghcr.io/acme/web), and asks the registry whether it takes it: GET /v2/ with a
// token of the registry, where it works with tokens, and nothing else. It fails
// where there is none, or it is refused, or where no registry answers. reach is how
// the registry at a host is reached: it tries again what is worth it, keeps the login
// from other hosts, and what it says in a fault is told as it is.
func (k *Keychain) Check(ctx context.Context, target string, reach func(host string) http.RoundTripper) (Checked, error) {
	host, _ := splitName(target)
	resource, registry, err := resourceOf(target)
	if err != nil {
		return Checked{}, fault.New("E_INPUT", "name a registry, or an image in it: ghcr.io, ghcr.io/acme/web", err)
	}
	auth, err := k.ResolveContext(ctx, resource)
	if err != nil {
		return Checked{}, err
	}
	if auth == authn.Anonymous {
		return Checked{}, fault.Newf("E_REGISTRY_AUTH", k.HowToGive(target)+". None was found in "+k.Source(target), "%s: there is no login for it", host)
	}
	config, err := authn.Authorization(ctx, auth)
	if err != nil {
		return Checked{}, fmt.Errorf("%s: %w", host, err)
	}
	at := &door{base: reach(registry.RegistryStr())}
	if err := shakeHands(ctx, registry, auth, at); err != nil {
		return Checked{}, k.explain(ctx, target, config.Username, err)
	}
	return Checked{Host: host, Auth: *config, Source: k.Source(target), Open: !at.locked.Load()}, nil
}

// resourceOf is a registry, or a repository in one, as go-containerregistry has them.
func resourceOf(target string) (authn.Resource, name.Registry, error) {
	host, path := splitName(target)
	registry, err := Registry(host)
	if err != nil || path == "" {
		return registry, registry, err
	}
	return registry.Repo(path), registry, nil
}

func shakeHands(ctx context.Context, registry name.Registry, auth authn.Authenticator, base http.RoundTripper) error {
	authenticated, err := transport.NewWithContext(ctx, registry, auth, base, nil)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+registry.RegistryStr()+"/v2/", nil)
	if err != nil {
		return err
	}
	response, err := authenticated.RoundTrip(request) // the scheme is that of the first answer
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return transport.CheckError(response, http.StatusOK)
}

// explain turns what came back into a fault that keeps the registry's own words.
func (k *Keychain) explain(ctx context.Context, target, user string, err error) error {
	host, _ := splitName(target)
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", host, context.Cause(ctx))
	}
	if known, done := errors.AsType[*fault.Fault](err); done { // of the credentials, or of what reaches the registry
		return known
	}
	code, hint := "E_REGISTRY_UNREACHABLE", unreached(err)
	answer, answered := errors.AsType[*transport.Error](err)
	switch {
	case distrusted(err): // at a loopback address it comes with the answer to a second try over plain http
		hint = "let the registry's certificate be trusted: name the authority in `ca-file`, or add it to the system"
	case strings.Contains(err.Error(), "invalid realm"):
		code, hint = "E_REGISTRY", "the registry sends its clients to another place for tokens, which no registry on the internet may be: correct its configuration"
	case answered:
		code, hint = k.refused(target, user, answer.StatusCode)
	}
	return fault.New(code, hint, fmt.Errorf("%s: %w", host, fault.WithoutQueries(err)))
}

// refused is the code for what a registry answers, and the hint.
func (k *Keychain) refused(target, user string, status int) (code, hint string) {
	host, _ := splitName(target)
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		hint := fmt.Sprintf("correct the login: that of %q in %s was refused", user, k.Source(target))
		if host == hub {
			hint += "; use an access token of the account, not its password"
		}
		return "E_REGISTRY_AUTH", hint
	case http.StatusTooManyRequests:
		return "E_REGISTRY_LIMIT", "wait and run again"
	case http.StatusNotFound:
		return "E_NO_REGISTRY", notThere(host)
	}
	return "E_REGISTRY", "the registry says why in its own words; whoever runs it can tell more"
}

func notThere(host string) string {
	return "no registry answers at " + host + ": check its name, and what a proxy or a page to log in at puts in its place"
}

func distrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var other x509.HostnameError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &other)
}

// unreached says what to look at where no registry answered.
func unreached(err error) string {
	if strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		return "this registry speaks plain http, which is used with loopback and private addresses only: give it a certificate"
	}
	return cmp.Or(proxy.Hint(err), "check the registry's host and port, the network, and HTTPS_PROXY")
}
