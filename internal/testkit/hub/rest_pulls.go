package hub

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (c *call) pullJSON(p *pull) map[string]any {
	end := func(branch, oid string) map[string]any {
		return map[string]any{"label": c.repo.Owner + ":" + branch, "ref": branch, "sha": oid, "user": c.ownerJSON(), "repo": map[string]any{"id": c.repo.id, "name": c.repo.Name, "full_name": c.repo.FullName()}}
	}
	m := map[string]any{
		"id": p.id, "node_id": p.nodeID(), "number": p.number, "state": strings.ToLower(p.state()), "title": p.title, "body": orNull(p.body), "draft": p.draft,
		"user": c.personJSON(p.author), "url": c.url("/pulls/%d", p.number), "html_url": p.page(), "issue_url": c.url("/issues/%d", p.number),
		"head": end(p.head, p.headOID), "base": end(p.base, p.baseOID), "labels": c.labelsJSON(p.labels), "assignees": c.people(p.assignees),
		"requested_reviewers": c.people(p.reviewers), "requested_teams": c.teamsJSON(p.teams), "created_at": moment(p.created), "updated_at": moment(p.updated),
		"closed_at": moment(p.closed), "merged_at": moment(p.mergedAt), "merge_commit_sha": orNull(p.merge), "auto_merge": c.autoJSON(p.auto), "locked": false,
	}
	if p.merged {
		m["state"] = "closed"
	}
	if version(c.request) != versions[0] {
		delete(m, "merge_commit_sha")
	}
	return m
}

func (p *pull) page() string { return p.repo.page(fmt.Sprintf("/pull/%d", p.number)) }

// wholePullJSON has what only a single pull request tells.
func (c *call) wholePullJSON(p *pull) map[string]any {
	m := c.pullJSON(p)
	m["merged"], m["merged_by"], m["comments"], m["maintainer_can_modify"] = p.merged, c.personJSON(p.mergedBy), len(p.comments), false
	m["mergeable"], m["mergeable_state"] = nil, "unknown"
	if p.open {
		m["mergeable"] = map[string]any{"MERGEABLE": true, "CONFLICTING": false}[p.mergeable()]
		m["mergeable_state"] = strings.ToLower(p.status())
		p.polls.Add(1)
	}
	return m
}

func (c *call) autoJSON(a *autoMerge) any {
	if a == nil {
		return nil
	}
	return map[string]any{"enabled_by": c.personJSON(a.by), "merge_method": a.method, "commit_title": a.headline, "commit_message": a.body}
}

func (c *call) teamsJSON(all []*team) []any {
	list := []any{}
	for _, t := range all {
		list = append(list, map[string]any{"id": t.id, "node_id": t.nodeID(), "slug": t.slug, "name": t.slug})
	}
	return list
}

// thePull is the pull request of the path, nil where there is none.
func (c *call) thePull() *pull {
	n, _ := strconv.Atoi(c.values["number"])
	return c.repo.pull(n)
}

func (c *call) getPull() *answer {
	p := c.thePull()
	if p == nil {
		return c.notFound()
	}
	return reply(http.StatusOK, c.wholePullJSON(p))
}

func (c *call) listPulls() *answer {
	query := c.URL.Query()
	state := query.Get("state")
	owner, branch, filtered := strings.Cut(query.Get("head"), ":") // without an owner it filters nothing
	list := []map[string]any{}
	for i := len(c.repo.pulls) - 1; i >= 0; i-- {
		p := c.repo.pulls[i]
		switch {
		case state != "all" && p.open == (state == "closed"):
		case filtered && (!strings.EqualFold(owner, c.repo.Owner) || branch != p.head):
		case query.Get("base") != "" && query.Get("base") != p.base:
		default:
			list = append(list, c.pullJSON(p))
		}
	}
	return paged(c, list)
}

// saysNoPulls is what GITHUB_TOKEN is told where it may open no pull requests.
const saysNoPulls = "GitHub Actions is not permitted to create or approve pull requests."

func (c *call) postPull() *answer {
	f, bad := c.form(field{"title", "string", true}, field{"head", "string", true}, field{"base", "string", true}, field{"body", "string?", false},
		field{"draft", "boolean", false}, field{"maintainer_can_modify", "boolean", false}, field{"head_repo", "string", false}, field{"issue", "integer", false})
	if bad != nil {
		return bad
	}
	if c.who.Kind == GitHubToken && c.repo.settings.NoPullsByActions {
		return c.fail(http.StatusForbidden, saysNoPulls)
	}
	d := draftPull{title: f.text("title"), body: f.text("body"), head: c.branch(f.text("head")), base: f.text("base"), draft: f.bool("draft")}
	custom := func(message string) *answer {
		return c.failed(map[string]any{"resource": "PullRequest", "code": "custom", "message": message})
	}
	invalid := func(name string) any {
		return map[string]any{"resource": "PullRequest", "field": name, "code": "invalid"}
	}
	switch c.repo.checkPull(d) {
	case noBaseNorHead:
		return c.failed(invalid("base"), invalid("head"))
	case noBase:
		return c.failed(invalid("base"))
	case noHead:
		return c.failed(invalid("head"))
	case pullExists:
		return custom(fmt.Sprintf("A pull request already exists for %s:%s.", c.repo.Owner, d.head))
	case noCommits:
		return custom(fmt.Sprintf("No commits between %s and %s", d.base, d.head))
	}
	if d.title == "" {
		return c.failed(map[string]any{"resource": "PullRequest", "field": "title", "code": "missing_field"})
	}
	p := c.repo.propose(d, c.who.owner)
	a := reply(http.StatusCreated, c.wholePullJSON(p))
	a.header.Set("Location", c.url("/pulls/%d", p.number))
	return a
}

// branch is a head without the owner of this repository.
func (c *call) branch(head string) string {
	return strings.TrimPrefix(head, c.repo.Owner+":")
}

func (c *call) patchPull() *answer {
	f, bad := c.form(field{"title", "string", false}, field{"body", "string?", false}, field{"state", "string", false}, field{"base", "string", false}, field{"maintainer_can_modify", "boolean", false})
	p := c.thePull()
	switch {
	case bad != nil:
		return bad
	case p == nil:
		return c.notFound()
	case f.has("title") && f.text("title") == "":
		return c.failed(map[string]any{"resource": "PullRequest", "field": "title", "code": "missing_field"})
	case f.has("base") && c.repo.files.get("refs/heads/"+f.text("base")) == "":
		return c.failed(map[string]any{"resource": "PullRequest", "field": "base", "code": "invalid", "message": fmt.Sprintf("Proposed base branch '%s' was not found", f.text("base"))})
	}
	if wrong := p.change(f); wrong != "" {
		return c.failed(map[string]any{"resource": "PullRequest", "code": "invalid", "field": "state", "message": wrong})
	}
	return reply(http.StatusOK, c.wholePullJSON(p))
}

// change applies what a client sent, and says what it cannot do.
func (p *pull) change(f form) string {
	now := p.repo.hub.now()
	if f.has("title") {
		p.title = f.text("title")
	}
	if f.has("body") {
		p.body = f.text("body")
	}
	if f.has("base") {
		p.base = f.text("base")
		p.baseOID = p.repo.files.get("refs/heads/" + p.base)
	}
	p.updated = now
	switch state := f.text("state"); {
	case state == "closed" && p.open:
		p.close(now)
	case state == "open" && !p.open && !p.reopen(now):
		return "state cannot be changed. The " + p.head + " branch was force-pushed or recreated."
	}
	return ""
}

func (c *call) postReviewers() *answer {
	f, bad := c.form(field{"reviewers", "array", false}, field{"team_reviewers", "array", false})
	p := c.thePull()
	switch {
	case bad != nil:
		return bad
	case p == nil:
		return c.notFound()
	}
	if wrong := p.ask(f.texts("reviewers"), f.texts("team_reviewers")); wrong != "" {
		return c.invalid(wrong)
	}
	return reply(http.StatusCreated, c.pullJSON(p))
}
