package git

import (
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// nested is the reason of newer gits for a branch a beside a/b; older ones say
// that the ref could not be updated, and why to people only.
const nested = "refname conflict"

// refusals are reasons for which a remote leaves a ref alone: git's own
// (receive-pack.c, refs.c) and GitHub's.
var refusals = []answer{
	{"protected branch hook declined", "E_GIT_PROTECTED", hintProtected},
	{"repository rule violations", "E_GIT_PROTECTED", hintRuleset},
	{"currently checked out", "E_GIT_CHECKED_OUT", hintCheckedOut},
	{"refusing to update checked out branch", "E_GIT_CHECKED_OUT", hintCheckedOut},
	{"directory file conflict", "E_BRANCH_NAME", hintNested},
	{nested, "E_BRANCH_NAME", hintNested},
}

// gitHub is how GitHub begins the line that names the rule in the way. Nothing
// else that a remote writes to people is looked at: hooks write what they like.
var gitHub = pattern.New(`(?m)^(?:error: )?(GH006|GH013): `)

// refusal is why the remote did not move a ref, in its own words.
func refusal(remote Remote, r Result) error {
	words := r.Reason
	if r.Said != "" {
		words += "\n" + r.Said
	}
	a := classify(r)
	return fault.New(a.code, a.hint, about(&remote, fmt.Errorf("%s: %s", r.Ref, words)))
}

func classify(r Result) answer {
	for _, a := range refusals {
		if strings.Contains(r.Reason, a.text) {
			return a
		}
	}
	rule := gitHub.FindStringSubmatch(r.Said)
	switch {
	case rule != nil && rule[1] == "GH006":
		return answer{code: "E_GIT_PROTECTED", hint: hintProtected}
	case rule != nil:
		return answer{code: "E_GIT_PROTECTED", hint: hintRuleset}
	case r.Reason == "non-fast-forward":
		return answer{code: "E_GIT_REFUSED", hint: forced(r.Ref)}
	}
	return answer{code: "E_GIT_REFUSED", hint: "a hook or rule of the remote refuses this push: its words are above"}
}

// forced is the way out where the remote lets nobody force a push to a ref.
func forced(ref string) string {
	branch := strings.TrimPrefix(ref, "refs/heads/")
	these := branch
	if folder, _, ok := strings.Cut(branch, "/"); ok {
		these = folder + "/*"
	}
	return fmt.Sprintf("the remote forbids forced pushes: delete the branch %s, or allow forced pushes to %s", branch, these)
}

// remoteLines are the lines of git's messages that come from the remote.
func remoteLines(said string) []string {
	var lines []string
	for line := range strings.Lines(said) {
		if words, ok := strings.CutPrefix(line, "remote:"); ok && strings.TrimSpace(words) != "" {
			lines = append(lines, strings.TrimSpace(words))
		}
	}
	return lines
}
