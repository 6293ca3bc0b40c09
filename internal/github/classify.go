package github

import (
	"net/http"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// violations begins what a ruleset says, over REST and GraphQL.
const violations = "Repository rule violations found"

// types are those of GraphQL that need no look at the message.
var types = map[string]Kind{
	"STALE_DATA":                       Stale,
	"BRANCH_PROTECTION_RULE_VIOLATION": Protected,
	"NOT_FOUND":                        NotFound,
	"RATE_LIMITED":                     Limited,
	"RATE_LIMIT":                       Limited,
}

// sayings are what GitHub's refusals are told apart by, in lower case, most telling
// first: statuses and types are shared by refusals of very different remedies.
var sayings = []struct {
	words string
	kind  Kind
}{
	{"api rate limit exceeded", Limited},
	{"secondary rate limit", Limited},
	{"abuse detection mechanism", Limited},
	{"temporarily blocked from content creation", Limited},
	{"workflows` permission", Workflow},
	{"workflow` scope", Workflow},
	{"archived so is read-only", Archived},
	{"archived so it is read-only", Archived},
	{"saml enforcement", SSO},
	{"repository rule violations found", Protected},
	{"changes must be made through a pull request", Protected},
	{"required status check", Protected},
	{"approving review", Protected},
	{"cannot update this protected ref", Protected},
	{"cannot delete this branch", Protected},
	{"creations being restricted", Protected},
	{"protected branch update failed", Protected},
	{"you're not authorized to push to this branch", Protected},
	{"update is not a fast forward", Stale},
	{"expected branch to point to", Stale},
	{"expected to be at", Stale},
	{"branch was modified. review and try the merge again", Stale},
	{"match current head ref", Stale},
	{"reference already exists", Exists},
	{"a pull request already exists", Exists},
	{"already exists in the repository", Exists},
	{"reference does not exist", Missing},
	{"input was too large", TooLarge},
}

var (
	moved     = pattern.New(`is at [0-9a-f]{40,64} but expected|expected [^\n]*\b[0-9a-f]{40,64}\b[^\n]* but`)
	otherBlob = pattern.New(` does not match [^ ]*$`)
)

// classify says what a refusal means. Where said says nothing, the status does.
func classify(e *Error, writes bool) Kind {
	said := strings.ToLower(e.Message + "\n" + strings.Join(e.Details, "\n"))
	switch {
	case e.Status >= 500:
		return unanswered(writes)
	case e.Status == http.StatusUnauthorized:
		return Unauthorized
	case e.Status == http.StatusTooManyRequests || secondary(e.URL):
		return Limited
	case e.Status == http.StatusRequestEntityTooLarge:
		return TooLarge
	}
	if kind, ok := types[e.Type]; ok {
		return kind
	}
	if e.Status == http.StatusNotFound && !strings.Contains(said, "workflow") {
		return NotFound
	}
	for _, s := range sayings {
		if strings.Contains(said, s.words) {
			return s.kind
		}
	}
	switch {
	case moved.MatchString(said) || e.Status == http.StatusConflict && otherBlob.MatchString(strings.TrimSpace(e.Message)):
		return Stale
	case strings.Contains(e.URL, "about-protected-branches"):
		return Protected
	}
	return byStatus(e)
}

func byStatus(e *Error) Kind {
	switch {
	case e.Status == http.StatusNotFound:
		return NotFound
	case e.Status == http.StatusForbidden || e.Type == "FORBIDDEN" || e.Type == "INSUFFICIENT_SCOPES":
		return Denied
	case e.Status >= 400:
		return Invalid
	case e.Status == http.StatusOK:
		return Invalid // GraphQL: UNPROCESSABLE, and documents that it does not take
	}
	return Other
}

// denials are words for what the token may not do. A 403 without them, and with a
// limit's headers, is a limit.
var denials = []string{
	"resource not accessible by", "not permitted to create or approve pull requests", "must have admin rights",
	"suspended", "ip allow list", "permission", "not granted", "forbidden by administrative rules",
}

func denial(message string) bool {
	said := strings.ToLower(message)
	return slices.ContainsFunc(denials, func(words string) bool { return strings.Contains(said, words) })
}

// unanswered is the kind of a request that was sent and got no answer to go by.
func unanswered(writes bool) Kind {
	if writes {
		return Lost
	}
	return Unreachable
}

// secondary reports whether GitHub points at its text on secondary limits.
func secondary(documentation string) bool {
	return strings.HasSuffix(documentation, "secondary-rate-limits") || strings.HasSuffix(documentation, "#abuse-rate-limits")
}

// broken are GraphQL's words, in an answer of status 200, for trouble of its own
// during which a mutation may have been done.
var broken = []string{"something went wrong while executing your query", "couldn't respond to your request in time"}

func troubled(message string) bool {
	said := strings.ToLower(message)
	return slices.ContainsFunc(broken, func(words string) bool { return strings.Contains(said, words) })
}
