// Package ecr is Amazon ECR: its hosts, the tokens to log in with, and repositories
// that are made when they are missing.
//
// It owns what is asked of AWS itself, through the AWS SDK: who we are, by a role of
// GitHub's OIDC or by what the SDK finds, and the interface of ECR. It never speaks
// to a registry, and writes no credentials anywhere.
package ecr

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Options say who to be at AWS. The zero value is who the AWS SDK finds: keys in the
// environment, a profile, SSO, a container's or an instance's role.
type Options struct {
	// Role is the ARN of a role to assume: by the job's OIDC token where IDToken is
	// set, else with the credentials that the SDK finds.
	Role        string
	Audience    string        // of the OIDC token; "" is sts.amazonaws.com
	SessionName string        // as CloudTrail shows it; "" is made of the token's repository and run
	Duration    time.Duration // of the role's session, 15 m to 12 h; 0 is an hour
	Region      string        // of STS for public.ecr.aws; "" is us-east-1. Other hosts tell theirs

	// IDToken has the OIDC token of the job made; nil where there is none.
	IDToken func(ctx context.Context, audience string) (string, error)

	HTTP         *http.Client                // asks ECR and STS; nil is the SDK's, which honours HTTPS_PROXY and AWS_CA_BUNDLE
	InstanceWait time.Duration               // for the metadata of an instance, which may not be there; 0 is a second
	Log          func(line string)           // what is tried again, for people; nil discards
	Now          func() time.Time            // nil is time.Now
	Tries        int                         // of one request; 0 is 6
	Backoff      func(try int) time.Duration // before the next try, the first is 1; nil is 0.5 s, doubled each time, with jitter
}

// Client asks AWS. It may be used by many goroutines: those that need the same
// credentials of AWS have them made once, and share what comes.
type Client struct {
	options Options

	mu       sync.Mutex
	sessions map[place]*session
}

// place is what decides which of AWS's hosts are asked.
type place struct {
	region          string
	public          bool
	fips, dualStack bool
}

// New is a client that asks nothing before it is used.
func New(o Options) *Client {
	return &Client{options: o.complete(), sessions: map[place]*session{}}
}

// Token is a new login of the registry at a host, and when it ends. Whoever wants it
// again keeps it.
//
// An error wraps ErrNoCredentials where no credentials were found at all, so that
// another source of logins can be asked. Otherwise it is a fault: E_AWS_AUTH,
// E_AWS_ROLE, E_REGISTRY_LIMIT, E_REGISTRY_UNREACHABLE or E_REGISTRY.
func (c *Client) Token(ctx context.Context, host string) (user, password string, expires time.Time, err error) {
	s, err := c.session(host)
	if err != nil {
		return "", "", time.Time{}, err
	}
	got, err := s.login(ctx)
	if err != nil {
		return "", "", time.Time{}, s.explain(ctx, host, err)
	}
	return got.user, got.password, got.expires, nil
}

// session is the one of the host's place.
func (c *Client) session(host string) (*session, error) {
	r, ok := ParseHost(host)
	if !ok {
		return nil, fmt.Errorf("%s is no host of Amazon ECR", host)
	}
	if err := c.options.suits(r); err != nil {
		return nil, err
	}
	at := place{region: r.Region, public: r.Public, fips: r.FIPS, dualStack: r.DualStack}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sessions[at] == nil {
		c.sessions[at] = &session{Options: c.options, at: at}
	}
	return c.sessions[at], nil
}
