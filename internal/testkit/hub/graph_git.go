package hub

import (
	"bytes"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

type refNode struct {
	repo *Repo
	ref
}

func (*refNode) typename() string { return "Ref" }

// prefix is refs/ and the first part after it.
func (r *refNode) prefix() string {
	parts := strings.SplitN(r.name, "/", 3)
	return strings.Join(parts[:2], "/") + "/"
}

func (r *refNode) field(x *exec, name string, a *args) (any, error) {
	switch name {
	case "id":
		return r.repo.refID(r.name), nil
	case "name":
		return strings.TrimPrefix(r.name, r.prefix()), nil
	case "prefix":
		return r.prefix(), nil
	case "target":
		return r.repo.gitObject(r.oid), nil
	case "repository":
		return &repositoryNode{r.repo}, nil
	case "refUpdateRule":
		return r.rule(x), nil
	case "associatedPullRequests":
		var open []any
		for _, p := range r.repo.list(a) {
			if n, ok := p.(*pullNode); ok && n.fork == nil && r.name == "refs/heads/"+n.head {
				open = append(open, p)
			}
		}
		return page(a, name, "PullRequest", open)
	default:
		return nil, errUntaught
	}
}

// rule sums up the protections of a ref; null where there are none.
func (r *refNode) rule(x *exec) any {
	rules := append(r.repo.rules(x.who.owner, r.name, false), r.repo.rules(x.who.owner, r.name, true)...)
	if len(rules) == 0 {
		return nil
	}
	rule := map[string]any{
		"pattern": strings.TrimPrefix(rules[0].Ref, "refs/heads/"), "allowsDeletions": false, "allowsForcePushes": false, "blocksCreations": false,
		"requiredApprovingReviewCount": nil, "requiresCodeOwnerReviews": false, "requiresConversationResolution": false, "requiresLinearHistory": false,
		"requiresSignatures": false, "viewerAllowedToDismissReviews": false, "viewerCanPush": true,
	}
	checks := []any{}
	for _, p := range rules {
		for _, context := range p.Checks {
			checks = append(checks, context)
		}
		if p.Reviews > 0 || p.PullRequest {
			rule["requiredApprovingReviewCount"] = p.Reviews
		}
		rule["requiresCodeOwnerReviews"] = rule["requiresCodeOwnerReviews"] == true || p.CodeOwners
		rule["blocksCreations"] = rule["blocksCreations"] == true || p.Creation
		if len(p.against(r.repo, false, "")) > 0 {
			rule["viewerCanPush"] = false
		}
	}
	rule["requiredStatusCheckContexts"] = checks
	return bag{"RefUpdateRule", rule}
}

// gitObject is the node of an id; nil where there is no such object.
func (r *Repo) gitObject(oid string) any {
	o, ok := r.store.get(oid)
	if !ok {
		return nil
	}
	switch o.kind {
	case kindCommit:
		c, _ := r.store.commit(oid)
		return &commitNode{r, c}
	case kindTree:
		return &treeNode{r, oid, ""}
	case kindTag:
		line, _, _ := strings.Cut(string(o.data), "\n")
		_, message, _ := strings.Cut(string(o.data), "\n\n")
		return bag{"Tag", map[string]any{"oid": oid, "id": r.objectID(oid), "message": message, "target": r.gitObject(strings.TrimPrefix(line, "object "))}}
	default:
		return &blobNode{r, oid, o.data}
	}
}

type treeNode struct {
	repo *Repo
	oid  string
	path string
}

func (*treeNode) typename() string { return "Tree" }

func (t *treeNode) field(_ *exec, name string, _ *args) (any, error) {
	switch name {
	case "oid":
		return t.oid, nil
	case "id":
		return t.repo.objectID(t.oid), nil
	case "entries":
		entries := []any{}
		for _, e := range t.repo.store.tree(t.oid) {
			entries = append(entries, &entryNode{t.repo, path.Join(t.path, e.name), e})
		}
		return entries, nil
	default:
		return nil, errUntaught
	}
}

type entryNode struct {
	repo *Repo
	path string
	entry
}

func (*entryNode) typename() string { return "TreeEntry" }

func (e *entryNode) field(_ *exec, name string, _ *args) (any, error) {
	switch name {
	case "name":
		return path.Base(e.path), nil
	case "path":
		return e.path, nil
	case "oid":
		return e.oid, nil
	case "mode": // a decimal number: 33188 is 100644
		mode, _ := strconv.ParseInt(e.mode, 8, 32)
		return mode, nil
	case "type":
		return e.kind(), nil
	case "size":
		if o, _ := e.repo.store.get(e.oid); o.kind == kindBlob {
			return len(o.data), nil
		}
		return 0, nil
	case "object":
		if e.mode == modeTree {
			return &treeNode{e.repo, e.oid, e.path}, nil
		}
		return e.repo.gitObject(e.oid), nil
	default:
		return nil, errUntaught
	}
}

type blobNode struct {
	repo *Repo
	oid  string
	data []byte
}

// cut is the size up to which GraphQL tells the text of a blob.
const cut = 512_000

func (*blobNode) typename() string { return "Blob" }

func (b *blobNode) binary() bool {
	return bytes.IndexByte(b.data[:min(len(b.data), 8000)], 0) >= 0
}

func (b *blobNode) field(_ *exec, name string, _ *args) (any, error) {
	switch name {
	case "oid":
		return b.oid, nil
	case "id":
		return b.repo.objectID(b.oid), nil
	case "byteSize":
		return len(b.data), nil
	case "isBinary":
		return b.binary(), nil
	case "isTruncated":
		return len(b.data) > cut, nil
	case "text":
		switch {
		case b.binary():
			return nil, nil
		case utf8.Valid(b.data[:min(len(b.data), cut)]):
			return string(b.data[:min(len(b.data), cut)]), nil
		default:
			return strings.ToValidUTF8(string(b.data[:min(len(b.data), cut)]), "\uFFFD"), nil
		}
	default:
		return nil, errUntaught
	}
}
