package hub

// settled reports whether the pull requests know where their branches are.
func (r *Repo) settled() bool {
	for _, p := range r.pulls {
		if p.open && (p.headOID != p.tip(r.files) || p.baseOID != r.files.get("refs/heads/"+p.base)) {
			return false
		}
	}
	return true
}

// settle lets the pull requests follow their branches: one whose head is gone, or
// was moved so that nothing is left of it, is closed; one whose commits got to the
// base counts as merged; and what waits to be merged by itself is.
func (r *Repo) settle(refs reader) {
	now := r.hub.now()
	for _, p := range r.pulls {
		if !p.open {
			continue
		}
		head, base := p.tip(refs), refs.get("refs/heads/"+p.base)
		moved := head != p.headOID
		switch {
		case head == "" || base == "":
			p.close(now)
		case moved && r.store.descends(base, head):
			p.headOID = head
			p.close(now)
		case !moved && base != p.baseOID && r.store.descends(base, head):
			p.finish(base, nil)
		}
		if moved && head != "" {
			p.headOID, p.updated = head, now
			p.polls.Store(0)
		}
		if base != "" && p.open {
			p.baseOID = base
		}
		if p.auto != nil && p.status() == "CLEAN" {
			r.land(p, p.auto.landing)
		}
	}
}

// finish marks it as merged by a commit.
func (p *pull) finish(commit string, by *person) {
	now := p.repo.hub.now()
	p.open, p.merged, p.merge, p.mergedBy, p.auto = false, true, commit, by, nil
	p.closed, p.mergedAt, p.updated = now, now, now
}

// mergeable is GraphQL's: whether the two branches can be merged.
func (p *pull) mergeable() string {
	if !p.open || int(p.polls.Load()) < p.repo.settings.UnknownMerges {
		return "UNKNOWN"
	}
	if _, ok := p.repo.mergeTrees(p.repo.files.get("refs/heads/"+p.base), p.tip(p.repo.files)); !ok {
		return "CONFLICTING"
	}
	return "MERGEABLE"
}

// status is GraphQL's mergeStateStatus.
func (p *pull) status() string {
	mergeable := p.mergeable()
	switch {
	case mergeable == "UNKNOWN":
		return "UNKNOWN"
	case mergeable == "CONFLICTING":
		return "DIRTY"
	case p.draft:
		return "DRAFT"
	case p.repo.guardMerge(nil, p) != nil:
		return "BLOCKED"
	}
	for _, state := range p.repo.statuses[p.headOID] {
		if state != "success" {
			return "UNSTABLE"
		}
	}
	return "CLEAN"
}
