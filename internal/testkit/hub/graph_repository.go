package hub

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

type repositoryNode struct{ *Repo }

func (*repositoryNode) typename() string { return "Repository" }

func (r *repositoryNode) field(x *exec, name string, a *args) (any, error) {
	if value, ok := r.plain(x, name); ok {
		return value, nil
	}
	switch name {
	case "ref", "refs", "object", "defaultBranchRef":
		if err := x.need(r.Repo, "contents", "read"); err != nil {
			return nil, err
		}
		return r.git(x, name, a)
	case "pullRequest":
		if p := r.pull(a.number("number")); p != nil {
			return &pullNode{p}, x.need(r.Repo, "pull_requests", "read")
		}
		return nil, &graphError{"NOT_FOUND", fmt.Sprintf("Could not resolve to a PullRequest with the number of %d.", a.number("number"))}
	case "pullRequests":
		if err := x.need(r.Repo, "pull_requests", "read"); err != nil {
			return nil, err
		}
		return page(a, name, "PullRequest", r.list(a))
	case "label":
		if l := r.knownLabel(a.text("name")); l != nil {
			return labelBag(l), nil
		}
		return nil, nil
	case "labels":
		return page(a, name, "Label", labelBags(r.labels))
	default:
		return nil, errUntaught
	}
}

// plain are the fields without arguments and objects behind them.
func (r *repositoryNode) plain(x *exec, name string) (any, bool) {
	s := r.settings
	switch name {
	case "id":
		return r.nodeID(), true
	case "databaseId":
		return r.id, true
	case "name":
		return r.Name, true
	case "nameWithOwner":
		return r.FullName(), true
	case "owner":
		return &organizationNode{r.Owner}, true
	case "url":
		return r.page(""), true
	case "isArchived":
		return s.Archived, true
	case "isEmpty":
		return r.empty(), true
	case "isPrivate":
		return s.Private, true
	case "diskUsage":
		return 1, true
	case "viewerPermission":
		return r.viewer(x.who), true
	case "autoMergeAllowed":
		return s.AutoMerge, true
	case "mergeCommitAllowed":
		return s.merges("merge"), true
	case "squashMergeAllowed":
		return s.merges("squash"), true
	case "rebaseMergeAllowed":
		return s.merges("rebase"), true
	case "deleteBranchOnMerge":
		return s.DeleteBranchOnMerge, true
	default:
		return nil, false
	}
}

func (r *repositoryNode) viewer(who *Token) any {
	switch {
	case who.covers(r.Repo) && who.may("contents", "write"):
		return "WRITE"
	default:
		return "READ"
	}
}

func (r *repositoryNode) git(x *exec, name string, a *args) (any, error) {
	refs := x.refs(r.Repo)
	switch name {
	case "defaultBranchRef":
		return r.refNode(refs, "refs/heads/"+r.defaultBranch()), nil
	case "ref":
		qualified := a.text("qualifiedName")
		if strings.HasPrefix(qualified, "refs/") {
			return r.refNode(refs, qualified), nil
		}
		for _, prefix := range []string{"refs/heads/", "refs/tags/"} {
			if n := r.refNode(refs, prefix+qualified); n != nil {
				return n, nil
			}
		}
		return nil, nil
	case "refs":
		return page(a, "refs", "Ref", r.refNodes(refs, a))
	default:
		oid := a.text("oid")
		if expression := a.text("expression"); expression != "" {
			oid = r.expression(x, expression)
		}
		return r.gitObject(oid), nil
	}
}

// refNode is a ref; nil where there is none.
func (r *Repo) refNode(refs reader, name string) any {
	oid := refs.get(name)
	if oid == "" {
		return nil
	}
	return &refNode{r, ref{name, oid}}
}

func (r *Repo) refNodes(refs reader, a *args) []any {
	prefix, query, order := a.text("refPrefix"), a.text("query"), a.child("orderBy")
	list := refs.list(prefix)
	list = slices.DeleteFunc(list, func(f ref) bool { return !strings.Contains(f.name[len(prefix):], query) })
	if order.text("field") == "TAG_COMMIT_DATE" && strings.HasPrefix(prefix, "refs/tags/") { // of others the order is by name
		r.byDate(list)
	}
	if order.text("direction") == "DESC" {
		slices.Reverse(list)
	}
	nodes := make([]any, len(list))
	for i, f := range list {
		nodes[i] = &refNode{r, f}
	}
	return nodes
}

// byDate orders refs by when their commits were committed.
func (r *Repo) byDate(list []ref) {
	oids := make([]string, len(list))
	for i, f := range list {
		oids[i] = f.oid
	}
	r.store.load(oids)
	when := make(map[string]int64, len(list))
	for _, oid := range oids {
		c, _ := r.store.peel(oid)
		when[oid] = c.committer.when.Unix()
	}
	slices.SortStableFunc(list, func(a, b ref) int { return cmp.Compare(when[a.oid], when[b.oid]) })
}

// expression is the object that git's words name: main, HEAD:path, an id.
func (r *Repo) expression(x *exec, words string) string {
	rev, path, in := strings.Cut(words, ":")
	k, ok := r.commitOf(x.refs(r), rev)
	if !ok {
		return rev
	}
	if !in {
		return k.oid
	}
	e, _ := r.store.find(k.tree, strings.TrimSuffix(path, "/"))
	return e.oid
}

// list are the pull requests that the arguments ask for.
func (r *Repo) list(a *args) []any {
	states, head, base, names, order := a.texts("states"), a.text("headRefName"), a.text("baseRefName"), a.texts("labels"), a.child("orderBy")
	var all []*pull
	for _, p := range r.pulls {
		labelled := len(names) == 0 || slices.ContainsFunc(p.labels, func(l *label) bool { return slices.Contains(names, l.name) })
		if (len(states) == 0 || slices.Contains(states, p.state())) && (head == "" || head == p.head) && (base == "" || base == p.base) && labelled {
			all = append(all, p)
		}
	}
	if order.text("field") == "UPDATED_AT" {
		slices.SortStableFunc(all, func(a, b *pull) int { return a.updated.Compare(b.updated) })
	}
	if order.text("direction") == "DESC" {
		slices.Reverse(all)
	}
	nodes := make([]any, len(all))
	for i, p := range all {
		nodes[i] = &pullNode{p}
	}
	return nodes
}

func labelBag(l *label) bag {
	return bag{"Label", map[string]any{"id": l.nodeID(), "name": l.name, "color": l.color, "description": orNull(l.description)}}
}

func labelBags(all []*label) []any {
	bags := []any{}
	for _, l := range all {
		bags = append(bags, labelBag(l))
	}
	return bags
}
