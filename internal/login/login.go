// Package login is who we are at each registry: it finds credentials for a
// registry's host by the inputs of the run, by the cloud that the host belongs to,
// and last of all in docker's configuration; and it writes such a configuration for
// other programs.
//
// A Keychain is one of go-containerregistry. It sends nothing to a registry but to
// check a login, and prints no password: those go to Options.Mask before anybody
// else sees them.
package login

import (
	"context"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
)

// Options are what a Keychain knows. The zero value knows docker's configuration,
// and the clouds that the environment has credentials for but AWS.
type Options struct {
	Auths []Auth // go before everything else

	HubUsername, HubToken string // of Docker Hub; both or none

	GitHubToken  string // for the registry of GitHubServer; "" leaves it to docker's configuration
	GitHubUser   string // the registry takes any; "" is tagboat
	GitHubServer string // GITHUB_SERVER_URL; "" is https://github.com

	AWS           AWS              // asked for ECR's hosts; nil leaves them to docker's configuration
	NoCredentials func(error) bool // says of an error of AWS that there are no credentials at all; nil: of none
	Google, Azure authn.Keychain   // asked for their hosts; nil are Application Default Credentials and gcloud, and AZURE_*
	Docker        authn.Keychain   // the last; nil is docker's configuration
	Getenv        func(string) string
	Mask          func(string)     // told every password before it is used; may be called by many at once
	Now           func() time.Time // nil is time.Now
}

// AWS gives credentials for a host of ECR: anew each time, what is given is kept
// here. It may be called by many at once.
type AWS interface {
	// Token is what the registry takes as user and password, and until when. An error
	// names the host.
	Token(ctx context.Context, host string) (user, password string, expires time.Time, err error)
}

// Keychain implements authn.Keychain and authn.ContextKeychain. It may be used by
// many at once.
type Keychain struct {
	options    Options
	gitHubHost string
	docker     authn.Keychain

	mu       sync.Mutex
	renewing map[string]*renewing // by host; those of the clouds
	empty    map[string]error     // hosts whose cloud gives nothing, and why
}

// New is a keychain. What the options hold in passwords is masked at once.
func New(o Options) *Keychain {
	if o.GitHubServer == "" {
		o.GitHubServer = "https://github.com"
	}
	if o.GitHubUser == "" {
		o.GitHubUser = "tagboat"
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.NoCredentials == nil {
		o.NoCredentials = func(error) bool { return false }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	k := &Keychain{
		options: o, gitHubHost: gitHubHost(o.GitHubServer), docker: o.Docker,
		renewing: map[string]*renewing{}, empty: map[string]error{},
	}
	if k.docker == nil {
		k.docker = authn.DefaultKeychain
	}
	for _, auth := range o.Auths {
		k.mask(&authn.AuthConfig{Username: auth.Username, Password: auth.Password})
	}
	k.mask(&authn.AuthConfig{Username: o.HubUsername, Password: o.HubToken})
	k.mask(&authn.AuthConfig{Username: o.GitHubUser, Password: o.GitHubToken})
	return k
}

// Resolve is ResolveContext without end.
func (k *Keychain) Resolve(target authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), target)
}

// ResolveContext finds the credentials for a registry, or for a repository in one;
// authn.Anonymous where there are none. They renew themselves where they end. It
// fails where the credentials that are to be used cannot be had.
func (k *Keychain) ResolveContext(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
	host, path := split(target)
	for _, way := range k.ways(host, path) {
		auth, err := way.resolve(ctx, target)
		if err != nil {
			return nil, err
		}
		if auth != authn.Anonymous {
			return masking{auth, k}, nil
		}
	}
	return authn.Anonymous, nil
}

// Expired says that the registry took the credentials for expired: the next request
// has new ones. Credentials that have only just been given stay: of many requests
// that meet the end of old ones, the first gets new ones for all.
func (k *Keychain) Expired(host string) {
	host = hostOf(host)
	k.mu.Lock()
	r := k.renewing[host]
	k.mu.Unlock()
	if r != nil {
		r.expire()
	}
}
