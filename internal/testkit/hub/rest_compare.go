package hub

import (
	"net/http"
	"slices"
	"strings"
)

// changed lists the files in which two trees differ.
func (c *call) changed(from, to string) []map[string]any {
	files := []map[string]any{}
	c.repo.store.diff(from, to, "", func(path string, was, is entry) {
		file := map[string]any{"filename": path, "status": "modified", "sha": is.oid}
		if was.mode == "" {
			file["status"] = "added"
		} else if is.mode == "" {
			file["status"], file["sha"] = "removed", was.oid
		}
		files = append(files, file)
	})
	return files
}

func (c *call) compare() *answer {
	from, to, ok := strings.Cut(c.values["basehead"], "...")
	base, okBase := c.commitOf(from)
	head, okHead := c.commitOf(to)
	if !ok || !okBase || !okHead {
		return c.notFound()
	}
	s := c.repo.store
	ahead, behind := s.history(head.oid, base.oid), s.history(base.oid, head.oid)
	status := "identical"
	switch {
	case len(ahead) > 0 && len(behind) > 0:
		status = "diverged"
	case len(ahead) > 0:
		status = "ahead"
	case len(behind) > 0:
		status = "behind"
	}
	common, ok := s.commit(s.mergeBase(base.oid, head.oid))
	if !ok {
		return c.fail(http.StatusNotFound, "No common ancestor between "+from+" and "+to+".")
	}
	commits := []map[string]any{}
	slices.Reverse(ahead)
	page, size := number(c.URL.Query(), "page", 1), number(c.URL.Query(), "per_page", 250)
	begin := min((page-1)*size, len(ahead))
	for _, k := range ahead[begin:min(begin+size, len(ahead))] {
		commits = append(commits, c.repoCommitJSON(k))
	}
	files := []map[string]any{}
	if page == 1 { // of no other one
		files = c.changed(common.tree, head.tree)
	}
	return reply(http.StatusOK, map[string]any{
		"status": status, "ahead_by": len(ahead), "behind_by": len(behind), "total_commits": len(ahead), "commits": commits,
		"base_commit": c.repoCommitJSON(base), "merge_base_commit": c.repoCommitJSON(common), "files": files,
	})
}
