package hub

import (
	"fmt"
	"net/http"
	"slices"
)

// issueJSON is the pull request as an issue.
func (c *call) issueJSON(p *pull) map[string]any {
	m := c.pullJSON(p)
	issue := map[string]any{"comments": len(p.comments), "pull_request": map[string]any{"url": m["url"], "html_url": m["html_url"], "merged_at": m["merged_at"]}}
	for _, key := range []string{"id", "node_id", "number", "state", "title", "body", "user", "html_url", "labels", "assignees", "created_at", "updated_at", "closed_at", "locked"} {
		issue[key] = m[key]
	}
	issue["url"] = c.url("/issues/%d", p.number)
	return issue
}

func (c *call) getIssue() *answer {
	p := c.thePull()
	if p == nil {
		return c.notFound()
	}
	return reply(http.StatusOK, c.issueJSON(p))
}

func (c *call) patchIssue() *answer {
	f, bad := c.form(field{"title", "string", false}, field{"body", "string?", false}, field{"state", "string", false}, field{"labels", "array", false}, field{"assignees", "array", false})
	p := c.thePull()
	switch {
	case bad != nil:
		return bad
	case p == nil:
		return c.notFound()
	}
	if long := tooLong(f.text("title"), f.text("body")); long != nil {
		return c.failed(long...)
	}
	if wrong := p.change(f); wrong != "" {
		return c.failed(map[string]any{"resource": "Issue", "code": "invalid", "field": "state", "message": wrong})
	}
	if f.has("labels") {
		p.labels = nil
		p.addLabels(f.texts("labels")...)
	}
	if f.has("assignees") {
		p.assignees = nil
		p.assign(f.texts("assignees"))
	}
	return reply(http.StatusOK, c.issueJSON(p))
}

// assign puts those on it who are known; nothing is said of others.
func (p *pull) assign(logins []string) {
	for _, login := range logins {
		if who := p.repo.hub.known(login); who != nil && !slices.Contains(p.assignees, who) {
			p.assignees = append(p.assignees, who)
		}
	}
}

// ask requests reviews, of all or of nobody.
func (p *pull) ask(logins, slugs []string) string {
	var people []*person
	var teams []*team
	for _, login := range logins {
		who := p.repo.hub.known(login)
		switch {
		case who == nil:
			return "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the " + p.repo.FullName() + " repository."
		case who == p.author:
			return "Review cannot be requested from pull request author."
		}
		people = append(people, who)
	}
	for _, slug := range slugs {
		t := p.repo.hub.knownTeam(p.repo.Owner, slug)
		if t == nil {
			return "Could not resolve to a node with the global id of '" + slug + "'."
		}
		teams = append(teams, t)
	}
	p.review(people, teams)
	return ""
}

func (p *pull) review(people []*person, teams []*team) {
	for _, who := range people {
		if !slices.Contains(p.reviewers, who) {
			p.reviewers = append(p.reviewers, who)
		}
	}
	for _, t := range teams {
		if !slices.Contains(p.teams, t) {
			p.teams = append(p.teams, t)
		}
	}
}

func (c *call) postAssignees() *answer {
	f, bad := c.form(field{"assignees", "array", false})
	p := c.thePull()
	switch {
	case bad != nil:
		return bad
	case p == nil:
		return c.notFound()
	}
	p.assign(f.texts("assignees"))
	return reply(http.StatusCreated, c.issueJSON(p))
}

func (c *call) commentJSON(p *pull, m *comment) map[string]any {
	return map[string]any{
		"id": m.id, "node_id": m.nodeID(), "body": m.body, "user": c.personJSON(m.author), "created_at": moment(m.when), "updated_at": moment(m.when),
		"url": c.url("/issues/comments/%d", m.id), "html_url": fmt.Sprintf("%s#issuecomment-%d", p.page(), m.id), "issue_url": c.url("/issues/%d", p.number),
	}
}

func (c *call) listComments() *answer {
	p := c.thePull()
	if p == nil {
		return c.notFound()
	}
	list := []map[string]any{}
	for _, m := range p.comments {
		list = append(list, c.commentJSON(p, m))
	}
	return paged(c, list)
}

func (c *call) postComment() *answer {
	f, bad := c.form(field{"body", "string", true})
	p := c.thePull()
	switch {
	case bad != nil:
		return bad
	case p == nil:
		return c.notFound()
	case graphTooLong("", f.text("body")) != nil:
		return c.failed(map[string]any{"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": graphTooLong("", f.text("body")).Error()})
	}
	return reply(http.StatusCreated, c.commentJSON(p, p.comment(f.text("body"), c.who.owner)))
}

func (p *pull) comment(body string, by *person) *comment {
	m := &comment{p.repo.hub.next(), body, by, p.repo.hub.now()}
	p.comments = append(p.comments, m)
	return m
}
