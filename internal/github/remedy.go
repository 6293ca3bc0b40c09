package github

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
)

const (
	hintToken     = "the token was refused: see that it has not expired or been revoked, and belongs to this GitHub"
	hintInvisible = "check owner and name, and that the token may see the repository: the job's own token sees no other private one; use a GitHub App (`app-id`), or a token that may (`infra-token`)"
	hintSSO       = "authorize the token for the organization (Configure SSO beside it, on https://github.com/settings/tokens), or use a GitHub App"
	hintArchived  = "unarchive the repository in its settings, or name another one"
	hintProtected = "use `infra-mode: pull-request`, or let this identity bypass the rule"
	hintWorkflow  = "files below .github/workflows need the permission `workflows: write`, which the job's own token never has: use a GitHub App that has it, or leave these files out (`exclude`)"
	hintPR        = "switch on Settings → Actions → General → Allow GitHub Actions to create and approve pull requests, of the repository and of its organization, or use a GitHub App"
	hintAllowList = "let the runner's address into the organization's IP allow list, or run on a runner that is in it"
	hintTrouble   = "GitHub has trouble: look at its status page (https://www.githubstatus.com), then run again"
	hintNetwork   = "check the host's name and the network, then run again"
	hintTLS       = "give the certificate authority of this host: `ca-file`"
	hintAddress   = "GITHUB_API_URL is https://api.github.com, or https://HOST/api/v3; GITHUB_GRAPHQL_URL is https://api.github.com/graphql, or https://HOST/api/graphql"
	hintLost      = "it may have been done all the same: run again, which looks at what is there first"
	hintStale     = "somebody else wrote in between: run again"
	hintRefused   = "GitHub refuses this; its words are in the message"
	hintUpdate    = "a rule may forbid to make or move this ref, or a branch has the name of another one's folder (a and a/b): choose another name, or let this identity bypass the rule"
	hintEmpty     = "make a first commit in the repository"
	hintTooLarge  = "the change is too large for the API: use `infra-via: git`"
	hintSuspended = "unsuspend the app's installation in the settings of the account: Applications → Installed GitHub Apps"
	hintAccepted  = "GitHub does this in the background: run again in a moment"
	hintTaken     = "it is there already: look whether it is what you want, or choose another name"
	hintGone      = "somebody may have deleted it: look whether it should be there, then run again"
)

// remedies are the codes and hints of kinds that need no closer look.
var remedies = map[Kind]struct{ code, hint string }{
	Unauthorized: {"E_GITHUB_AUTH", hintToken},
	NotFound:     {"E_GITHUB_NOT_FOUND", hintInvisible},
	Archived:     {"E_GITHUB_ARCHIVED", hintArchived},
	Protected:    {"E_GITHUB_PROTECTED", hintProtected},
	Workflow:     {"E_GITHUB_WORKFLOW", hintWorkflow},
	SSO:          {"E_GITHUB_SSO", hintSSO},
	Lost:         {"E_GITHUB_UNREACHABLE", hintLost},
	Stale:        {"E_GITHUB_REFUSED", hintStale},
	Exists:       {"E_GITHUB_REFUSED", hintTaken},
	Missing:      {"E_GITHUB_REFUSED", hintGone},
	TooLarge:     {"E_GITHUB_REFUSED", hintTooLarge},
	Limited:      {"E_GITHUB_LIMIT", "wait, then run again"},
	Other:        {"E_GITHUB_REFUSED", ""},
}

// fault gives an error its code and what to do about it.
func (e *Error) fault() *fault.Fault {
	if e.Status == http.StatusAccepted {
		return fault.New("E_GITHUB_REFUSED", hintAccepted, e)
	}
	if r, ok := remedies[e.Kind]; ok {
		return fault.New(r.code, r.hint, e)
	}
	switch e.Kind {
	case Denied:
		return e.denied()
	case Unreachable:
		return fault.New("E_GITHUB_UNREACHABLE", e.absent(), e)
	}
	said := strings.ToLower(e.Message)
	switch {
	case strings.Contains(said, "reference update failed"):
		return fault.New("E_GITHUB_REFUSED", hintUpdate, e)
	case strings.Contains(said, "repository is empty"):
		return fault.New("E_GITHUB_REFUSED", hintEmpty, e)
	}
	return fault.New("E_GITHUB_REFUSED", hintRefused, e)
}

func (e *Error) denied() *fault.Fault {
	said := strings.ToLower(e.Message)
	switch {
	case strings.Contains(said, "not permitted to create or approve pull requests"):
		return fault.New("E_GITHUB_PR_FORBIDDEN", hintPR, e)
	case strings.Contains(said, "suspended"):
		return fault.New("E_GITHUB_APP", hintSuspended, e)
	case strings.Contains(said, "ip allow list"):
		return fault.New("E_GITHUB_AUTH", hintAllowList, e)
	case e.Accepted != "":
		return fault.New("E_GITHUB_AUTH", fmt.Sprintf("the token may not do this: it needs %s", permissions(e.Accepted)), e)
	}
	return fault.New("E_GITHUB_AUTH", "the token may not do this: it needs `contents: write`, and `pull-requests: write` for pull requests, on this very repository", e)
}

// permissions spells X-Accepted-GitHub-Permissions as a job's `permissions` does.
func permissions(accepted string) string {
	var ways []string
	for way := range strings.SplitSeq(accepted, ";") {
		var all []string
		for one := range strings.SplitSeq(way, ",") {
			name, level, _ := strings.Cut(strings.TrimSpace(one), "=")
			all = append(all, fmt.Sprintf("`%s: %s`", fault.Plain(strings.ReplaceAll(name, "_", "-"), 60), fault.Plain(level, 20)))
		}
		ways = append(ways, strings.Join(all, " and "))
	}
	return strings.Join(ways, ", or ")
}

// absent is what to do where no answer came.
func (e *Error) absent() string {
	certificate, _ := errors.AsType[*tls.CertificateVerificationError](e.cause)
	switch {
	case e.Status > 0:
		return hintTrouble
	case certificate != nil:
		return hintTLS
	}
	return hintNetwork
}
