package infra

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/seed-96940006/tagboat/internal/github"
)

// dress adds what a pull request lacks: labels, people, the automatic merge. That
// one of these cannot be had is noted; the pull request stands all the same. What
// people have taken off one that stays as it is stays off, but for all of it, as
// after a run that ended half-way.
func (g *GitHub) dress(ctx context.Context, on *Snapshot, p Proposal, pull *pullAnswer, op Operation, written *Written) error {
	made := &PullRequest{Number: pull.Number, URL: pull.URL, Operation: op}
	written.PullRequest = made
	note := func(what string, err error) {
		if err = github.Explain(err); err != nil {
			made.Notes = append(made.Notes, fmt.Sprintf("%s: %v", what, err))
		}
	}
	if on.github.byJobToken() && op != Unchanged {
		made.Notes = append(made.Notes, "it was made with the job's GITHUB_TOKEN, so its checks do not start by themselves: give `infra-token`, or `app-id` and `app-private-key`, or let people approve them")
	}
	if labels := without(p.Labels, pull.labels()); len(labels) > 0 && (op != Unchanged || len(pull.Labels.Nodes) == 0) {
		note("labels were not set", g.add(ctx, pull.Number, "labels", labels))
	}
	if people := without(p.Assignees, pull.assignees()); len(people) > 0 && (op != Unchanged || len(pull.Assignees.Nodes) == 0) {
		note("nobody was assigned", g.add(ctx, pull.Number, "assignees", people))
	}
	if untouched := pull.ReviewRequests.TotalCount == 0 && len(pull.LatestReviews.Nodes) == 0; op != Unchanged || untouched {
		request := gogithub.ReviewersRequest{Reviewers: without(p.Reviewers, pull.reviewers())}
		if untouched {
			request.TeamReviewers = p.TeamReviewers
		}
		g.askForReviews(ctx, pull.Number, request, note)
	}
	if p.AutoMerge != "" && pull.AutoMergeRequest == nil && (op != Unchanged || pull.bare()) {
		g.autoMerge(ctx, p, pull, written)
	}
	return ctx.Err()
}

// add puts names on an issue's list and takes none off, in the form that GitHub
// describes; go-github sends labels in an older one.
func (g *GitHub) add(ctx context.Context, number int, list string, names []string) error {
	rest := g.o.Client.REST()
	req, err := rest.NewRequest(http.MethodPost, fmt.Sprintf("repos/%s/%s/issues/%d/%s", g.owner, g.name, number, list), map[string][]string{list: names})
	if err != nil {
		return err
	}
	_, err = rest.Do(ctx, req, nil)
	return err
}

// askForReviews asks for reviews. GitHub asks nobody where it does not take one of
// them, so that then each is asked alone.
func (g *GitHub) askForReviews(ctx context.Context, number int, all gogithub.ReviewersRequest, note func(string, error)) {
	ask := func(r gogithub.ReviewersRequest) error {
		_, _, err := g.o.Client.REST().PullRequests.RequestReviewers(ctx, g.owner, g.name, number, r)
		return github.Explain(err)
	}
	count := len(all.Reviewers) + len(all.TeamReviewers)
	if count == 0 {
		return
	}
	err := ask(all)
	if count == 1 || !saidNo(err, github.Invalid) {
		note("reviewers were not asked", err)
		return
	}
	for _, login := range all.Reviewers {
		note(login+" was not asked for a review", ask(gogithub.ReviewersRequest{Reviewers: []string{login}}))
	}
	for _, slug := range all.TeamReviewers {
		note("team "+slug+" was not asked for a review", ask(gogithub.ReviewersRequest{TeamReviewers: []string{slug}}))
	}
}

// bare reports whether nothing was done to a pull request since it was opened, as after
// a run that ended there.
func (p *pullAnswer) bare() bool {
	return len(p.Labels.Nodes)+len(p.Assignees.Nodes)+p.ReviewRequests.TotalCount+len(p.LatestReviews.Nodes) == 0
}

func (p *pullAnswer) labels() (names []string) {
	for _, l := range p.Labels.Nodes {
		names = append(names, l.Name)
	}
	return names
}

func (p *pullAnswer) assignees() (logins []string) {
	for _, a := range p.Assignees.Nodes {
		logins = append(logins, a.Login)
	}
	return logins
}

// reviewers are those who were asked, and those who have answered.
func (p *pullAnswer) reviewers() (logins []string) {
	for _, r := range p.ReviewRequests.Nodes {
		logins = append(logins, r.RequestedReviewer.Login)
	}
	for _, r := range p.LatestReviews.Nodes {
		logins = append(logins, r.Author.Login)
	}
	return logins
}

// without is all of them that are not among some. Names of GitHub do not tell upper
// from lower case.
func without(all, some []string) (rest []string) {
	for _, name := range all {
		if !slices.ContainsFunc(some, func(other string) bool { return strings.EqualFold(other, name) }) {
			rest = append(rest, name)
		}
	}
	return rest
}
