package login

import (
	"context"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// way is one place that may know credentials.
type way struct {
	source string // in words, for hints
	from   place
	// resolve gives authn.Anonymous where the next place is to be asked.
	resolve func(context.Context, authn.Resource) (authn.Authenticator, error)
}

type place int

const (
	fromInput place = iota
	fromJob
	fromCloud
	fromDocker
)

const dockerSource = "docker's config.json (in $DOCKER_CONFIG, else ~/.docker)"

// ways are the places that are asked for a registry, or for a repository below it,
// in their order.
func (k *Keychain) ways(host, path string) []way {
	var all []way
	o := k.options
	if auth, found := k.given(host, path); found && auth.ECR {
		return []way{{"AWS, as input registry-auth says", fromCloud, k.fromAWS(host, true)}}
	} else if found {
		all = append(all, fixed("input registry-auth", fromInput, auth.Username, auth.Password))
	}
	if host == hub && o.HubUsername != "" && o.HubToken != "" {
		all = append(all, fixed("inputs dockerhub-username and dockerhub-token", fromInput, o.HubUsername, o.HubToken))
	}
	if host == k.gitHubHost && host != "" && o.GitHubToken != "" {
		all = append(all, fixed("the job's token", fromJob, o.GitHubUser, o.GitHubToken))
	}
	switch {
	case isECR(host) && o.AWS != nil:
		all = append(all, way{"AWS", fromCloud, k.fromAWS(host, false)})
	case isGoogle(host) && (o.Google != nil || googleSigns(o.Getenv)):
		all = append(all, way{"Google's credentials", fromCloud, k.fromGoogle(host)})
	case isAzure(host) && (o.Azure != nil || azureSigns(o.Getenv)):
		all = append(all, way{"Azure's credentials (AZURE_*)", fromCloud, k.fromAzure(host)})
	}
	return append(all, way{dockerSource, fromDocker, k.fromDocker})
}

// given is the entry of registry-auth for a repository, of those with a password the
// one with the longest scope.
func (k *Keychain) given(host, path string) (best Auth, found bool) {
	for _, auth := range k.options.Auths {
		if !auth.Empty() && auth.covers(host, path) && (!found || len(auth.Scope) > len(best.Scope)) {
			best, found = auth, true
		}
	}
	return best, found
}

// emptied is the input for a repository that was given without its password; "" where
// there is none.
func (k *Keychain) emptied(host, path string) string {
	if _, found := k.given(host, path); found {
		return ""
	}
	for _, auth := range k.options.Auths {
		if auth.Empty() && auth.covers(host, path) {
			return "the password of registry-auth for " + host
		}
	}
	if host == hub && k.options.HubUsername != "" && k.options.HubToken == "" {
		return "dockerhub-token"
	}
	return ""
}

// fixed are credentials that do not change.
func fixed(source string, from place, user, password string) way {
	return way{source, from, func(context.Context, authn.Resource) (authn.Authenticator, error) {
		return &authn.Basic{Username: user, Password: password}, nil
	}}
}

func (k *Keychain) fromDocker(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
	auth, err := authn.Resolve(ctx, k.docker, target)
	if err != nil {
		return nil, fault.New("E_REGISTRY_AUTH", "repair "+dockerSource+", or the credential helper that it names; or give the login as `registry-auth`", err)
	}
	return auth, nil
}

// Source says where the credentials for a registry, or for a repository in one,
// come from, in words that fit behind "those in" or "none in".
func (k *Keychain) Source(name string) string {
	host, path := splitName(name)
	if input := k.emptied(host, path); input != "" {
		return k.source(host, path) + "; " + input + " is empty: " + emptySecret
	}
	return k.source(host, path)
}

func (k *Keychain) source(host, path string) string {
	empty := k.lacking(host)
	ways := k.ways(host, path)
	first := ways[0]
	switch {
	case first.from == fromCloud && empty != nil && len(ways) > 1:
		return ways[1].source + "; " + first.source + " gave none: " + empty.Error()
	case first.from == fromJob && k.dockerHasAnother(host):
		return first.source + " (docker's configuration has another login for " + host + ": give it as `registry-auth` to use it)"
	case first.from == fromDocker && host == k.gitHubHost:
		return first.source + "; the job's token was not given"
	}
	return first.source
}
