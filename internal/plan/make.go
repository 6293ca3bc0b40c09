package plan

import (
	"cmp"
	"fmt"
	"maps"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/runner"
)

// Inputs are what the user and the machine say beside the event.
type Inputs struct {
	Images     []ref.Repository
	Tags       []Rule // empty: those of the event
	Claim      Claim
	Commit     string // given by the user; "" otherwise
	CheckedOut string // the commit that is checked out; "" if that is not known
	RunnerSHA  string // what the runner calls the commit of the event; "" outside Actions
	Committed  string // when that commit was made, 2026-01-31T09:30:00Z; "" if that is not known
	Now        string // when the run began, written like Committed; "" gives no date to what has no commit
	SourceURL  string // page of the source repository; "" if there is none
	Build      Build  // all but Step; Labels are the user's
	Bump       Bump   // all but Step and Image; Repository "" bumps nothing
}

// Make decides. It fails with E_EVENT_UNKNOWN, E_EVENT_PAYLOAD, E_NO_TAGS, E_TAG
// for a version that is too long for one, or E_TAG_FORBIDDEN; an event for which
// nothing is to be done is a plan that says so.
func Make(in Inputs, e runner.Event) (Plan, error) {
	m, err := understand(e, in.Claim.Prefix)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Event: e.String(), Reason: m.reason, Images: in.Images, Build: in.Build, Bump: in.Bump}
	p.Commit = commitOf(in, m, e)
	p.Commit.Source = in.SourceURL
	on := occasion{meaning: m, event: e, in: in, commit: p.Commit.SHA, rules: in.Tags}
	if len(on.rules) == 0 {
		on.rules = defaultRules(m.kind)
	}
	if m.kind != nothing && m.kind != checkOnly {
		p.Tags = tags(on)
	}
	if len(p.Tags) == 0 && (m.kind == release || m.kind == exact) {
		return Plan{}, fault.Newf("E_NO_TAGS", "add `version`, or leave `tags` empty for the tags of the event",
			"none of `tags` gives a tag here (%s): nothing could be pushed", m.reason)
	}
	for _, t := range p.Tags {
		if _, err := ref.ParseTag(t.String()); err != nil {
			return Plan{}, err
		}
	}
	if on.claims() {
		p.Claim = &in.Claim
	}
	p.Build.Step, p.Push = buildAndPush(m, p)
	p.Build.Labels = labels(in, p.Commit.SHA)
	p.Bump.Step = bump(m, p)
	if !p.Bump.Do {
		p.Bump = Bump{Step: p.Bump.Step}
	} else {
		p.Bump.Image = in.Images[0].String()
	}
	return p, p.permitted()
}

func buildAndPush(m meaning, p Plan) (build, push Step) {
	switch {
	case m.kind == nothing:
		return Step{false, m.reason}, Step{false, "nothing is built"}
	case m.kind == branch && len(p.Tags) == 0:
		return Step{false, m.reason + "; `tags: branch` would build it"}, Step{false, "nothing is built"}
	case m.kind == checkOnly:
		return Step{true, m.reason}, Step{false, m.reason}
	case len(p.Tags) == 0:
		return Step{true, m.reason}, Step{false, "none of `tags` gives a tag here"}
	case len(p.Images) == 0:
		return Step{true, m.reason}, Step{false, "no `images` were given"}
	}
	return Step{true, m.reason}, Step{true, m.reason}
}

func bump(m meaning, p Plan) Step {
	switch {
	case !p.Push.Do:
		return Step{false, "nothing is pushed"}
	case p.Bump.Repository == "":
		return Step{false, "no `infra-repository` was given"}
	case m.kind == preview:
		return Step{false, "a pull request is deployed when it is merged"}
	case m.kind == branch:
		return Step{false, "only the default branch and versions are deployed"}
	case m.prerelease:
		return Step{false, "a pre-release moves nothing but its own tag"}
	}
	return Step{true, m.reason}
}

// commitOf finds the commit that a reader can find again: the head of a pull
// request, not its test merge; otherwise what is checked out, even where the
// workflow checked out something else than the event's commit.
func commitOf(in Inputs, m meaning, e runner.Event) Commit {
	switch {
	case in.Commit != "":
		return Commit{SHA: in.Commit, Reason: "given by `commit`"}
	case e.PullRequest != nil && !e.PullRequest.Merged:
		return Commit{SHA: e.PullRequest.HeadSHA, Reason: "the head of the pull request, not its test merge, which vanishes"}
	case in.CheckedOut != "" && in.RunnerSHA != "" && in.CheckedOut != in.RunnerSHA:
		return Commit{SHA: in.CheckedOut, Reason: fmt.Sprintf("checked out, where the event says %s", in.RunnerSHA)}
	case in.CheckedOut != "" && (in.RunnerSHA != "" || e.Commit == ""):
		return Commit{SHA: in.CheckedOut, Reason: "checked out"}
	case e.Commit != "":
		return Commit{SHA: e.Commit, Reason: "the commit of the event"}
	}
	return Commit{Reason: "the payload names none: it is what will be checked out"}
}

// labels are those by which registries and people find the source again; the
// user's own win. The source is always set where it is known: one inherited from
// a base image would link the package to a stranger's repository.
func labels(in Inputs, commit string) map[string]string {
	all := map[string]string{}
	if in.SourceURL != "" {
		all["org.opencontainers.image.source"] = in.SourceURL
		all["org.opencontainers.image.url"] = in.SourceURL
		all["org.opencontainers.image.title"] = cmp.Or(in.SourceURL[strings.LastIndexByte(in.SourceURL, '/')+1:], in.SourceURL)
	}
	if commit != "" {
		all["org.opencontainers.image.revision"] = commit
	}
	maps.Copy(all, in.Build.Labels)
	return all
}
