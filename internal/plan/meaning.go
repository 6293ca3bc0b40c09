package plan

import (
	"cmp"
	"fmt"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/runner"
	"github.com/seed-96940006/tagboat/internal/version"
)

// kind is what an event means for the image.
type kind int

const (
	nothing   kind = iota // no image
	checkOnly             // an image is built and kept to ourselves
	preview               // an image for a pull request
	branch                // an image of a branch other than the default one
	release               // the next number of the series
	exact                 // the version that a person has given
)

// meaning is an event, understood.
type meaning struct {
	kind       kind
	reason     string
	version    string // exact only: the image's tag
	prerelease bool   // exact only: moves nothing but itself
}

const dependabot = "dependabot[bot]"

// understand gives every event its meaning. prefix is that of version tags in
// git. It fails with E_EVENT_UNKNOWN for an event that nothing was decided for:
// a run that does nothing must be meant.
func understand(e runner.Event, prefix string) (meaning, error) {
	switch e.Name {
	case "pull_request":
		return pullRequest(e)
	case "pull_request_target":
		if e.Action == "closed" {
			return pullRequest(e)
		}
		return meaning{reason: "pull_request_target checks out the default branch, not the pull request: use `on: pull_request`"}, nil
	case "push":
		return push(e, prefix)
	case "schedule", "workflow_dispatch", "workflow_call", "repository_dispatch":
		return meaning{kind: release, reason: e.Name + " releases the commit that is checked out"}, nil
	case runner.ByHand:
		return meaning{kind: release, reason: "run by hand: the commit that is checked out is released"}, nil
	case "release":
		if e.Action != "published" {
			return meaning{reason: fmt.Sprintf("release %s: only a published release is built", e.Action)}, nil
		}
		return tagged("release", e.Release.Tag, prefix, e.Release.Prerelease), nil
	case "merge_group":
		if e.Action != "checks_requested" {
			return meaning{reason: "the merge group is gone"}, nil
		}
		return meaning{kind: checkOnly, reason: "a merge group is built to be checked; its merge releases it"}, nil
	case "delete":
		return meaning{reason: e.Ref + " was deleted"}, nil
	}
	return meaning{}, fault.Newf("E_EVENT_UNKNOWN",
		"allowed are pull_request, push, release, merge_group, schedule, workflow_dispatch, workflow_call, repository_dispatch, pull_request_target and delete",
		"nothing is decided for the event %q", e.Name)
}

func pullRequest(e runner.Event) (meaning, error) {
	if e.Action == "closed" {
		return closed(e)
	}
	pr := e.PullRequest
	name := fmt.Sprintf("pull request #%d", pr.Number)
	switch {
	case changes[e.Action] == "":
		return meaning{reason: fmt.Sprintf("%s: %s changes nothing about its image", name, e.Action)}, nil
	case pr.HeadRepository == "":
		return meaning{kind: checkOnly, reason: name + " comes from a fork that is gone: it is built and not pushed"}, nil
	case pr.HeadRepository != e.Repository:
		return meaning{kind: checkOnly, reason: fmt.Sprintf("%s comes from the fork %s, which gets no credentials: it is built and not pushed", name, pr.HeadRepository)}, nil
	case cmp.Or(e.Sender, pr.Author) == dependabot:
		return meaning{kind: checkOnly, reason: name + " comes from Dependabot, which gets no credentials: it is built and not pushed"}, nil
	}
	return meaning{kind: preview, reason: name + " " + changes[e.Action]}, nil
}

// changes are the actions after which a pull request wants another image.
var changes = map[string]string{
	"opened":           "was opened",
	"reopened":         "was reopened",
	"synchronize":      "got new commits",
	"ready_for_review": "is ready for review",
}

func closed(e runner.Event) (meaning, error) {
	pr := e.PullRequest
	name := fmt.Sprintf("pull request #%d", pr.Number)
	switch {
	case !pr.Merged:
		return meaning{reason: name + " was closed without a merge"}, nil
	case e.DefaultBranch == "":
		return meaning{}, noDefaultBranch(name)
	case pr.BaseRef != e.DefaultBranch:
		return meaning{kind: branch, reason: fmt.Sprintf("%s was merged into %q, which is not the default branch %q", name, pr.BaseRef, e.DefaultBranch)}, nil
	}
	return meaning{kind: release, reason: name + " was merged"}, nil
}

func noDefaultBranch(what string) error {
	return fault.Newf("E_EVENT_PAYLOAD", "add repository.default_branch to the payload, as GitHub sends it",
		"the payload of %s does not say which branch is the default one", what)
}

func push(e runner.Event, prefix string) (meaning, error) {
	switch {
	case e.Deleted:
		return meaning{reason: e.Ref + " was deleted"}, nil
	case e.Tag() != "":
		return tagged("tag", e.Tag(), prefix, false), nil
	case e.DefaultBranch == "":
		return meaning{}, noDefaultBranch("the push to " + e.Ref)
	case e.Branch() == e.DefaultBranch:
		return meaning{kind: release, reason: fmt.Sprintf("push to the default branch %q", e.Branch())}, nil
	}
	return meaning{kind: branch, reason: fmt.Sprintf("push to %q, which is not the default branch %q", e.Branch(), e.DefaultBranch)}, nil
}

// tagged reads a version off a git tag that a person has made. The claim of a
// number makes such tags too: with a token that starts workflows they come here,
// where they ask for the very version that they have.
func tagged(what, tag, prefix string, prerelease bool) meaning {
	v, pre, ok := version.ParseRelease(tag, prefix)
	switch {
	case !ok:
		return meaning{reason: fmt.Sprintf("%s %q is no version (%sv1.2.3)", what, tag, prefix)}
	case pre || prerelease:
		return meaning{kind: exact, version: v, prerelease: true, reason: fmt.Sprintf("%s %s is a pre-release: it moves nothing but its own tag", what, tag)}
	}
	return meaning{kind: exact, version: v, reason: fmt.Sprintf("%s %s gives the version", what, tag)}
}
