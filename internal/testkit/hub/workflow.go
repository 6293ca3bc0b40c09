package hub

import (
	"fmt"
	"net/http"
)

const workflows = ".github/workflows"

// workflowChange is a workflow that a commit changes and this token must not, ""
// where there is none. What counts is the difference from what the ref holds, and
// for a new one from where it leaves the default branch.
func (r *Repo) workflowChange(who *Token, name, oid string) string {
	if who == nil || who.may("workflows", "write") || !who.integration() && who.Kind != FineGrained {
		return ""
	}
	from := r.files.get(name)
	if from == "" {
		from = r.store.mergeBase(r.files.get("refs/heads/"+r.defaultBranch()), oid)
	}
	was, _ := r.store.peel(from)
	is, ok := r.store.peel(oid)
	if !ok {
		return ""
	}
	return r.workflowBetween(was.tree, is.tree)
}

// workflowBetween is the first workflow in which two trees differ.
func (r *Repo) workflowBetween(a, b string) string {
	before, _ := r.store.find(a, workflows)
	after, _ := r.store.find(b, workflows)
	if before.oid == after.oid {
		return ""
	}
	old, now := byName(r.store.tree(before.oid)), byName(r.store.tree(after.oid))
	for _, name := range append(sorted(now), sorted(old)...) {
		if old[name] != now[name] {
			return workflows + "/" + name
		}
	}
	return ""
}

func (t *Token) workflowWords(path string) string {
	if t.integration() {
		return fmt.Sprintf("refusing to allow a GitHub App to create or update workflow `%s` without `workflows` permission", path)
	}
	return fmt.Sprintf("refusing to allow a Personal Access Token to create or update workflow `%s` without `workflow` scope", path)
}

func (c *call) workflowRefusal(name, oid string) *answer {
	if path := c.repo.workflowChange(c.who, name, oid); path != "" {
		return c.fail(http.StatusForbidden, c.who.workflowWords(path))
	}
	return nil
}
