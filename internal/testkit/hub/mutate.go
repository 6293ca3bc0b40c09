package hub

import (
	"strings"
)

// mutationRoot is where mutations begin.
type mutationRoot struct{}

func (*mutationRoot) typename() string { return "Mutation" }

// mutation is one of the root's fields.
type mutation func(x *exec, in *args) (map[string]any, error)

func (*mutationRoot) field(x *exec, name string, a *args) (any, error) {
	do := mutationNamed(name)
	if do == nil {
		return nil, errUntaught
	}
	in := a.child("input")
	id := in.get("clientMutationId")
	values, err := do(x, in)
	if err != nil {
		return nil, err
	}
	values["clientMutationId"] = id
	return bag{strings.ToUpper(name[:1]) + name[1:] + "Payload", values}, nil
}

func mutationNamed(name string) mutation {
	switch name {
	case "createCommitOnBranch":
		return createCommitOnBranch
	case "createRef":
		return createRef
	case "updateRef":
		return updateRef
	case "updateRefs":
		return updateRefs
	case "deleteRef":
		return deleteRef
	case "createPullRequest":
		return createPullRequest
	case "updatePullRequest":
		return updatePullRequest
	case "closePullRequest":
		return closePullRequest
	case "reopenPullRequest":
		return reopenPullRequest
	case "convertPullRequestToDraft":
		return convertPullRequestToDraft
	case "markPullRequestReadyForReview":
		return markPullRequestReadyForReview
	case "mergePullRequest":
		return mergePullRequest
	case "enablePullRequestAutoMerge":
		return enablePullRequestAutoMerge
	case "disablePullRequestAutoMerge":
		return disablePullRequestAutoMerge
	case "addComment":
		return addComment
	case "addLabelsToLabelable":
		return addLabelsToLabelable
	case "addAssigneesToAssignable":
		return addAssigneesToAssignable
	case "requestReviews":
		return requestReviews
	default:
		return nil
	}
}

func unprocessable(message string) error { return &graphError{"UNPROCESSABLE", message} }

func notFound(message string) error { return &graphError{"NOT_FOUND", message} }

// theRepo is the repository of an input, if the token may write to it.
func (x *exec) theRepo(id string) (*Repo, error) {
	r := x.hub.repoOf(id)
	if r == nil || !x.who.sees(r) {
		return nil, notFound(unresolved(id))
	}
	return r, x.need(r, "contents", "write")
}

// move asks the rules and then moves refs.
func (x *exec) move(r *Repo, changes ...change) error {
	for _, c := range changes {
		if c.new == zero {
			continue
		}
		if path := r.workflowChange(x.who, c.name, c.new); path != "" {
			return &graphError{"FORBIDDEN", x.who.workflowWords(path)}
		}
	}
	if no := r.guard(x.who.owner, changes...); no != nil {
		return graphRefusal(no)
	}
	_, err := r.move(changes...)
	return err
}

// graphRefusal is how GraphQL tells of rules: rulesets have the type of a lack of
// permission, and only the words tell them apart.
func graphRefusal(no *refused) error {
	if no.ruleset {
		return &graphError{"FORBIDDEN", no.Error()}
	}
	return &graphError{"BRANCH_PROTECTION_RULE_VIOLATION", no.Error()}
}
