package hub

import (
	"slices"
	"sync/atomic"
	"time"
)

// pull is a pull request from a branch of the same repository, or of a fork.
type pull struct {
	repo        *Repo
	id, number  int
	title, body string
	author      *person
	draft       bool
	head, base  string  // branches
	fork        *person // who owns the repository of head; nil is the one that has the base
	headOID     string  // where head was when it was last looked at
	baseOID     string

	open     bool
	merged   bool
	merge    string // the commit that merged it
	mergedBy *person
	auto     *autoMerge

	labels    []*label
	assignees []*person
	reviewers []*person
	teams     []*team
	comments  []*comment
	approvals []string     // logins
	polls     atomic.Int32 // how often its mergeable was asked for

	created, updated, closed, mergedAt time.Time
}

// comment is one on a pull request.
type comment struct {
	id     int
	body   string
	author *person
	when   time.Time
}

// autoMerge is what happens once nothing stands against it.
type autoMerge struct {
	landing
	when time.Time
}

// Approve adds a review that approves a pull request.
func (r *Repo) Approve(number int, login string) {
	r.hub.state.Lock()
	defer r.hub.state.Unlock()
	p := r.pull(number)
	if p == nil {
		r.hub.tb.Errorf("hub: %s has no pull request %d", r.FullName(), number)
		return
	}
	p.approvals = append(p.approvals, r.hub.person(login).login)
	r.settle(r.files)
}

// Merge merges a pull request as somebody in the browser does, past every rule, and
// gives the commit.
func (r *Repo) Merge(number int, login string) string {
	return r.MergeBy(number, login, "merge")
}

// MergeBy is Merge by another method: merge, squash or rebase.
func (r *Repo) MergeBy(number int, login, method string) string {
	r.hub.state.Lock()
	defer r.hub.state.Unlock()
	r.settle(r.files)
	p := r.pull(number)
	if p == nil || !p.open {
		r.hub.tb.Errorf("hub: %s has no open pull request %d", r.FullName(), number)
		return ""
	}
	if problem := r.land(p, landing{method: method, by: r.hub.person(login)}); problem != "" {
		r.hub.tb.Errorf("hub: %s#%d: %s", r.FullName(), number, problem)
	}
	return p.merge
}

func (r *Repo) pull(number int) *pull {
	return first(r.pulls, func(p *pull) bool { return p.number == number })
}

// openPull is the open pull request of a branch of this repository and a base.
func (r *Repo) openPull(head, base string) *pull {
	return first(r.pulls, func(p *pull) bool { return p.open && p.fork == nil && p.head == head && p.base == base })
}

// draftPull is a pull request that is asked for.
type draftPull struct {
	title, body, head, base string
	draft                   bool
}

// why a pull request cannot be opened.
type pullProblem int

const (
	fine pullProblem = iota
	noBase
	noHead
	noBaseNorHead
	noCommits
	pullExists
)

// checkPull says whether a pull request can be opened.
func (r *Repo) checkPull(d draftPull) pullProblem {
	head, base := r.files.get("refs/heads/"+d.head), r.files.get("refs/heads/"+d.base)
	switch {
	case head == "" && base == "":
		return noBaseNorHead
	case base == "":
		return noBase
	case head == "":
		return noHead
	case r.openPull(d.head, d.base) != nil:
		return pullExists
	case r.store.descends(base, head):
		return noCommits
	default:
		return fine
	}
}

// propose opens a pull request that was checked.
func (r *Repo) propose(d draftPull, by *person) *pull {
	now := r.hub.now()
	p := &pull{
		repo: r, id: r.hub.next(), number: len(r.pulls) + 1, title: d.title, body: d.body, author: by, draft: d.draft,
		head: d.head, base: d.base, headOID: r.files.get("refs/heads/" + d.head), baseOID: r.files.get("refs/heads/" + d.base),
		open: true, created: now, updated: now,
	}
	r.pulls = append(r.pulls, p)
	return p
}

// close ends a pull request that is not merged.
func (p *pull) close(now time.Time) {
	p.open, p.closed, p.updated, p.auto = false, now, now, nil
}

// reopen undoes a close; false where the branch is gone or has nothing new.
func (p *pull) reopen(now time.Time) bool {
	if p.merged || p.fork == nil && p.repo.checkPull(draftPull{head: p.head, base: p.base}) != fine {
		return false
	}
	p.open, p.closed, p.updated = true, time.Time{}, now
	p.headOID = p.tip(p.repo.files)
	return true
}

// addLabels puts labels of these names on it, and makes those that are new.
func (p *pull) addLabels(names ...string) {
	for _, name := range names {
		if l := p.repo.label(name); !slices.Contains(p.labels, l) {
			p.labels = append(p.labels, l)
		}
	}
}

// state is the word of GraphQL.
func (p *pull) state() string {
	switch {
	case p.merged:
		return "MERGED"
	case p.open:
		return "OPEN"
	default:
		return "CLOSED"
	}
}
