package registry

import (
	"cmp"
	"net/url"
	"strings"
)

// githubCom is the GitHub whose registry is ghcr.io.
const githubCom = "https://github.com"

// githubHint is what helps against a refused push at GitHub's registry, by its
// words and what is known of them.
func (s *session) githubHint(told, known string) string {
	switch {
	case strings.Contains(told, "installation not allowed to Create"):
		owner, _, _ := strings.Cut(s.image.Path(), "/")
		return known + ": " + s.github() + "/organizations/" + url.PathEscape(owner) + "/settings/packages"
	case strings.Contains(told, "does not match expected scopes"):
		return known
	case strings.Contains(told, "write_package"):
		return "link the package to this repository: " + s.packageAccess("Write")
	}
	return cmp.Or(known, hintPackages) + "; if it has that, link the package to this repository: " + s.packageAccess("Write")
}

// packageAccess names the page on which a package lets a repository in.
func (s *session) packageAccess(role string) string {
	owner, name, _ := strings.Cut(s.image.Path(), "/")
	return "add it under \"Manage Actions access\" with the role " + role + " at " +
		s.github() + "/orgs/" + url.PathEscape(owner) + "/packages/container/" + url.PathEscape(name) + "/settings" +
		" (users in the place of orgs, where a person owns it)"
}

// github is the address of the GitHub that the registry belongs to.
func (s *session) github() string {
	if s.ofServer() {
		return strings.TrimSuffix(s.server, "/")
	}
	if tenant, ok := strings.CutPrefix(s.image.Domain(), "containers."); ok {
		return "https://" + tenant
	}
	return githubCom
}

// ofServer reports whether the registry is that of the GitHub this run is of: a
// server has it at containers.HOST.
func (s *session) ofServer() bool {
	server, err := url.Parse(s.server)
	return err == nil && server.Host != "" && s.image.Domain() == "containers."+server.Host
}
