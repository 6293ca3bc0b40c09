package hub

import "strings"

// landing is how an input wants a pull request merged.
func (a *args) landing(by *person) landing {
	words := mergeWords{a.given("commitHeadline"), a.given("commitBody")}
	return landing{strings.ToLower(a.either("mergeMethod", "MERGE")), words, by}
}

func mergePullRequest(x *exec, in *args) (map[string]any, error) {
	p, err := x.thePull(in.text("pullRequestId"))
	if err != nil {
		return nil, err
	}
	if err := x.need(p.repo, "contents", "write"); err != nil {
		return nil, err
	}
	l := in.landing(x.who.owner)
	expected := in.text("expectedHeadOid")
	if p.merged {
		return p.payload(), nil
	}
	no := p.repo.tryMerge(p, expected, l)
	switch {
	case no == nil:
		return p.payload(), nil
	case no.protected:
		kind := "BRANCH_PROTECTION_RULE_VIOLATION"
		if no.ruleset {
			kind = "FORBIDDEN"
		}
		return nil, &graphError{kind, no.words}
	default:
		return nil, unprocessable(no.words)
	}
}

func enablePullRequestAutoMerge(x *exec, in *args) (map[string]any, error) {
	p, err := x.thePull(in.text("pullRequestId"))
	if err != nil {
		return nil, err
	}
	if err := x.need(p.repo, "contents", "write"); err != nil {
		return nil, err
	}
	a := &autoMerge{in.landing(x.who.owner), x.hub.now()}
	expected := in.text("expectedHeadOid")
	status := p.status()
	switch {
	case !p.repo.settings.AutoMerge:
		return nil, unprocessable("Pull request Auto merge is not allowed for this repository")
	case !p.open:
		return nil, unprocessable("Pull request is closed")
	case expected != "" && expected != p.headOID:
		return nil, unprocessable(saysHeadMoved)
	case p.auto != nil: // updated
	case status == "CLEAN":
		return nil, unprocessable("Pull request is in clean status")
	case status == "UNSTABLE":
		return nil, unprocessable("Pull request is in unstable status")
	case len(p.repo.rules(nil, "refs/heads/"+p.base, false))+len(p.repo.rules(nil, "refs/heads/"+p.base, true)) == 0:
		return nil, unprocessable("Pull request Protected branch rules not configured for this branch")
	}
	p.auto = a
	return p.actorPayload(x), nil
}

func disablePullRequestAutoMerge(x *exec, in *args) (map[string]any, error) {
	p, err := x.thePull(in.text("pullRequestId"))
	if err != nil {
		return nil, err
	}
	if p.auto == nil {
		return nil, unprocessable("Can't disable auto-merge for this pull request")
	}
	p.auto = nil
	return p.actorPayload(x), nil
}

func (p *pull) actorPayload(x *exec) map[string]any {
	values := p.payload()
	values["actor"] = actor(x.who.owner)
	return values
}
