package hub

import (
	"fmt"
	"slices"
	"strings"
)

// Protection is a rule about the refs of a repository: classic branch protection,
// or a ruleset, whose refusals have other words and other statuses.
type Protection struct {
	Ref     string // a branch, or refs/…; * is any text
	Ruleset bool

	PullRequest bool     // changes must come through a pull request
	Reviews     int      // approvals that a pull request needs
	CodeOwners  bool     // one of them by a code owner
	Checks      []string // contexts that must have succeeded
	Update      bool     // nobody may update
	Creation    bool     // nobody may create
	Deletion    bool     // nobody may delete; classic protection always says so
	Bypass      []string // logins to which none of this applies
}

// Protect adds a protection.
func (r *Repo) Protect(p Protection) {
	r.hub.state.Lock()
	defer r.hub.state.Unlock()
	if !strings.HasPrefix(p.Ref, "refs/") {
		p.Ref = "refs/heads/" + p.Ref
	}
	r.protections = append(r.protections, &p)
}

// Unprotect takes all protections away.
func (r *Repo) Unprotect() {
	r.hub.state.Lock()
	defer r.hub.state.Unlock()
	r.protections = nil
}

// refused is why rules stand against a change.
type refused struct {
	ruleset bool
	reasons []string
}

// pageProtected is where classic protection leads to.
const pageProtected = "https://docs.github.com/articles/about-protected-branches"

// Error is the message of REST and GraphQL.
func (r *refused) Error() string {
	if !r.ruleset {
		return strings.Join(r.reasons, " ")
	}
	words := "Repository rule violations found\n\n"
	for _, reason := range r.reasons {
		words += reason + "\n\n"
	}
	return words
}

// guard says what stands against moving refs; nil is nothing.
func (r *Repo) guard(who *person, changes ...change) *refused {
	for _, ruleset := range []bool{true, false} {
		no := &refused{ruleset: ruleset}
		for _, c := range changes {
			now := r.files.get(c.name)
			if now == c.new {
				continue // not even an update rule minds
			}
			for _, p := range r.rules(who, c.name, ruleset) {
				no.reasons = append(no.reasons, p.against(r, now == "", c.new)...)
			}
		}
		if len(no.reasons) > 0 {
			return no
		}
	}
	return nil
}

// rules are the protections that bind somebody at a ref.
func (r *Repo) rules(who *person, name string, ruleset bool) []*Protection {
	var rules []*Protection
	for _, p := range r.protections {
		if p.Ruleset == ruleset && glob(p.Ref, name) && (who == nil || !slices.Contains(p.Bypass, who.login)) {
			rules = append(rules, p)
		}
	}
	return rules
}

// against are the reasons against creating a ref, or moving it to a commit.
func (p *Protection) against(r *Repo, creates bool, oid string) []string {
	switch {
	case oid == zero && (p.Deletion || !p.Ruleset):
		return []string{"Cannot delete this branch"}
	case oid == zero:
		return nil
	case creates && p.Creation:
		return []string{"Cannot create ref due to creations being restricted."}
	case creates:
		return nil
	}
	var reasons []string
	if p.Update {
		reasons = append(reasons, "Cannot update this protected ref.")
	}
	reasons = append(reasons, p.checks(r, oid)...)
	switch {
	case p.PullRequest:
		reasons = append(reasons, "Changes must be made through a pull request.")
	case p.Reviews > 0:
		reasons = append(reasons, p.approvals())
	}
	return reasons
}

// checks are the reasons that come of checks that a commit has not passed.
func (p *Protection) checks(r *Repo, oid string) []string {
	var missing []string
	for _, context := range p.Checks {
		if r.statuses[oid][context] != "success" {
			missing = append(missing, context)
		}
	}
	switch {
	case len(missing) == 0:
		return nil
	case len(p.Checks) == 1:
		return []string{fmt.Sprintf("Required status check %q is expected.", missing[0])}
	default:
		return []string{fmt.Sprintf("%d of %d required status checks are expected.", len(missing), len(p.Checks))}
	}
}

func (p *Protection) approvals() string {
	reviews := "1 approving review is"
	if p.Reviews > 1 {
		reviews = fmt.Sprintf("%d approving reviews are", p.Reviews)
	}
	return "At least " + reviews + " required by reviewers with write access."
}

// guardMerge says what stands against merging a pull request now.
func (r *Repo) guardMerge(who *person, p *pull) *refused {
	for _, ruleset := range []bool{true, false} {
		no := &refused{ruleset: ruleset}
		for _, rule := range r.rules(who, "refs/heads/"+p.base, ruleset) {
			no.reasons = append(no.reasons, rule.checks(r, p.headOID)...)
			if len(p.approvals) < rule.Reviews {
				no.reasons = append(no.reasons, rule.approvals())
			}
			if rule.CodeOwners && len(p.approvals) == 0 {
				no.reasons = append(no.reasons, "Waiting on code owner review from "+r.Owner+"/owners.")
			}
		}
		if len(no.reasons) > 0 {
			return no
		}
	}
	return nil
}
