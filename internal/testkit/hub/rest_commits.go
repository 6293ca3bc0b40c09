package hub

import (
	"net/http"
	"strings"
	"time"
)

func stampJSON(s stamp) map[string]any {
	return map[string]any{"name": s.name, "email": s.email, "date": s.when.UTC().Format(time.RFC3339)}
}

func verification(signed bool) map[string]any {
	if !signed {
		return map[string]any{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil}
	}
	return map[string]any{"verified": true, "reason": "valid", "signature": "-----BEGIN PGP SIGNATURE-----\n…", "payload": "…", "verified_at": nil}
}

// gitCommitJSON is a commit as the Git database has it.
func (c *call) gitCommitJSON(k commit) map[string]any {
	parents := []map[string]any{}
	for _, p := range k.parents {
		parents = append(parents, map[string]any{"sha": p, "url": c.url("/git/commits/%s", p)})
	}
	return map[string]any{
		"sha": k.oid, "node_id": c.repo.objectID(k.oid), "url": c.url("/git/commits/%s", k.oid), "html_url": c.repo.page("/commit/" + k.oid),
		"author": stampJSON(k.author), "committer": stampJSON(k.committer), "message": k.message, "parents": parents,
		"tree":         map[string]any{"sha": k.tree, "url": c.url("/git/trees/%s", k.tree)},
		"verification": verification(k.signed(c.hub.key)),
	}
}

// page is an address for the browser.
func (r *Repo) page(path string) string { return r.hub.URL + "/" + r.FullName() + path }

func (c *call) getGitCommit() *answer {
	k, ok := c.repo.store.commit(c.values["sha"])
	switch {
	case c.repo.empty():
		return c.fail(http.StatusConflict, saysEmpty)
	case !isOID(c.values["sha"]):
		return c.badSHA("commit_sha")
	case !ok:
		return c.notFound()
	}
	return reply(http.StatusOK, c.gitCommitJSON(k))
}

func (c *call) postCommit() *answer {
	f, bad := c.form(field{"message", "string", true}, field{"tree", "string", true}, field{"parents", "array", false},
		field{"author", "object", false}, field{"committer", "object", false}, field{"signature", "string?", false})
	if bad != nil {
		return bad
	}
	k := commit{tree: f.text("tree"), parents: f.texts("parents"), message: f.text("message")}
	switch {
	case c.repo.empty():
		return c.fail(http.StatusConflict, saysEmpty)
	case !isOID(k.tree):
		return c.badSHA("tree")
	case c.repo.store.kind(k.tree) != kindTree:
		return c.invalid("Tree SHA does not exist")
	}
	for _, p := range k.parents {
		if c.repo.store.kind(p) != kindCommit {
			return c.invalid("Parent SHA does not exist or is not a commit object")
		}
	}
	key, bad := c.sign(f, &k)
	if bad != nil {
		return bad
	}
	k.oid = c.repo.store.putCommit(k, key)
	k, _ = c.repo.store.commit(k.oid)
	return reply(http.StatusCreated, c.gitCommitJSON(k))
}

// sign says who made a commit, and whether GitHub signs it: it does for Apps that
// leave both to it.
func (c *call) sign(f form, k *commit) ([]byte, *answer) {
	k.author = c.hub.stamp(c.who.owner)
	k.committer = k.author
	if c.who.integration() && !f.has("author") && !f.has("committer") {
		k.committer = c.hub.webFlow()
		return c.hub.key, nil
	}
	for _, one := range []struct {
		name string
		to   []*stamp
	}{{"author", []*stamp{&k.author, &k.committer}}, {"committer", []*stamp{&k.committer}}} {
		if !f.has(one.name) {
			continue
		}
		s, bad := c.person(f, one.name)
		if bad != nil {
			return nil, bad
		}
		for _, to := range one.to {
			*to = s
		}
	}
	k.signature = f.text("signature")
	return nil, nil
}

// person reads an author, committer or tagger.
func (c *call) person(f form, name string) (stamp, *answer) {
	given, _ := f[name].(map[string]any)
	text := func(key string) string { s, _ := given[key].(string); return s }
	s := stamp{text("name"), text("email"), c.hub.now()}
	for _, key := range []string{"name", "email"} {
		if text(key) == "" {
			return s, c.failed(map[string]any{"resource": name, "code": "missing_field", "field": key})
		}
	}
	if date := text("date"); date != "" {
		when, err := time.Parse(time.RFC3339, date)
		if err != nil {
			return s, c.invalid("Invalid request.\n\n" + date + " is not a valid date-time.")
		}
		s.when = when
	}
	return s, nil
}

// repoCommitJSON is a commit as the repository shows it.
func (c *call) repoCommitJSON(k commit) map[string]any {
	inner := c.gitCommitJSON(k)
	m := map[string]any{
		"sha": k.oid, "node_id": inner["node_id"], "url": c.url("/commits/%s", k.oid), "html_url": inner["html_url"],
		"author": c.personJSON(c.hub.byEmail(k.author.email)), "committer": c.personJSON(c.hub.byEmail(k.committer.email)), "parents": inner["parents"],
	}
	delete(inner, "parents")
	m["commit"] = inner
	return m
}

func (c *call) getCommit() *answer {
	k, ok := c.commitOf(c.values["ref"])
	switch {
	case c.repo.empty():
		return c.fail(http.StatusConflict, saysEmpty)
	case !ok:
		return c.invalid("No commit found for SHA: " + c.values["ref"])
	case strings.Contains(c.Header.Get("Accept"), ".sha"):
		return text(http.StatusOK, k.oid)
	}
	m := c.repoCommitJSON(k)
	parent := ""
	if len(k.parents) > 0 {
		p, _ := c.repo.store.commit(k.parents[0])
		parent = p.tree
	}
	m["files"] = c.changed(parent, k.tree)
	return reply(http.StatusOK, m)
}
