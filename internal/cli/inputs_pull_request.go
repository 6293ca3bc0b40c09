package cli

import (
	"errors"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/plan"
)

// pullRequestInputs say how a change is put before people.
type pullRequestInputs struct {
	PRBranch        string   `group:"Pull request" placeholder:"BRANCH" help:"Branch of the pull request. Services that name the same one share one pull request. Default: tagboat/<service>-<environment>, or a hash of the place where there is no environment."`
	PRTitle         string   `group:"Pull request" placeholder:"TEMPLATE" help:"Title, as a template like commit-message. Default: the first line of the commit's message."`
	PRBody          string   `group:"Pull request" placeholder:"TEMPLATE" help:"Text above the table of what changes, as a template like commit-message."`
	PRLabels        []string `sep:"none" group:"Pull request" placeholder:"LABEL" help:"Labels of the pull request, one a line."`
	PRReviewers     []string `sep:"none" group:"Pull request" placeholder:"LOGIN" help:"People who are asked for a review, one login a line."`
	PRTeamReviewers []string `sep:"none" group:"Pull request" placeholder:"TEAM" help:"Teams that are asked for a review, one slug a line. That needs members: read of the organization."`
	PRAssignees     []string `sep:"none" group:"Pull request" placeholder:"LOGIN" help:"People whom the pull request is assigned to, one login a line."`
	PRDraft         bool     `group:"Pull request" help:"Open the pull request as a draft."`
	PRAutoMerge     string   `group:"Pull request" default:"off" enum:"off,merge,squash,rebase" help:"Let GitHub merge it by this method once all is there that the branch requires; at once where it requires nothing."`
}

// noAutoMerge leaves the merge to people.
const noAutoMerge = "off"

// pullRequest is what the plan knows of them.
func (in pullRequestInputs) pullRequest() *plan.PullRequest {
	pr := &plan.PullRequest{
		Branch: in.PRBranch, Labels: in.PRLabels, Reviewers: in.PRReviewers, TeamReviewers: in.PRTeamReviewers, Assignees: in.PRAssignees,
		Draft: in.PRDraft,
	}
	if in.PRAutoMerge != noAutoMerge {
		pr.AutoMerge = in.PRAutoMerge
	}
	return pr
}

// given are the names of those that were given, but for that of the branch.
func (in pullRequestInputs) given() (names []string) {
	for _, input := range []struct {
		name string
		set  bool
	}{
		{"pr-title", in.PRTitle != ""}, {"pr-body", in.PRBody != ""}, {"pr-labels", len(in.PRLabels) > 0},
		{"pr-reviewers", len(in.PRReviewers) > 0}, {"pr-team-reviewers", len(in.PRTeamReviewers) > 0},
		{"pr-assignees", len(in.PRAssignees) > 0}, {"pr-draft", in.PRDraft},
		{"pr-auto-merge", in.PRAutoMerge != "" && in.PRAutoMerge != noAutoMerge},
	} {
		if input.set {
			names = append(names, input.name)
		}
	}
	return names
}

func (in pullRequestInputs) mistakes(mode string) error {
	errs := []error{
		checkTemplate("pr-title", in.PRTitle), checkTemplate("pr-body", in.PRBody),
		checkNames("pr-reviewers", "login", in.PRReviewers), checkNames("pr-team-reviewers", "slug", in.PRTeamReviewers),
		checkNames("pr-assignees", "login", in.PRAssignees),
	}
	given := in.given()
	if in.PRBranch != "" {
		given = append([]string{"pr-branch"}, given...)
	}
	if mode != string(plan.ModePullRequest) && len(given) > 0 {
		errs = append(errs, fault.Newf("E_INPUT", "use `infra-mode: pull-request`, or leave them out",
			"infra-mode %s opens no pull request, which %s would be of", mode, strings.Join(given, ", ")))
	}
	if in.PRDraft && in.PRAutoMerge != "" && in.PRAutoMerge != noAutoMerge {
		errs = append(errs, fault.Newf("E_INPUT", "leave out `pr-draft` or `pr-auto-merge`", "a draft is not merged, and pr-auto-merge asks for it"))
	}
	return errors.Join(errs...)
}

var accountForm = pattern.New(`^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_])?(\[bot\])?$`)

// checkNames refuses what is no login and no slug: @ada, acme/platform, ada,bob.
func checkNames(input, kind string, names []string) error {
	var errs []error
	for _, name := range names {
		if !accountForm.MatchString(name) {
			errs = append(errs, fault.Newf("E_INPUT", "write the "+kind+" alone, one a line, without @ and organization", "%s: %q is no %s", input, name, kind))
		}
	}
	return errors.Join(errs...)
}
