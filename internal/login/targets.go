package login

import "github.com/google/go-containerregistry/pkg/authn"

// Target is a registry, or a repository in one, as a Keychain is asked about it,
// and its host as docker's configuration names it.
func Target(text string) (resource authn.Resource, host string, err error) {
	resource, _, err = resourceOf(text)
	host, _ = splitName(text)
	return resource, host, err
}

// Hosts are the registries that the inputs have a login for by themselves, and of a
// login with a scope the path of its repositories: all but those of clouds, which
// cannot be listed, and of docker's configuration.
func (k *Keychain) Hosts() (hosts []string) {
	var scoped []string
	for _, auth := range k.options.Auths {
		if auth.Empty() {
			continue
		}
		if auth.Scope != "" {
			scoped = append(scoped, auth.Host+"/"+auth.Scope)
			continue
		}
		hosts = append(hosts, auth.Host)
	}
	if k.options.HubToken != "" {
		hosts = append(hosts, hub)
	}
	if k.options.GitHubToken != "" {
		hosts = append(hosts, k.gitHubHost)
	}
	return append(hosts, scoped...)
}
