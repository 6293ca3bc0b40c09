package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/ecr"
	"github.com/seed-96940006/tagboat/internal/fault"
)

// resolver finds credentials for a registry, or authn.Anonymous.
type resolver = func(context.Context, authn.Resource) (authn.Authenticator, error)

var errNotAsked = errors.New("this command asks no cloud")

// fromAWS asks AWS. Where only AWS will do, having no credentials is an error; else
// the next place is asked, and also where what is open to everybody cannot be had
// with them.
func (k *Keychain) fromAWS(host string, only bool) resolver {
	return func(ctx context.Context, _ authn.Resource) (authn.Authenticator, error) {
		auth, err := k.cloud(ctx, host, k.askAWS(host), func(err error) bool {
			return errors.Is(err, errNotAsked) || k.options.NoCredentials(err) || !only && isPublicECR(host)
		})
		switch {
		case err != nil && isECR(host):
			return nil, err
		case err != nil: // names the host that was asked in its place
			return nil, fmt.Errorf("%s: %w", host, err)
		case only && auth == authn.Anonymous:
			return nil, fault.New("E_REGISTRY_AUTH", "give AWS credentials, such as `aws-role` and `permissions: id-token: write`, or a username and a password",
				fmt.Errorf("%s: registry-auth says that it is ECR's: %w", host, k.lacking(host)))
		}
		return auth, nil
	}
}

func (k *Keychain) askAWS(host string) asking {
	return func(ctx context.Context) (authn.Authenticator, time.Time, error) {
		if k.options.AWS == nil {
			return nil, time.Time{}, errNotAsked
		}
		at, err := k.atAWS(host)
		if err != nil {
			return nil, time.Time{}, err
		}
		user, password, expires, err := k.options.AWS.Token(ctx, at)
		return &authn.Basic{Username: user, Password: password}, expires, err
	}
}

// atAWS is the host of ECR whose token a host takes: its own, or, of a name that
// stands for one, any of the job's region, since a token is good for all of them.
func (k *Keychain) atAWS(host string) (string, error) {
	if isECR(host) {
		return host, nil
	}
	at := ecr.HostIn(cmp.Or(k.options.Getenv("AWS_REGION"), k.options.Getenv("AWS_DEFAULT_REGION")))
	if !isECR(at) {
		return "", fault.Newf("E_REGISTRY_AUTH", "set AWS_REGION to the region of the registry that it stands for", "registry-auth says that it is ECR's, and nothing says in which region")
	}
	return at, nil
}

// fromGoogle and fromAzure go on where their credentials are of no use, since much
// at these hosts is open to everybody; Source tells why.
func (k *Keychain) fromGoogle(host string) resolver {
	return func(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
		if k.options.Google != nil {
			return authn.Resolve(ctx, k.options.Google, target)
		}
		return k.cloud(ctx, host, askGoogle(k.options.Getenv), always)
	}
}

func (k *Keychain) fromAzure(host string) resolver {
	return func(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
		if k.options.Azure != nil {
			return authn.Resolve(ctx, k.options.Azure, target)
		}
		return k.cloud(ctx, host, askAzure(host, k.options.Now), always)
	}
}

func always(error) bool { return true }

// cloud gives a host's credentials, which renew themselves; authn.Anonymous where the
// cloud has none, as lacks says of its errors. That is found out once, by the first
// for all.
func (k *Keychain) cloud(ctx context.Context, host string, ask asking, lacks func(error) bool) (authn.Authenticator, error) {
	k.mu.Lock()
	r := k.renewing[host]
	if r == nil {
		r = &renewing{now: k.options.Now, ask: k.once(host, ask, lacks)}
		k.renewing[host] = r
	}
	k.mu.Unlock()
	_, err := r.AuthorizationContext(ctx)
	switch {
	case err == nil:
		return r, nil
	case k.lacking(host) != nil:
		return authn.Anonymous, nil
	}
	return nil, err
}

// once asks until the cloud is known to have nothing. One that has given something
// before is in trouble, and asked again.
func (k *Keychain) once(host string, ask asking, lacks func(error) bool) asking {
	given := false
	return func(ctx context.Context) (authn.Authenticator, time.Time, error) {
		if err := k.lacking(host); err != nil {
			return nil, time.Time{}, err
		}
		auth, expires, err := ask(ctx)
		given = given || err == nil
		if !given && lacks(err) {
			k.mu.Lock()
			k.empty[host] = err
			k.mu.Unlock()
		}
		return auth, expires, err
	}
}

// lacking is why a host's cloud gives nothing; nil where it does, or was not asked.
func (k *Keychain) lacking(host string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.empty[host]
}
