package hub

import "strings"

type pullNode struct{ *pull }

func (*pullNode) typename() string { return "PullRequest" }

func (p *pullNode) field(x *exec, name string, a *args) (any, error) {
	if value, ok := p.plain(name); ok {
		return value, nil
	}
	refs := x.refs(p.repo)
	switch name {
	case "headRef":
		return p.headRef(refs), nil
	case "baseRef":
		return p.repo.refNode(refs, "refs/heads/"+p.base), nil
	case "repository", "baseRepository":
		return &repositoryNode{p.repo}, nil
	case "headRepository":
		return p.headRepository(), nil
	case "headRepositoryOwner":
		return p.headRepositoryOwner(), nil
	case "author":
		return actor(p.author), nil
	case "mergedBy":
		return actor(p.mergedBy), nil
	case "mergeCommit":
		return p.repo.gitObject(p.merge), nil
	case "autoMergeRequest":
		return p.autoBag(), nil
	case "labels":
		return page(a, name, "Label", labelBags(p.labels))
	case "assignees":
		return page(a, name, "User", actors(p.assignees))
	case "latestReviews":
		return page(a, name, "PullRequestReview", p.reviews())
	case "reviewRequests":
		return page(a, name, "ReviewRequest", p.requests())
	case "comments":
		return page(a, name, "IssueComment", p.commentBags())
	case "commits":
		var all []any
		commits := p.repo.store.history(p.headOID, p.baseOID)
		for i := len(commits) - 1; i >= 0; i-- {
			all = append(all, bag{"PullRequestCommit", map[string]any{"commit": &commitNode{p.repo, commits[i]}}})
		}
		return page(a, name, "PullRequestCommit", all)
	default:
		return nil, errUntaught
	}
}

// plain are the fields without arguments and objects behind them.
func (p *pullNode) plain(name string) (any, bool) {
	switch name {
	case "id":
		return p.nodeID(), true
	case "databaseId":
		return p.id, true
	case "number":
		return p.number, true
	case "url":
		return p.page(), true
	case "state":
		return p.state(), true
	case "isDraft":
		return p.draft, true
	case "title":
		return p.title, true
	case "body":
		return p.body, true
	case "headRefName":
		return p.head, true
	case "headRefOid":
		return p.headOID, true
	case "baseRefName":
		return p.base, true
	case "baseRefOid":
		return p.baseOID, true
	case "isCrossRepository":
		return p.fork != nil, true
	case "merged":
		return p.merged, true
	case "closed":
		return !p.open, true
	default:
		return p.moments(name)
	}
}

func (p *pullNode) moments(name string) (any, bool) {
	switch name {
	case "createdAt":
		return moment(p.created), true
	case "updatedAt":
		return moment(p.updated), true
	case "closedAt":
		return moment(p.closed), true
	case "mergedAt":
		return moment(p.mergedAt), true
	case "mergeable":
		defer p.polls.Add(1)
		return p.mergeable(), true
	case "mergeStateStatus":
		return p.status(), true
	case "reviewDecision":
		switch {
		case len(p.approvals) > 0:
			return "APPROVED", true
		case p.repo.guardMerge(nil, p.pull) != nil:
			return "REVIEW_REQUIRED", true
		default:
			return nil, true
		}
	default:
		return nil, false
	}
}

func (p *pull) autoBag() any {
	if p.auto == nil {
		return nil
	}
	return bag{"AutoMergeRequest", map[string]any{
		"enabledAt": moment(p.auto.when), "mergeMethod": strings.ToUpper(p.auto.method), "enabledBy": actor(p.auto.by),
		"commitHeadline": textOrNull(p.auto.words.headline), "commitBody": textOrNull(p.auto.words.body),
	}}
}

func (p *pull) requests() []any {
	all := []any{}
	for _, who := range p.reviewers {
		all = append(all, bag{"ReviewRequest", map[string]any{"requestedReviewer": actor(who)}})
	}
	for _, t := range p.teams {
		all = append(all, bag{"ReviewRequest", map[string]any{"requestedReviewer": teamBag(t)}})
	}
	return all
}

// reviews are those that approve; the hub knows no others.
func (p *pull) reviews() []any {
	all := []any{}
	for _, login := range p.approvals {
		all = append(all, bag{"PullRequestReview", map[string]any{"author": actor(p.repo.hub.known(login)), "state": "APPROVED"}})
	}
	return all
}

func actors(people []*person) []any {
	all := []any{}
	for _, p := range people {
		all = append(all, actor(p))
	}
	return all
}

func (p *pull) commentBag(m *comment) bag {
	return bag{"IssueComment", map[string]any{"id": m.nodeID(), "databaseId": m.id, "body": m.body, "author": actor(m.author), "createdAt": moment(m.when)}}
}

func (p *pull) commentBags() []any {
	all := []any{}
	for _, m := range p.comments {
		all = append(all, p.commentBag(m))
	}
	return all
}
