package hub

import "net/http"

func (c *call) putMerge() *answer {
	f, bad := c.form(field{"sha", "string", false}, field{"merge_method", "string", false}, field{"commit_title", "string", false}, field{"commit_message", "string", false})
	p := c.thePull()
	switch {
	case bad != nil:
		return bad
	case p == nil:
		return c.notFound()
	case p.merged:
		return reply(http.StatusOK, map[string]any{"sha": p.merge, "merged": true, "message": saysMergedWords})
	case f.has("sha") && !isOID(f.text("sha")):
		return c.badSHA("sha")
	}
	l := landing{method: f.text("merge_method"), words: mergeWords{f.given("commit_title"), f.given("commit_message")}, by: c.who.owner}
	if l.method == "" {
		l.method = "merge"
	}
	no := c.repo.tryMerge(p, f.text("sha"), l)
	if no == nil {
		return reply(http.StatusOK, map[string]any{"sha": p.merge, "merged": true, "message": saysMergedWords})
	}
	status := http.StatusMethodNotAllowed
	if no.Error() == saysHeadMoved {
		status = http.StatusConflict
	}
	if no.protected && !no.ruleset {
		return failure(status, no.Error(), pageProtected)
	}
	return c.fail(status, no.Error())
}

// noMerge is why a pull request is not merged.
type noMerge struct {
	words              string
	protected, ruleset bool
}

func (n *noMerge) Error() string { return n.words }

// tryMerge merges a pull request, open or closed, if its head is what was expected
// and nothing stands against it.
func (r *Repo) tryMerge(p *pull, expected string, l landing) *noMerge {
	refusal := map[string]string{"merge": "Merge commits are", "squash": "Squash merges are", "rebase": "Rebase merges are"}[l.method]
	switch {
	case p.draft:
		return &noMerge{words: saysStillDraft}
	case expected != "" && expected != p.headOID:
		return &noMerge{words: saysHeadMoved}
	case !r.settings.merges(l.method):
		return &noMerge{words: refusal + " not allowed on this repository."}
	}
	if no := r.guardMerge(l.by, p); no != nil {
		return &noMerge{words: no.Error(), protected: true, ruleset: no.ruleset}
	}
	r.hub.remember(r)
	if words := r.land(p, l); words != "" {
		return &noMerge{words: words}
	}
	return nil
}
