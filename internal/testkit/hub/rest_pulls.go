package hub

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

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
		case filtered && (!strings.EqualFold(owner, p.headOwner()) || branch != p.head):
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
	if long := tooLong(d.title, d.body); long != nil {
		return c.failed(long...)
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
	if long := tooLong(f.text("title"), f.text("body")); long != nil {
		return c.failed(long...)
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
