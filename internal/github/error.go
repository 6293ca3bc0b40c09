package github

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Kind is what an error of GitHub means to somebody who has to go on from there.
type Kind int

// The kinds. Only Lost leaves open whether a write had its effect; after all
// others it had none.
const (
	Other        Kind = iota // none of those below
	Unauthorized             // the token is none, expired or revoked (401)
	NotFound                 // there is none, or the token may not see it
	Denied                   // the token may see it, but not do this
	Archived                 // the repository is read-only
	Protected                // a ruleset or a protected branch forbids it
	Stale                    // something moved since it was read
	Exists                   // a ref or pull request of that name is there already
	Missing                  // the ref to change or delete is not there
	Invalid                  // GitHub understood and refuses: 422, 409, 405 and the like
	Limited                  // a rate limit lasts longer than this run can wait
	Unreachable              // no answer, and certainly no effect: a read, or a write that was not sent
	Lost                     // a write whose answer was lost or was 5xx: it may have had its effect
	SSO                      // the token is not authorized for the organization's single sign-on
	Workflow                 // the `workflows` permission is missing
	TooLarge                 // the request is larger than GitHub takes
)

// Error is what GitHub answered, or that it did not.
type Error struct {
	Kind     Kind
	Status   int            // of HTTP; 200 for GraphQL's own errors, 0 where there was no answer
	Type     string         // GraphQL's: STALE_DATA, FORBIDDEN, …; of the error that decided Kind
	Path     string         // the first element of that error's path: the field, or its alias, that failed
	Message  string         // GitHub's words
	Details  []string       // the words of `errors`, whatever JSON form they have; of a ruleset its violations
	URL      string         // documentation_url
	Accepted string         // X-Accepted-GitHub-Permissions, such as contents=write
	All      []GraphQLError // every error of a GraphQL answer
	Request  string         // what was asked: the method and the path, or GraphQL
	cause    error          // what went wrong below HTTP
}

// GraphQLError is one element of the `errors` of a GraphQL answer.
type GraphQLError struct {
	Kind    Kind
	Type    string
	Path    string   // the first element: the field, or its alias, that failed
	Whole   []string // the whole path, by the names that the answer uses
	Message string
}

// Error is the request and GitHub's words, in one line of printable characters.
func (e *Error) Error() string {
	var b strings.Builder
	if asked := strings.TrimSpace(e.Request + " " + e.Path); asked != "" {
		b.WriteString(asked + ": ")
	}
	if e.Status >= 300 {
		fmt.Fprintf(&b, "%d ", e.Status)
	}
	b.WriteString(e.words())
	if len(e.All) > 1 {
		fmt.Fprintf(&b, " (and %d more)", len(e.All)-1)
	}
	return fault.Plain(b.String(), 2000)
}

// words are GitHub's: the message, and the details that it does not hold.
func (e *Error) words() string {
	words, rest := e.Message, e.Details
	if header, _, ok := strings.Cut(e.Message, violations+"\n"); ok {
		words = header + violations
	}
	said := words
	if said == "" {
		said = http.StatusText(e.Status)
	}
	for i, detail := range rest {
		switch {
		case strings.Contains(words, detail):
		case i == 0:
			said = strings.TrimRight(said, ":. \n") + ": " + detail
		default:
			said = strings.TrimRight(said, ".") + "; " + detail
		}
	}
	return said
}

// Unwrap is what went wrong below HTTP, if anything.
func (e *Error) Unwrap() error { return e.cause }

// KindOf is the kind of the first Error in err; Other where there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok && e != nil {
		return e.Kind
	}
	return Other
}
