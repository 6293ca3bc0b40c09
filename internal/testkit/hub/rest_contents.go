package hub

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"path"
	"strings"
)

// most is the size up to which the content of a file comes with its description.
const most = 1 << 20

func (c *call) fileJSON(p string, e entry, branch string) map[string]any {
	kind := map[string]string{kindBlob: "file", kindTree: "dir", kindCommit: "submodule"}[e.kind()]
	if e.mode == modeLink {
		kind = "symlink"
	}
	o, _ := c.repo.store.get(e.oid)
	size := len(o.data)
	if kind == "dir" {
		size = 0
	}
	return map[string]any{
		"type": kind, "name": path.Base(p), "path": p, "sha": e.oid, "size": size, "url": c.url("/contents/%s?ref=%s", p, branch),
		"git_url": c.url("/git/%ss/%s", e.kind(), e.oid), "html_url": c.repo.page("/blob/" + branch + "/" + p), "download_url": c.hub.URL + "/raw/" + c.repo.FullName() + "/" + branch + "/" + p,
		"_links": map[string]any{"self": c.url("/contents/%s?ref=%s", p, branch)},
	}
}

func (c *call) getContents() *answer {
	name := c.URL.Query().Get("ref")
	if name == "" {
		name = c.repo.defaultBranch()
	}
	k, ok := c.commitOf(name)
	if !ok {
		return failure(http.StatusNotFound, "No commit found for the ref "+name, "https://docs.github.com/v3/repos/contents/")
	}
	p := c.values["path"]
	e, ok := c.repo.store.find(k.tree, p)
	if !ok {
		return c.notFound()
	}
	if e.mode == modeTree {
		list := []map[string]any{}
		for _, child := range c.repo.store.tree(e.oid)[:min(1000, len(c.repo.store.tree(e.oid)))] {
			m := c.fileJSON(path.Join(p, child.name), child, name)
			if child.mode == modeSubmodule && version(c.request) == versions[0] {
				m["type"] = "file"
			}
			list = append(list, m)
		}
		return reply(http.StatusOK, list)
	}
	if e.mode == modeLink {
		target, _ := c.repo.store.get(e.oid)
		if to, ok := c.repo.store.find(k.tree, path.Join(path.Dir(p), string(target.data))); ok && to.kind() == kindBlob {
			e = to
		}
	}
	o, _ := c.repo.store.get(e.oid)
	if c.raw() {
		return bytesAnswer(o.data)
	}
	m := c.fileJSON(p, e, name)
	m["content"], m["encoding"] = lined(o.data), "base64"
	if len(o.data) > most {
		m["content"], m["encoding"] = "", "none"
	}
	return reply(http.StatusOK, m)
}

func (c *call) putContents() *answer {
	f, bad := c.form(field{"message", "string", true}, field{"content", "string", true}, field{"sha", "string", false}, field{"branch", "string", false},
		field{"author", "object", false}, field{"committer", "object", false})
	if bad != nil {
		return bad
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(f.text("content")), ""))
	if err != nil {
		return c.invalid("content is not valid Base64")
	}
	return c.writeContents(f, &entry{mode: modeFile, oid: c.repo.store.put(kindBlob, data)})
}

func (c *call) deleteContents() *answer {
	f, bad := c.form(field{"message", "string", true}, field{"sha", "string", true}, field{"branch", "string", false},
		field{"author", "object", false}, field{"committer", "object", false})
	if bad != nil {
		return bad
	}
	return c.writeContents(f, nil)
}

// writeContents puts a file on a branch, or takes it away.
func (c *call) writeContents(f form, e *entry) *answer {
	p := c.values["path"]
	branch := strings.TrimPrefix(f.text("branch"), "refs/heads/")
	if branch == "" {
		branch = c.repo.defaultBranch()
	}
	name := "refs/heads/" + branch
	tip := c.refs.get(name)
	parent, _ := c.repo.store.commit(tip)
	was, exists := c.repo.store.find(parent.tree, p)
	switch {
	case strings.HasPrefix(p, "/"):
		return c.invalid("path cannot start with a slash")
	case malformed(p):
		return c.invalid("path contains a malformed path component")
	case tip == "" && !c.repo.empty():
		return c.fail(http.StatusNotFound, "Branch "+branch+" not found")
	case !exists && e == nil:
		return c.notFound()
	case exists && !f.has("sha"):
		return c.invalid("Invalid request.\n\n\"sha\" wasn't supplied.")
	case exists && f.text("sha") != was.oid:
		return c.fail(http.StatusConflict, p+" does not match "+f.text("sha"))
	}
	changed := entry{}
	if e != nil {
		changed = *e
		if exists {
			changed.mode = was.mode
		}
	}
	k := commit{tree: c.repo.store.edit(parent.tree, map[string]entry{p: changed}), message: f.text("message")}
	if tip != "" {
		k.parents = []string{tip}
	}
	key, bad := c.sign(f, &k)
	if bad != nil {
		return bad
	}
	k.oid = c.repo.store.putCommit(k, key)
	return c.landContents(name, tip, exists, k, changed)
}

// landContents moves the branch to the commit of a file.
func (c *call) landContents(name, tip string, exists bool, k commit, e entry) *answer {
	if no := c.workflowRefusal(name, k.oid); no != nil {
		return no
	}
	if no := c.repo.guard(c.who.owner, change{name, tip, k.oid}); no != nil {
		return c.guardedContents(no, exists)
	}
	old := tip
	if old == "" {
		old = zero
	}
	if m, err := c.repo.move(change{name, old, k.oid}); err != nil {
		return c.fail(http.StatusConflict, fmt.Sprintf("is at %s but expected %s", m.now, m.expected))
	}
	k, _ = c.repo.store.commit(k.oid)
	m := map[string]any{"content": nil, "commit": c.gitCommitJSON(k)}
	status := http.StatusOK
	if e.mode != "" {
		m["content"] = c.fileJSON(c.values["path"], e, strings.TrimPrefix(name, "refs/heads/"))
		if !exists {
			status = http.StatusCreated
		}
	}
	return reply(status, m)
}

func (c *call) guardedContents(no *refused, exists bool) *answer {
	if no.ruleset {
		return reply(http.StatusConflict, map[string]any{"message": no.Error(), "documentation_url": c.page, "status": "409", "metadata": map[string]any{}})
	}
	what := "create"
	if c.Method == http.MethodDelete {
		what = "delete"
	} else if exists {
		what = "update"
	}
	return failure(http.StatusConflict, "Could not "+what+" file: "+no.Error(), pageProtected)
}
