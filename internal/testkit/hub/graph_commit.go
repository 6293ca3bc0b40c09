package hub

import "fmt"

type commitNode struct {
	repo *Repo
	commit
}

func (*commitNode) typename() string { return "Commit" }

func (c *commitNode) field(x *exec, name string, a *args) (any, error) {
	switch name {
	case "oid":
		return c.oid, nil
	case "abbreviatedOid":
		return short(c.oid), nil
	case "id":
		return c.repo.objectID(c.oid), nil
	case "url":
		return c.repo.page("/commit/" + c.oid), nil
	case "message":
		return c.message, nil
	case "messageHeadline":
		return c.headline(), nil
	case "messageBody":
		return c.body(), nil
	case "committedDate":
		return moment(c.committer.when), nil
	case "authoredDate":
		return moment(c.author.when), nil
	case "author":
		return gitActor(x.hub, c.author), nil
	case "committer":
		return gitActor(x.hub, c.committer), nil
	case "signature":
		return c.signatureNode(x.hub), nil
	case "parents":
		return page(a, name, "Commit", c.commits(c.parents))
	case "history":
		return c.history(a)
	case "tree":
		return &treeNode{c.repo, c.tree, ""}, nil
	case "file":
		return c.file(a.text("path"))
	default:
		return nil, errUntaught
	}
}

func (c *commitNode) commits(oids []string) []any {
	all := []any{}
	for _, oid := range oids {
		if k, ok := c.repo.store.commit(oid); ok {
			all = append(all, &commitNode{c.repo, k})
		}
	}
	return all
}

// history is a page of the commits down from this one. Of all of them no more are
// read than that.
func (c *commitNode) history(a *args) (any, error) {
	if path := a.text("path"); path != "" {
		return page(a, "history", "CommitHistory", c.touching(path))
	}
	most := 0
	if a.has("first") && !a.has("before") && !a.has("last") {
		most = position(a.text("after")) + a.number("first") + 1
	}
	var nodes []any
	for _, k := range c.repo.store.log(c.oid, most) {
		nodes = append(nodes, &commitNode{c.repo, k})
	}
	value, err := page(a, "history", "CommitHistory", nodes)
	if list, ok := value.(*connection); ok {
		list.count = func() int { return len(c.repo.store.log(c.oid, 0)) }
	}
	return value, err
}

// touching are the commits down from this one that change a path.
func (c *commitNode) touching(path string) []any {
	var all []any
	for _, k := range c.repo.store.log(c.oid, 0) {
		var parent commit
		if len(k.parents) > 0 {
			parent, _ = c.repo.store.commit(k.parents[0])
		}
		was, _ := c.repo.store.find(parent.tree, path)
		is, _ := c.repo.store.find(k.tree, path)
		if was != is {
			all = append(all, &commitNode{c.repo, k})
		}
	}
	return all
}

// file is the entry of a path. One that is not there is an error beside the data,
// not null alone.
func (c *commitNode) file(path string) (any, error) {
	e, ok := c.repo.store.find(c.tree, path)
	if !ok || e.mode == modeTree && c.repo.settings.FoldersAreNull {
		return nil, notFound(fmt.Sprintf("Could not resolve file for path '%s'.", path))
	}
	return &entryNode{c.repo, path, e}, nil
}

// gitActor is who a commit says, and the user whom that means.
func gitActor(h *Hub, s stamp) bag {
	values := map[string]any{"name": s.name, "email": s.email, "date": moment(s.when), "user": nil}
	if p := h.byEmail(s.email); p != nil {
		values["user"] = &personNode{p, true}
	}
	return bag{"GitActor", values}
}

// signatureNode is what GitHub makes of a signature; null where there is none.
func (c *commitNode) signatureNode(h *Hub) any {
	if c.signature == "" {
		return nil
	}
	values := map[string]any{"isValid": false, "wasSignedByGitHub": false, "state": "UNKNOWN_KEY", "email": c.committer.email, "signer": nil}
	if c.signed(h.key) {
		values["isValid"], values["wasSignedByGitHub"], values["state"] = true, true, "VALID"
	}
	return bag{"GpgSignature", values}
}
