package hub

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/seed-96940006/tagboat/internal/run"
)

// landing is how a pull request is merged.
type landing struct {
	method string // merge, squash, rebase
	words  mergeWords
	by     *person
}

// The words for pull requests that cannot be merged.
const (
	saysConflict    = "Pull Request is not mergeable"
	saysBaseMoved   = "Base branch was modified. Review and try the merge again."
	saysHeadMoved   = "Head branch was modified. Review and try the merge again."
	saysStillDraft  = "Pull Request is still a draft"
	saysMergedWords = "Pull Request successfully merged"
)

// land merges a pull request and gives the reason where it cannot.
func (r *Repo) land(p *pull, l landing) string {
	base := r.files.get("refs/heads/" + p.base)
	tree, ok := r.mergeTrees(base, p.tip(r.files))
	if !ok {
		return saysConflict
	}
	c := commit{tree: tree, parents: []string{base}, author: r.hub.stamp(l.by), committer: r.hub.webFlow(), message: p.message(l, base)}
	var oid string
	switch l.method {
	case "rebase":
		if oid, ok = r.replay(p, base); !ok {
			return saysConflict
		}
	case "squash": // is whoever's the pull request is, whoever merges it
		c.author = r.hub.stamp(p.author)
		oid = r.store.putCommit(c, r.hub.key)
	default:
		c.parents = append(c.parents, p.headOID)
		oid = r.store.putCommit(c, r.hub.key)
	}
	if err := r.files.update(change{"refs/heads/" + p.base, base, oid}); err != nil {
		return saysBaseMoved
	}
	p.finish(oid, l.by)
	if r.settings.DeleteBranchOnMerge && p.fork == nil {
		_ = r.files.update(change{"refs/heads/" + p.head, "", zero})
	}
	r.settle(r.files)
	return ""
}

// mergeTrees is the tree of two commits' merge; false where they conflict.
func (r *Repo) mergeTrees(a, b string) (string, bool) {
	key := a + b
	if tree, ok := r.merges.Load(key); ok {
		return tree.(string), tree != ""
	}
	common, _ := r.store.commit(r.store.mergeBase(a, b))
	ours, _ := r.store.commit(a)
	theirs, _ := r.store.commit(b)
	tree, ok := r.merge3(common.tree, ours.tree, theirs.tree)
	if !ok {
		tree = ""
	}
	r.merges.Store(key, tree)
	return tree, ok
}

// replay puts the commits of a pull request on another one, one by one.
func (r *Repo) replay(p *pull, onto string) (string, bool) {
	commits := r.store.history(p.headOID, onto)
	slices.Reverse(commits)
	for _, c := range commits {
		if len(c.parents) != 1 {
			return "", false
		}
		parent, _ := r.store.commit(c.parents[0])
		base, _ := r.store.commit(onto)
		tree, ok := r.merge3(parent.tree, base.tree, c.tree)
		if !ok {
			return "", false
		}
		c.tree, c.parents, c.committer, c.signature = tree, []string{onto}, r.hub.webFlow(), ""
		onto = r.store.putCommit(c, nil)
	}
	return onto, true
}

// merge3 merges two trees that come of a third one; false where they conflict.
func (r *Repo) merge3(common, ours, theirs string) (string, bool) {
	switch {
	case ours == theirs || theirs == common:
		return ours, true
	case ours == common:
		return theirs, true
	}
	was, mine, other := byName(r.store.tree(common)), byName(r.store.tree(ours)), byName(r.store.tree(theirs))
	names := map[string]bool{}
	for _, m := range []map[string]entry{was, mine, other} {
		for name := range m {
			names[name] = true
		}
	}
	var merged []entry
	for name := range names {
		e, ok := r.mergeEntry(was[name], mine[name], other[name])
		if !ok {
			return "", false
		}
		if e.mode != "" && e.oid != emptyTree {
			merged = append(merged, entry{e.mode, name, e.oid})
		}
	}
	return r.store.putTree(merged), true
}

func byName(entries []entry) map[string]entry {
	m := map[string]entry{}
	for _, e := range entries {
		m[e.name] = e
	}
	return m
}

func (r *Repo) mergeEntry(was, mine, other entry) (entry, bool) {
	switch {
	case mine == other || other == was:
		return mine, true
	case mine == was:
		return other, true
	case mine.mode == modeTree && other.mode == modeTree:
		tree, ok := r.merge3(was.oid, mine.oid, other.oid)
		return entry{modeTree, mine.name, tree}, ok
	case was.mode == modeFile && mine.mode == modeFile && other.mode == modeFile:
		oid, ok := r.mergeFile(was.oid, mine.oid, other.oid)
		return entry{modeFile, mine.name, oid}, ok
	default:
		return entry{}, false
	}
}

// mergeFile merges lines as git does.
func (r *Repo) mergeFile(was, mine, other string) (string, bool) {
	dir, err := os.MkdirTemp(r.Dir, "merge-")
	if err != nil {
		r.hub.tb.Errorf("hub: %v", err)
		return "", false
	}
	defer os.RemoveAll(dir)
	args := []string{"merge-file", "-p", "-q"}
	for i, oid := range []string{mine, was, other} {
		o, _ := r.store.get(oid)
		path := filepath.Join(dir, itoa(i))
		if err := os.WriteFile(path, o.data, 0o644); err != nil {
			r.hub.tb.Errorf("hub: %v", err)
			return "", false
		}
		args = append(args, path)
	}
	out, err := run.Output(context.Background(), r.Command(args...))
	if _, conflicts := errors.AsType[*run.Error](err); err != nil && !conflicts {
		r.hub.tb.Errorf("hub: %v", err)
	}
	if err != nil {
		return "", false
	}
	return r.store.put(kindBlob, out), true
}

// stamp is somebody now.
func (h *Hub) stamp(p *person) stamp { return stamp{p.name, p.email, h.now()} }

// webFlow is the committer of what GitHub itself commits, and signs.
func (h *Hub) webFlow() stamp { return stamp{"GitHub", "noreply@github.com", h.now()} }
