package login

import (
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/seed-96940006/tagboat/internal/ecr"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// hub is Docker Hub, which has a name for images, one for docker's configuration
// and one that answers.
const hub = "docker.io"

// hostOf gives every registry one name: lower case, without what a URL has around
// its host, and docker.io for all names of Docker Hub.
func hostOf(text string) string {
	host := strings.ToLower(text)
	for _, scheme := range []string{"https://", "http://"} {
		host = strings.TrimPrefix(host, scheme)
	}
	isURL := len(host) < len(text) || strings.HasSuffix(host, "/")
	host = strings.TrimSuffix(host, "/")
	for _, version := range []string{"/v1", "/v2"} { // as docker's configuration may have it
		if isURL { // else it is the name of a repository
			host = strings.TrimSuffix(host, version)
		}
	}
	switch host {
	case name.DefaultRegistry, "registry-1.docker.io":
		return hub
	}
	return host
}

// isHost reports whether images can name a registry so.
func isHost(host string) bool {
	if strings.ContainsAny(host, "/@") {
		return false
	}
	r, err := ref.ParseRepository(host + "/x/y")
	return err == nil && r.Domain() == host
}

// split takes a resource apart: its registry, and its path below that; "" where
// the resource is a whole registry.
func split(target authn.Resource) (host, path string) {
	registry := target.RegistryStr()
	path, below := strings.CutPrefix(target.String(), registry+"/")
	if !below {
		path = ""
	}
	return hostOf(registry), path
}

// configKey is what docker's configuration calls a registry.
func configKey(host string) string {
	if hostOf(host) == hub {
		return authn.DefaultAuthKey
	}
	return hostOf(host)
}

func isECR(host string) bool {
	_, ok := ecr.ParseHost(host)
	return ok
}

// isPublicECR reports whether everybody may pull at a host of ECR.
func isPublicECR(host string) bool {
	at, _ := ecr.ParseHost(host)
	return at.Public
}

func isGoogle(host string) bool {
	return host == "gcr.io" || strings.HasSuffix(host, ".gcr.io") || strings.HasSuffix(host, ".pkg.dev")
}

func isAzure(host string) bool {
	for _, cloud := range []string{".azurecr.io", ".azurecr.cn", ".azurecr.us", ".azurecr.de"} {
		if strings.HasSuffix(host, cloud) {
			return true
		}
	}
	return false
}

// gitHubHost is the registry that belongs to a GitHub server; "" where its address
// is none.
func gitHubHost(server string) string {
	u, err := url.Parse(server)
	switch {
	case err != nil || u.Hostname() == "":
		return ""
	case strings.EqualFold(u.Hostname(), "github.com"):
		return "ghcr.io"
	}
	return "containers." + strings.ToLower(u.Hostname())
}
