package hub

import (
	"net/http"
	"strconv"
)

func (c *call) getRepo() *answer {
	s := c.repo.settings
	m := map[string]any{
		"id": c.repo.id, "node_id": c.repo.nodeID(), "name": c.repo.Name, "full_name": c.repo.FullName(), "private": s.Private, "archived": s.Archived,
		"owner": c.ownerJSON(), "default_branch": c.repo.defaultBranch(), "url": c.url(""), "html_url": c.repo.page(""),
		"clone_url": c.repo.page(".git"), "size": 1, "fork": false, "disabled": false, "visibility": map[bool]string{false: "public", true: "private"}[s.Private],
	}
	if c.who != nil && c.who.covers(c.repo) {
		write := c.who.may("contents", "write")
		m["permissions"] = map[string]bool{"admin": c.who.may("administration", "write") && !c.who.integration(), "push": write, "pull": true}
		if write { // absent, not false, for who may not write
			m["allow_auto_merge"], m["delete_branch_on_merge"] = s.AutoMerge, s.DeleteBranchOnMerge
			m["allow_merge_commit"], m["allow_squash_merge"], m["allow_rebase_merge"] = s.merges("merge"), s.merges("squash"), s.merges("rebase")
		}
	}
	return reply(http.StatusOK, m)
}

func (c *call) ownerJSON() map[string]any {
	return map[string]any{"login": c.repo.Owner, "type": "Organization", "html_url": c.hub.URL + "/" + c.repo.Owner}
}

// personJSON is a user; nil where there is none.
func (c *call) personJSON(p *person) any {
	if p == nil {
		return nil
	}
	kind := "User"
	if p.bot() {
		kind = "Bot"
	}
	return map[string]any{"login": p.login, "id": p.id, "node_id": p.nodeID(), "type": kind, "site_admin": false, "url": c.hub.API + "/users/" + p.login, "html_url": c.hub.URL + "/" + p.login}
}

func (c *call) people(all []*person) []any {
	list := []any{}
	for _, p := range all {
		list = append(list, c.personJSON(p))
	}
	return list
}

func (c *call) getSelf() *answer {
	switch {
	case c.who == nil:
		return failure(http.StatusUnauthorized, "Requires authentication", docs)
	case c.who.integration():
		return c.fail(http.StatusForbidden, c.who.refusal())
	default:
		return reply(http.StatusOK, c.personJSON(c.who.owner))
	}
}

func (c *call) getUser() *answer {
	if p := c.hub.known(c.values["login"]); p != nil {
		return reply(http.StatusOK, c.personJSON(p))
	}
	return c.notFound()
}

func (c *call) getLimits() *answer {
	m := map[string]any{}
	for _, resource := range []string{"core", "graphql"} {
		b := c.hub.budget(c.who, resource)
		reset, _ := strconv.Atoi(strconv.FormatInt(b.reset.Unix(), 10))
		m[resource] = map[string]any{"limit": b.limit, "used": b.used, "remaining": b.remaining(), "reset": reset, "resource": resource}
	}
	body := map[string]any{"resources": m}
	if version(c.request) == versions[0] {
		body["rate"] = m["core"]
	}
	return reply(http.StatusOK, body)
}
