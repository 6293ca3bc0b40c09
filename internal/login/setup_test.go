package login_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/seed-96940006/tagboat/internal/login"
)

// stored are logins by host, as docker's configuration or a helper has them.
type stored map[string]authn.AuthConfig

func (s stored) Resolve(target authn.Resource) (authn.Authenticator, error) {
	config, found := s[target.RegistryStr()]
	if !found {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(config), nil
}

// broken is a keychain whose helper fails.
type broken struct{}

func (broken) Resolve(authn.Resource) (authn.Authenticator, error) {
	return nil, errors.New("docker-credential-desktop: not found")
}

var errNone = errors.New("no credentials of AWS")

// cloud is AWS: its tokens are numbered.
type cloud struct {
	fails error
	life  time.Duration
	now   func() time.Time

	mu       sync.Mutex
	asked    []string
	entering chan struct{} // told of each Token, where there is one
	leaving  chan struct{} // waited for in each Token, where there is one
}

func (c *cloud) Token(ctx context.Context, host string) (user, password string, expires time.Time, err error) {
	if c.entering != nil {
		c.entering <- struct{}{}
		select {
		case <-c.leaving:
		case <-ctx.Done():
			return "", "", time.Time{}, ctx.Err()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, host)
	if c.fails != nil {
		return "", "", time.Time{}, c.fails
	}
	return "AWS", "token-" + string(rune('0'+len(c.asked))), c.now().Add(c.life), nil
}

// clock is a clock that is set by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func noCredentials(err error) bool { return errors.Is(err, errNone) }

// resource is an image's repository, or a registry.
func resource(t testing.TB, text string) authn.Resource {
	t.Helper()
	if registry, err := login.Registry(text); err == nil {
		return registry
	}
	repository, err := name.NewRepository(text)
	if err != nil {
		t.Fatal(err)
	}
	return repository
}

// resolved is "user:password" for a registry or repository; "" where nobody knows any.
func resolved(t testing.TB, k *login.Keychain, text string) (string, error) {
	t.Helper()
	auth, err := k.ResolveContext(t.Context(), resource(t, text))
	if err != nil || auth == authn.Anonymous {
		return "", err
	}
	config, err := authn.Authorization(t.Context(), auth)
	if err != nil {
		return "", err
	}
	return config.Username + ":" + config.Password + config.IdentityToken, nil
}
