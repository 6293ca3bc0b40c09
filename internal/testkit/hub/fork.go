package hub

// ForkPull opens a pull request to the default branch from a branch of somebody's
// fork, and gives its number. The branch is one commit ahead, and its name may be
// that of a branch here.
func (r *Repo) ForkPull(login, branch string) int {
	r.hub.state.Lock()
	defer r.hub.state.Unlock()
	by := r.hub.person(login)
	tip := r.files.get("refs/heads/" + r.defaultBranch())
	parent, ok := r.store.commit(tip)
	if !ok {
		r.hub.tb.Errorf("hub: %s has no branch %s to fork", r.FullName(), r.defaultBranch())
		return 0
	}
	blob := r.store.put(kindBlob, []byte("by "+login+"\n"))
	c := commit{
		tree: r.store.edit(parent.tree, map[string]entry{"from-a-fork": {mode: modeFile, oid: blob}}), parents: []string{tip},
		author: r.hub.stamp(by), committer: r.hub.stamp(by), message: "change from a fork",
	}
	p := r.propose(draftPull{title: "From a fork", head: branch, base: r.defaultBranch()}, by)
	p.fork, p.headOID = by, r.store.putCommit(c, nil)
	return p.number
}

// tip is the commit that the head of a pull request is at, "" where it is gone. The
// branch of a fork stays where it is.
func (p *pull) tip(refs reader) string {
	if p.fork != nil {
		return p.headOID
	}
	return refs.get("refs/heads/" + p.head)
}

// headOwner is who owns the repository of the head.
func (p *pull) headOwner() string {
	if p.fork != nil {
		return p.fork.login
	}
	return p.repo.Owner
}

// headRef is the branch as a node; nil where it is gone.
func (p *pull) headRef(refs reader) any {
	if p.fork == nil {
		return p.repo.refNode(refs, "refs/heads/"+p.head)
	}
	return bag{"Ref", map[string]any{
		"id": nodeID("REF", itoa(p.id)+":fork"), "name": p.head, "prefix": "refs/heads/",
		"target": p.repo.gitObject(p.headOID), "repository": p.headRepository(),
	}}
}

func (p *pull) headRepository() any {
	if p.fork == nil {
		return &repositoryNode{p.repo}
	}
	return bag{"Repository", map[string]any{
		"id": nodeID("R", itoa(p.id)+":fork"), "name": p.repo.Name, "nameWithOwner": p.fork.login + "/" + p.repo.Name,
		"owner": actor(p.fork), "isFork": true,
	}}
}

func (p *pull) headRepositoryOwner() any {
	if p.fork == nil {
		return &organizationNode{p.repo.Owner}
	}
	return actor(p.fork)
}

// headJSON is the branch that a pull request comes from.
func (c *call) headJSON(p *pull) map[string]any {
	end := c.endJSON(p.head, p.headOID)
	if p.fork != nil {
		end["label"], end["user"] = p.fork.login+":"+p.head, c.personJSON(p.fork)
		end["repo"] = map[string]any{"id": p.id, "name": p.repo.Name, "full_name": p.fork.login + "/" + p.repo.Name, "fork": true}
	}
	return end
}
