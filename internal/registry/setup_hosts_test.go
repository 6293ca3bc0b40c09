package registry_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/world"
)

// s3cret is the password of everybody in these tests.
const s3cret = "s3cret-of-one-registry"

// host is a registry under its real name.
type host struct {
	image   string // in it
	serves  []string
	options []testkit.RegistryOption
	user    string // "" is nobody
	failure *testkit.RegistryFailure
	as      world.Certificate
}

var (
	ecrName = "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com"
	hubs    = []string{"index.docker.io", "auth.docker.io"}
	right   = func(password string) (ok, expired bool) { return password == s3cret, false }
	expired = func(string) (ok, expired bool) { return false, true }
)

func atGHCR(g testkit.GHCR) host {
	return host{image: "ghcr.io/acme/team/web", user: "octocat", options: []testkit.RegistryOption{testkit.RegistryGHCR(g)}}
}

func atHub(h testkit.DockerHub) host {
	return host{image: "acme/web", serves: hubs, user: "acme", options: []testkit.RegistryOption{testkit.RegistryDockerHub(h)}}
}

func atECR(e testkit.ECR) host {
	return host{image: ecrName + "/web", user: "AWS", options: []testkit.RegistryOption{testkit.RegistryECR(e)}}
}

func at(options ...testkit.RegistryOption) host {
	return host{image: "registry.example/acme/web", options: options}
}

func (h host) fails(f testkit.RegistryFailure) host {
	h.failure = &f
	return h
}

func (h host) shows(c world.Certificate) host {
	h.as = c
	return h
}

func (h host) with(o testkit.RegistryOption) host {
	h.options = append(h.options, o)
	return h
}

func (h host) by(user string) host {
	h.user = user
	return h
}

func (h host) nobody() host { return h.by("") }

// open puts the registry into a world, and makes a client that has one login, for
// this registry. Whoever else is told the password fails the test.
func (h host) open(t *testing.T) (*world.World, *testkit.Registry, *registry.Client) {
	t.Helper()
	w, reg := world.New(t), testkit.NewRegistry(t, h.options...)
	if h.failure != nil {
		reg.Fail(*h.failure)
	}
	repo := repository(t, h.image)
	if len(h.serves) == 0 {
		h.serves = []string{repo.Domain()}
	}
	for _, name := range h.serves {
		w.HandleAs(name, h.as, reg)
	}
	w.Handle("storage.example", reg.Storage())
	w.Secret(s3cret, h.serves...)
	client := &registry.Client{
		Retry: atOnce, Transport: w.Transport(), Keychain: oneLogin{h.serves[0], h.user},
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	return w, reg, client
}

// oneLogin is a keychain with a login for one host.
type oneLogin struct{ host, user string }

func (o oneLogin) Resolve(at authn.Resource) (authn.Authenticator, error) {
	if o.user == "" || at.RegistryStr() != o.host {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(authn.AuthConfig{Username: o.user, Password: s3cret}), nil
}

func (oneLogin) Source(string) string { return "the test's keychain" }

// outcome is what a refused call is to say.
type outcome struct{ code, told, hint string }
