package hub

import (
	"fmt"
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

// textOrNull is null for a text that nobody gave.
func textOrNull(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

// endJSON is a branch of this repository as an end of a pull request.
func (c *call) endJSON(branch, oid string) map[string]any {
	return map[string]any{
		"label": c.repo.Owner + ":" + branch, "ref": branch, "sha": oid, "user": c.ownerJSON(),
		"repo": map[string]any{"id": c.repo.id, "name": c.repo.Name, "full_name": c.repo.FullName(), "fork": false},
	}
}

func (c *call) pullJSON(p *pull) map[string]any {
	m := map[string]any{
		"id": p.id, "node_id": p.nodeID(), "number": p.number, "state": strings.ToLower(p.state()), "title": p.title, "body": orNull(p.body), "draft": p.draft,
		"user": c.personJSON(p.author), "url": c.url("/pulls/%d", p.number), "html_url": p.page(), "issue_url": c.url("/issues/%d", p.number),
		"head": c.headJSON(p), "base": c.endJSON(p.base, p.baseOID), "labels": c.labelsJSON(p.labels), "assignees": c.people(p.assignees),
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
	return map[string]any{"enabled_by": c.personJSON(a.by), "merge_method": a.method, "commit_title": textOrNull(a.words.headline), "commit_message": textOrNull(a.words.body)}
}

func (c *call) teamsJSON(all []*team) []any {
	list := []any{}
	for _, t := range all {
		list = append(list, map[string]any{"id": t.id, "node_id": t.nodeID(), "slug": t.slug, "name": t.slug})
	}
	return list
}
