package hub

import (
	"net/http"
	"slices"
	"strings"
)

func (c *call) treeEntry(path string, e entry) map[string]any {
	m := map[string]any{"path": path, "mode": e.longMode(), "type": e.kind(), "sha": e.oid}
	switch e.kind() {
	case kindBlob:
		o, _ := c.repo.store.get(e.oid)
		m["size"], m["url"] = len(o.data), c.url("/git/blobs/%s", e.oid)
	case kindTree:
		m["url"] = c.url("/git/trees/%s", e.oid)
	}
	return m
}

// treeLimit is how many entries a recursive tree has at most.
const treeLimit = 100_000

func (c *call) getTree() *answer {
	oid := c.resolve(c.values["sha"])
	switch {
	case c.repo.empty():
		return c.fail(http.StatusConflict, saysEmpty)
	case c.repo.store.kind(oid) != kindTree || oid == emptyTree:
		return c.notFound()
	}
	limit := c.repo.settings.TreeLimit
	if limit == 0 {
		limit = treeLimit
	}
	var found []entry // whose names are whole paths
	truncated := false
	visit := func(path string, e entry) bool {
		if truncated = len(found) >= limit; !truncated {
			found = append(found, entry{e.mode, path, e.oid})
		}
		return !truncated
	}
	if c.URL.Query().Get("recursive") != "" { // any value is on, 0 too
		c.repo.store.walk(oid, "", visit)
	} else {
		found = c.repo.store.tree(oid)
	}
	return reply(http.StatusOK, map[string]any{"sha": oid, "url": c.url("/git/trees/%s", oid), "tree": c.treeEntries(found), "truncated": truncated})
}

func (c *call) treeEntries(found []entry) []map[string]any {
	var blobs []string // for their sizes
	for _, e := range found {
		if e.kind() == kindBlob {
			blobs = append(blobs, e.oid)
		}
	}
	c.repo.store.load(blobs)
	entries := make([]map[string]any, len(found))
	for i, e := range found {
		entries[i] = c.treeEntry(e.name, e)
	}
	return entries
}

// resolve is the tree of an id or a ref; anything else stays what it is.
func (c *call) resolve(name string) string {
	if commit, ok := c.commitOf(name); ok {
		return commit.tree
	}
	return name
}

func (c *call) commitOf(name string) (commit, bool) { return c.repo.commitOf(c.refs, name) }

// commitOf is the commit that an id, a branch, a tag or a ref names.
func (r *Repo) commitOf(refs reader, name string) (commit, bool) {
	if name == "HEAD" {
		name = r.defaultBranch()
	}
	for _, full := range []string{"refs/heads/" + name, "refs/tags/" + name, name, "refs/" + name} {
		if !strings.HasPrefix(full, "refs/") {
			continue
		}
		if oid := refs.get(full); oid != "" {
			return r.store.peel(oid)
		}
	}
	return r.store.peel(name)
}

// The words about new trees.
const (
	saysBaseTree  = "base_tree is not a valid tree oid"
	saysSlash     = "tree.path cannot start with a slash"
	saysPath      = "tree.path contains a malformed path component"
	saysMode      = "Must supply a valid tree.mode"
	saysEither    = "Must supply either tree.sha or tree.content. Request will be rejected if both are present."
	saysFolder    = "A subdirectory may not have content"
	saysBadObject = "GitRPC::BadObjectState"
)

func (c *call) postTree() *answer {
	f, bad := c.form(field{"base_tree", "string?", false}, field{"tree", "array", true})
	if bad != nil {
		return bad
	}
	base := f.text("base_tree")
	switch {
	case c.repo.empty():
		return c.fail(http.StatusConflict, saysEmpty)
	case f["base_tree"] != nil && c.repo.store.kind(base) != kindTree:
		return c.invalid(saysBaseTree)
	}
	changes := map[string]entry{}
	for _, one := range f.array("tree") {
		item, _ := one.(map[string]any)
		path, _ := item["path"].(string)
		e, wrong := c.newEntry(base, path, item)
		if wrong != "" {
			return c.invalid(wrong)
		}
		changes[path] = e
	}
	oid := c.repo.store.edit(base, changes)
	return reply(http.StatusCreated, map[string]any{"sha": oid, "url": c.url("/git/trees/%s", oid), "tree": c.treeEntries(c.repo.store.tree(oid)), "truncated": false})
}

// newEntry reads one element of a new tree, or says what is wrong with it.
func (c *call) newEntry(base, path string, item map[string]any) (entry, string) {
	mode, _ := item["mode"].(string)
	sha, hasSHA := item["sha"]
	content, hasContent := item["content"].(string) // null counts as absent
	switch {
	case strings.HasPrefix(path, "/"):
		return entry{}, saysSlash
	case malformed(path):
		return entry{}, saysPath
	case !slices.Contains([]string{modeFile, modeExecutable, "040000", modeSubmodule, modeLink}, mode):
		return entry{}, saysMode
	case hasSHA == hasContent:
		return entry{}, saysEither
	case mode == "040000" && hasContent:
		return entry{}, saysFolder
	}
	mode = strings.TrimPrefix(mode, "0")
	if hasContent {
		return entry{mode: mode, oid: c.repo.store.put(kindBlob, []byte(content))}, ""
	}
	oid, _ := sha.(string)
	if sha == nil {
		if was, ok := c.repo.store.find(base, path); !ok || base == "" || was.mode != mode {
			return entry{}, saysBadObject
		}
		return entry{}, ""
	}
	e := entry{mode: mode, oid: oid}
	if c.repo.store.kind(oid) != e.kind() && mode != modeSubmodule {
		return entry{}, "tree.sha " + oid + " is not a valid " + e.kind()
	}
	return e, ""
}

// malformed reports whether a path has a part that git does not take.
func malformed(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git") {
			return true
		}
	}
	return false
}
