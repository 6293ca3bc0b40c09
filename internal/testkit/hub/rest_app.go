package hub

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// asApp is the App of a request, or the answer to one that is of none.
func (c *call) asApp() (*app, *answer) {
	token := bearer(c.Request)
	if token == "" {
		return nil, failure(http.StatusUnauthorized, saysNotDecoded, docs)
	}
	a, wrong := c.hub.byJWT(token)
	switch wrong {
	case "":
		return a, nil
	case saysNoApp:
		return nil, c.fail(http.StatusNotFound, wrong)
	default:
		return nil, failure(http.StatusUnauthorized, wrong, docs)
	}
}

func (c *call) getApp() *answer {
	a, no := c.asApp()
	if no != nil {
		return no
	}
	return reply(http.StatusOK, map[string]any{
		"id": a.ID, "client_id": a.ClientID, "slug": a.Slug, "name": a.Slug, "node_id": nodeID("A", itoa(a.ID)), "html_url": c.hub.URL + "/apps/" + a.Slug,
		"owner": map[string]any{"login": "acme", "type": "Organization"}, "events": []string{}, "permissions": map[string]string{},
	})
}

func (c *call) installationJSON(a *app, i Installation) map[string]any {
	selection := "selected"
	if i.Repos == nil {
		selection = "all"
	}
	m := map[string]any{
		"id": i.ID, "app_id": a.ID, "app_slug": a.Slug, "account": map[string]any{"login": i.Account, "type": "Organization"}, "target_type": "Organization",
		"repository_selection": selection, "permissions": i.Permissions, "events": []string{}, "suspended_at": nil, "suspended_by": nil,
		"access_tokens_url": c.hub.API + "/app/installations/" + itoa(i.ID) + "/access_tokens",
	}
	if i.Suspended {
		m["suspended_at"] = moment(c.hub.began)
	}
	return m
}

func (c *call) getInstallation() *answer {
	a, no := c.asApp()
	if no != nil {
		return no
	}
	if c.repo == nil {
		return c.notFound()
	}
	i, ok := a.on(c.repo)
	if !ok {
		return c.notFound()
	}
	return reply(http.StatusOK, c.installationJSON(a, i))
}

func (c *call) postAccessToken() *answer {
	a, no := c.asApp()
	if no != nil {
		return no
	}
	id, _ := strconv.Atoi(c.values["id"])
	var at Installation
	for _, i := range a.Installations {
		if i.ID == id {
			at = i
		}
	}
	f, bad := c.form(field{"repositories", "array", false}, field{"repository_ids", "array", false}, field{"permissions", "object", false})
	switch {
	case at.ID == 0:
		return c.notFound()
	case at.Suspended:
		return c.fail(http.StatusForbidden, "This installation has been suspended")
	case bad != nil:
		return bad
	}
	repos, ok := c.narrowed(at, f)
	if !ok {
		return c.invalid("There is at least one repository that does not exist or is not accessible to the parent installation.")
	}
	permissions := maps.Clone(at.Permissions)
	if asked, _ := f["permissions"].(map[string]any); len(asked) > 0 {
		permissions = map[string]string{}
		for name, access := range asked {
			permissions[name], _ = access.(string)
			if !at.grants(name, permissions[name]) {
				return c.invalid("The permissions requested are not granted to this installation.")
			}
		}
	}
	return c.mint(a, at, repos, permissions)
}

// narrowed are the repositories that a token is asked for; nil is all.
func (c *call) narrowed(at Installation, f form) ([]*Repo, bool) {
	var repos []*Repo
	for _, name := range f.texts("repositories") {
		r := c.hub.repos[strings.ToLower(at.Account+"/"+name)]
		if r == nil || !at.has(r) {
			return nil, false
		}
		repos = append(repos, r)
	}
	for _, number := range f.array("repository_ids") {
		n, _ := number.(float64)
		r := c.hub.numbered(int(n), true)
		if r == nil || !at.has(r) {
			return nil, false
		}
		repos = append(repos, r)
	}
	return repos, true
}

func (c *call) mint(a *app, at Installation, repos []*Repo, permissions map[string]string) *answer {
	expires := c.hub.now().Add(time.Hour)
	if permissions == nil {
		permissions = map[string]string{}
	}
	permissions["metadata"] = "read"
	t := Token{Kind: AppToken, Login: a.Slug + "[bot]", Permissions: permissions, Expires: expires, notYet: a.NotYet, Repos: []string{}}
	body := map[string]any{"expires_at": moment(expires), "permissions": permissions, "repository_selection": "all"}
	list := []map[string]any{}
	for _, r := range repos {
		t.Repos = append(t.Repos, r.FullName())
		list = append(list, map[string]any{"id": r.id, "name": r.Name, "full_name": r.FullName(), "private": r.settings.Private})
	}
	if len(repos) > 0 || at.Repos != nil {
		body["repository_selection"] = "selected"
		body["repositories"] = list
	}
	if len(repos) == 0 {
		t.Repos = c.all(at)
	}
	body["token"] = c.hub.addToken(t).Value
	return reply(http.StatusCreated, body)
}

// all are the names of an installation's repositories.
func (c *call) all(at Installation) []string {
	names := []string{}
	for _, r := range c.hub.repos {
		if at.has(r) {
			names = append(names, r.FullName())
		}
	}
	return names
}

func (c *call) deleteToken() *answer {
	switch {
	case c.who == nil:
		return failure(http.StatusUnauthorized, "Requires authentication", docs)
	case !c.who.integration():
		return c.fail(http.StatusForbidden, "You must authenticate with an installation access token in order to access this endpoint.")
	}
	delete(c.hub.tokens, c.who.Value)
	return reply(http.StatusNoContent, nil)
}
