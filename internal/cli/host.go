package cli

import (
	"cmp"
	"io"
	"net/url"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/github"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/plan"
)

// host is the server of an infra repository, and how it is spoken to.
type host struct {
	api        bool   // through the API of GitHub, and not with git
	repository string // owner/name on this GitHub; "" where it is elsewhere
	place      string // names the repository to those who write for one another
	trust      trust
}

// hostOf decides how an infra repository is reached.
func (a *app) hostOf(remote git.Remote, by access) (host, error) {
	if err := by.lacks(); err != nil {
		return host{}, err
	}
	h := host{repository: repositoryOn(a.ServerURL, remote.URL), trust: by.trust}
	h.place = strings.ToLower(cmp.Or(h.repository, remote.String()))
	known := h.repository != "" && a.APIURL != "" && a.GraphQLURL != ""
	h.api = by.InfraVia == viaAPI || by.InfraVia == viaAuto && known && by.identified()
	switch {
	case !known && (h.api || by.AppID != ""):
		return host{}, a.noAPI(h.repository, remote)
	case a.InActions && known && by.InfraVia != viaGit && !by.identified():
		return host{}, fault.Newf("E_INPUT", "give `infra-token`, or `app-id` and `app-private-key`. "+hintEmpty+". Where git has credentials of its own, say `infra-via: git`",
			"neither infra-token nor app-id has a value, and nobody may write to %s", h.repository)
	case !h.api && by.InfraMode == string(plan.ModePullRequest) && len(by.given()) > 0:
		return host{}, fault.Newf("E_INPUT", "open the pull request yourself and leave them out, or write through the API: owner/name, and a token or an App",
			"git writes the branch of a pull request and opens none, which %s would be of", strings.Join(by.given(), ", "))
	}
	return h, nil
}

// hintEmpty is why an input may have no value although the workflow gives it one.
const hintEmpty = "A secret that does not exist is empty, and so is every secret in a run for a fork or Dependabot"

// noAPI is the fault of a repository whose API is not known.
func (a *app) noAPI(repository string, remote git.Remote) error {
	if repository != "" {
		return fault.Newf("E_INFRA_VIA", "set GITHUB_API_URL and GITHUB_GRAPHQL_URL as your server's workflows have them",
			"where the API of %s is, the environment does not say", a.ServerURL)
	}
	return fault.Newf("E_INFRA_VIA", "write owner/name; for another host use `infra-via: git` and its token",
		"%s is no repository of %s, where the API and the App are", remote, a.ServerURL)
}

// repositoryOn is owner/name of a repository of a server by its https URL; "" of
// every other one.
func repositoryOn(server, remote string) string {
	s, err := url.Parse(server)
	if err != nil {
		return ""
	}
	r, err := url.Parse(remote)
	if err != nil || r.Scheme != s.Scheme || !strings.EqualFold(r.Host, s.Host) || r.RawQuery+r.Fragment != "" {
		return ""
	}
	name := strings.TrimSuffix(strings.Trim(strings.TrimPrefix(r.Path, s.Path), "/"), ".git")
	if owner, repository, ok := strings.Cut(name, "/"); !ok || owner == "" || repository == "" || strings.Contains(repository, "/") {
		return ""
	}
	return name
}

var sshURL = pattern.New(`^(?:ssh://)?(?:[\w.-]+@)?([\w.-]+)(?::\d+/|[:/])([\w.-]+/[\w.-]+?)(?:\.git)?/?$`)

// pageOf is the page of a repository of a server, also where it is reached by ssh; ""
// of every other one.
func pageOf(server string, remote git.Remote) string {
	if name := repositoryOn(server, remote.URL); name != "" {
		return server + "/" + name
	}
	s, err := url.Parse(server)
	found := sshURL.FindStringSubmatch(remote.URL)
	if err != nil || found == nil || remote.Folder() != "" || !strings.EqualFold(found[1], s.Hostname()) {
		return ""
	}
	return server + "/" + found[2]
}

// client speaks to the API as somebody.
func (a *app) client(h host, who identity, log io.Writer) (*github.Client, error) {
	return github.New(github.Options{API: a.APIURL, GraphQL: a.GraphQLURL, Token: who.tokens, Roots: h.trust.roots, Log: log, Now: a.world.Now})
}
