package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

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
		err := errNotAsked
		if k.options.AWS != nil {
			var r *renewing
			if r, err = k.cloud(ctx, host, k.askAWS(host)); r != nil {
				return r, nil
			}
		}
		none := errors.Is(err, errNotAsked) || k.options.NoCredentials(err)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case only && none:
			return nil, fault.New("E_REGISTRY_AUTH", "give AWS credentials, such as `aws-role` and `permissions: id-token: write`, or a username and a password",
				fmt.Errorf("%s: registry-auth says that it is ECR's: %w", host, err))
		case !only && (none || host == publicECR):
			return k.without(host, err), nil
		}
		return nil, fmt.Errorf("%s: %w", host, err)
	}
}

func (k *Keychain) askAWS(host string) asking {
	return func(ctx context.Context) (authn.AuthConfig, time.Time, error) {
		at, err := k.atAWS(host)
		if err != nil {
			return authn.AuthConfig{}, time.Time{}, err
		}
		user, password, expires, err := k.options.AWS.Token(ctx, at)
		return authn.AuthConfig{Username: user, Password: password}, expires, err
	}
}

// atAWS is the host of ECR whose token a host takes: its own, or, of a name that
// stands for one, any of the job's region, since a token is good for all of them.
func (k *Keychain) atAWS(host string) (string, error) {
	if isECR(host) {
		return host, nil
	}
	region := cmp.Or(k.options.Getenv("AWS_REGION"), k.options.Getenv("AWS_DEFAULT_REGION"))
	cloud := "amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		cloud += ".cn"
	}
	at := "000000000000.dkr.ecr." + region + "." + cloud
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
		return k.fallingThrough(ctx, host, askGoogle(k.options.Getenv, k.options.Now))
	}
}

func (k *Keychain) fromAzure(host string) resolver {
	return func(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
		if k.options.Azure != nil {
			return authn.Resolve(ctx, k.options.Azure, target)
		}
		return k.fallingThrough(ctx, host, askAzure(host, k.options.Now))
	}
}

func (k *Keychain) fallingThrough(ctx context.Context, host string, ask asking) (authn.Authenticator, error) {
	r, err := k.cloud(ctx, host, ask)
	switch {
	case r != nil:
		return r, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return k.without(host, err), nil
}

// cloud asks for a host's credentials, unless they are there, or it is known that
// there are none.
func (k *Keychain) cloud(ctx context.Context, host string, ask asking) (*renewing, error) {
	k.mu.Lock()
	empty, r := k.empty[host], k.renewing[host]
	if r == nil {
		r = newRenewing(k.options.Now, func(ctx context.Context) (authn.AuthConfig, time.Time, error) {
			config, expires, err := ask(ctx)
			if err == nil {
				k.mask(&config)
			}
			return config, expires, err
		})
		k.renewing[host] = r
	}
	k.mu.Unlock()
	if empty != nil {
		return nil, empty
	}
	if _, err := r.AuthorizationContext(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// without remembers that a host's cloud gives nothing.
func (k *Keychain) without(host string, why error) authn.Authenticator {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.empty[host] = why
	return authn.Anonymous
}
