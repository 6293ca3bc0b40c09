package hub

import (
	"fmt"
	"strings"
)

// thePull is the pull request of an input, if the token may write to it.
func (x *exec) thePull(id string) (*pull, error) {
	p := x.hub.pullOf(id)
	if p == nil || !x.who.sees(p.repo) {
		return nil, notFound(unresolved(id))
	}
	return p, x.need(p.repo, "pull_requests", "write")
}

func (p *pull) payload() map[string]any {
	return map[string]any{"pullRequest": &pullNode{p}}
}

func createPullRequest(x *exec, in *args) (map[string]any, error) {
	d := draftPull{title: in.text("title"), body: in.text("body"), head: in.text("headRefName"), base: in.text("baseRefName"), draft: in.bool("draft")}
	in.get("maintainerCanModify") // means something for forks alone
	id := in.text("repositoryId")
	r := x.hub.repoOf(id)
	if r == nil || !x.who.sees(r) {
		return nil, notFound(unresolved(id))
	}
	if err := x.need(r, "pull_requests", "write"); err != nil {
		return nil, err
	}
	if x.who.Kind == GitHubToken && r.settings.NoPullsByActions {
		return nil, &graphError{"FORBIDDEN", strings.TrimSuffix(saysNoPulls, ".")}
	}
	d.head = strings.TrimPrefix(strings.TrimPrefix(d.head, r.Owner+":"), "refs/heads/")
	d.base = strings.TrimPrefix(d.base, "refs/heads/")
	switch r.checkPull(d) {
	case noBaseNorHead:
		return nil, unprocessable(fmt.Sprintf("Head sha can't be blank, Base sha can't be blank, No commits between %s and %s, Head ref must be a branch, Base ref must be a branch", d.base, d.head))
	case noBase:
		return nil, unprocessable(fmt.Sprintf("Base sha can't be blank, No commits between %s and %s, Base ref must be a branch", d.base, d.head))
	case noHead:
		return nil, unprocessable(fmt.Sprintf("Head sha can't be blank, No commits between %s and %s, Head ref must be a branch", d.base, d.head))
	case noCommits:
		return nil, unprocessable(fmt.Sprintf("No commits between %s and %s", d.base, d.head))
	case pullExists:
		return nil, unprocessable(fmt.Sprintf("A pull request already exists for %s:%s.", r.Owner, d.head))
	}
	if err := graphTooLong(d.title, d.body); err != nil {
		return nil, err
	}
	return r.propose(d, x.who.owner).payload(), nil
}

func updatePullRequest(x *exec, in *args) (map[string]any, error) {
	p, err := x.thePull(in.text("pullRequestId"))
	if err != nil {
		return nil, err
	}
	f := form{}
	for from, to := range map[string]string{"title": "title", "body": "body", "baseRefName": "base"} {
		if in.has(from) {
			f[to] = in.text(from)
		}
	}
	if in.has("state") {
		f["state"] = strings.ToLower(in.text("state"))
	}
	if base := f.text("base"); base != "" && p.repo.files.get("refs/heads/"+base) == "" {
		return nil, unprocessable(fmt.Sprintf("Proposed base branch '%s' was not found", base))
	}
	if err := graphTooLong(f.text("title"), f.text("body")); err != nil {
		return nil, err
	}
	if wrong := p.change(f); wrong != "" {
		return nil, unprocessable(wrong)
	}
	if in.has("labelIds") {
		labels, err := p.repo.labelsOf(in.texts("labelIds"))
		if err != nil {
			return nil, err
		}
		p.labels = labels
	}
	if in.has("assigneeIds") {
		people, err := x.hub.peopleOf(in.texts("assigneeIds"))
		if err != nil {
			return nil, err
		}
		p.assignees = people
	}
	return p.payload(), nil
}

func closePullRequest(x *exec, in *args) (map[string]any, error) {
	p, err := x.thePull(in.text("pullRequestId"))
	if err != nil {
		return nil, err
	}
	if p.open {
		p.close(x.hub.now())
	}
	return p.payload(), nil
}

func reopenPullRequest(x *exec, in *args) (map[string]any, error) {
	p, err := x.thePull(in.text("pullRequestId"))
	if err != nil {
		return nil, err
	}
	if !p.open && !p.reopen(x.hub.now()) {
		return nil, unprocessable("Could not open the pull request.")
	}
	return p.payload(), nil
}

func convertPullRequestToDraft(x *exec, in *args) (map[string]any, error) {
	return x.setDraft(in, true)
}

func markPullRequestReadyForReview(x *exec, in *args) (map[string]any, error) {
	return x.setDraft(in, false)
}

func (x *exec) setDraft(in *args, draft bool) (map[string]any, error) {
	p, err := x.thePull(in.text("pullRequestId"))
	if err != nil {
		return nil, err
	}
	p.draft = draft
	p.repo.settle(p.repo.files)
	return p.payload(), nil
}
