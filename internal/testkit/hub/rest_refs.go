package hub

import (
	"errors"
	"net/http"
	"strings"
)

// The words about refs.
const (
	saysEmpty      = "Git Repository is empty."
	saysRefExists  = "Reference already exists"
	saysRefMissing = "Reference does not exist"
	saysRefFailed  = "Reference update failed"
	saysNoObject   = "Object does not exist"
	saysNotForward = "Update is not a fast forward"
)

func (c *call) refJSON(r ref) map[string]any {
	kind := c.repo.store.kind(r.oid)
	return map[string]any{
		"ref": r.name, "node_id": c.repo.refID(r.name), "url": c.url("/git/%s", r.name),
		"object": map[string]any{"sha": r.oid, "type": kind, "url": c.url("/git/%ss/%s", kind, r.oid)},
	}
}

func (c *call) getRef() *answer {
	name := "refs/" + c.values["ref"]
	if oid := c.refs.get(name); oid != "" {
		return reply(http.StatusOK, c.refJSON(ref{name, oid}))
	}
	if len(c.refs.list("refs/heads/")) == 0 {
		return c.fail(http.StatusConflict, saysEmpty)
	}
	return c.notFound()
}

func (c *call) matchingRefs() *answer {
	all := []map[string]any{}
	for _, r := range c.refs.list("refs/" + c.values["ref"]) {
		all = append(all, c.refJSON(r))
	}
	return paged(c, all)
}

func (c *call) postRef() *answer {
	f, bad := c.form(field{"ref", "string", true}, field{"sha", "string", true})
	if bad != nil {
		return bad
	}
	name, oid := f.text("ref"), f.text("sha")
	switch {
	case c.repo.empty():
		return c.fail(http.StatusConflict, saysEmpty)
	case !strings.HasPrefix(name, "refs/"):
		return c.invalid("Reference name must start with 'refs/'.")
	case strings.Count(name, "/") < 2:
		return c.invalid("Reference name must contain at least three slash-separated components.")
	case !isOID(oid):
		return c.badSHA("sha")
	case c.repo.store.kind(oid) == "":
		return c.invalid(saysNoObject)
	case c.refs.get(name) != "":
		return c.invalid(saysRefExists)
	case strings.HasPrefix(name, "refs/heads/") && c.repo.store.kind(oid) != kindCommit, !validRef(name):
		return c.invalid(saysRefFailed)
	}
	if no := c.workflowRefusal(name, oid); no != nil {
		return no
	}
	if c.repo.guard(c.who.owner, change{name, zero, oid}) != nil {
		return c.invalid(saysRefFailed) // whatever the rule is, this is all that is said
	}
	if _, err := c.repo.move(change{name, zero, oid}); err != nil {
		return c.invalid(saysRefFailed)
	}
	a := reply(http.StatusCreated, c.refJSON(ref{name, oid}))
	a.header.Set("Location", c.url("/git/%s", name))
	return a
}

func (c *call) badSHA(name string) *answer {
	return c.invalid("The " + name + " parameter must be exactly 40 characters and contain only [0-9a-f].")
}

func (c *call) patchRef() *answer {
	f, bad := c.form(field{"sha", "string", true}, field{"force", "boolean", false})
	if bad != nil {
		return bad
	}
	name, oid := "refs/"+c.values["ref"], f.text("sha")
	now := c.refs.get(name)
	switch {
	case now == "":
		return c.invalid(saysRefMissing)
	case !isOID(oid):
		return c.badSHA("sha")
	case c.repo.store.kind(oid) == "":
		return c.invalid(saysNoObject)
	case strings.HasPrefix(name, "refs/heads/") && c.repo.store.kind(oid) != kindCommit:
		return c.invalid("Object is not a commit")
	case !f.bool("force") && !c.repo.store.descends(oid, now):
		return c.invalid(saysNotForward)
	}
	if no := c.workflowRefusal(name, oid); no != nil {
		return no
	}
	if no := c.repo.guard(c.who.owner, change{name, now, oid}); no != nil {
		return c.guarded(no, http.StatusUnprocessableEntity)
	}
	if _, err := c.repo.move(change{name, now, oid}); err != nil {
		return c.invalid(saysNotForward)
	}
	return reply(http.StatusOK, c.refJSON(ref{name, oid}))
}

// guarded is the answer where rules stand against a change.
func (c *call) guarded(no *refused, status int) *answer {
	if no.ruleset {
		return c.fail(status, no.Error())
	}
	return failure(status, no.Error(), pageProtected)
}

func (c *call) deleteRef() *answer {
	name := "refs/" + c.values["ref"]
	switch {
	case c.refs.get(name) == "":
		return c.invalid(saysRefMissing)
	case name == "refs/heads/"+c.repo.defaultBranch():
		return c.invalid("Cannot delete the default branch")
	}
	if no := c.repo.guard(c.who.owner, change{name, "", zero}); no != nil {
		return c.guarded(no, http.StatusUnprocessableEntity)
	}
	if _, err := c.repo.move(change{name, "", zero}); err != nil {
		return c.invalid(saysRefFailed)
	}
	return reply(http.StatusNoContent, nil)
}

// move writes refs that were checked, and lets the pull requests follow. It gives
// the ref that somebody else moved meanwhile, past the hub.
func (r *Repo) move(changes ...change) (moved, error) {
	r.hub.remember(r)
	err := r.files.update(changes...)
	if err != nil {
		m, _ := errors.AsType[moved](err)
		return m, err
	}
	r.settle(r.files)
	return moved{}, nil
}

// validRef reports whether git takes a name, by the rules of git check-ref-format.
func validRef(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return !strings.ContainsAny(name, " ~^:?*[\\\x7f") && !strings.Contains(name, "..") && !strings.Contains(name, "@{") &&
		!strings.HasSuffix(name, ".") && strings.IndexFunc(name, func(r rune) bool { return r < ' ' }) < 0
}
