package github

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQuerySendsAndDecodes(t *testing.T) {
	w := newWorld(t, says(200, `{"data":{"viewer":{"login":"x"}}}`))
	var got struct{ Viewer struct{ Login string } }
	err := w.client().Query(t.Context(), "query($n:Int!){ viewer { login } }", map[string]any{"n": 1}, &got)
	if err != nil || got.Viewer.Login != "x" {
		t.Errorf("got %+v, %v", got, err)
	}
	method, body, _ := strings.Cut(w.requests()[0], " /graphql ")
	var sent map[string]any
	if err := json.Unmarshal([]byte(body), &sent); err != nil || method != "POST" {
		t.Fatalf("sent %q", w.requests())
	}
	want := map[string]any{"query": "query($n:Int!){ viewer { login } }", "variables": map[string]any{"n": 1.0}}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestPartialDataIsDecodedBesideItsErrors(t *testing.T) {
	w := newWorld(t, says(200, `{"data":{"a":{"id":"1"},"b":null,"c":null},"errors":[
		{"type":"NOT_FOUND","path":["b","x",3],"locations":[{"line":1,"column":9}],"message":"Could not resolve to a Repository with the name 'acme/b'."},
		{"type":"FORBIDDEN","path":["c"],"message":"Resource not accessible by integration"},
		{"message":"Parse error"}]}`))
	var got struct{ A, B *struct{ ID string } }
	err := w.client().Query(t.Context(), "query { a b c }", nil, &got)
	meets(t, err, NotFound, "E_GITHUB_NOT_FOUND")
	if got.A == nil || got.A.ID != "1" || got.B != nil {
		t.Errorf("got %+v", got)
	}
	e, _ := errors.AsType[*Error](err)
	want := &Error{
		Kind: NotFound, Status: 200, Type: "NOT_FOUND", Path: "b", Message: "Could not resolve to a Repository with the name 'acme/b'.", Request: "GraphQL",
		All: []GraphQLError{
			{NotFound, "NOT_FOUND", "b", []string{"b", "x", "3"}, "Could not resolve to a Repository with the name 'acme/b'."},
			{Denied, "FORBIDDEN", "c", []string{"c"}, "Resource not accessible by integration"},
			{Invalid, "", "", nil, "Parse error"},
		},
	}
	if diff := cmp.Diff(want, e, cmp.AllowUnexported(Error{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := err.Error(); got != "GraphQL b: Could not resolve to a Repository with the name 'acme/b'. (and 2 more)" {
		t.Errorf("it says %q", got)
	}
}

// TestMutationsRefused is what createCommitOnBranch and others are known to answer.
func TestMutationsRefused(t *testing.T) {
	element := func(kind, message string) string {
		e, _ := json.Marshal(map[string]any{"type": kind, "path": []any{"createCommitOnBranch"}, "message": message})
		return `{"data":{"createCommitOnBranch":null},"errors":[` + string(e) + `]}`
	}
	cases := map[string]struct {
		body string
		kind Kind
		code string
		says string
	}{
		"stale":             {element("STALE_DATA", "Expected branch to point to \""+sha+"\" but it did not.  Pull and try again."), Stale, "E_GITHUB_REFUSED", "GraphQL createCommitOnBranch: Expected branch to point to"},
		"refs moved":        {element("UNPROCESSABLE", "Reference cannot be updated: refs/heads/x is at "+sha+" but expected "+strings.Repeat("0", 40)), Stale, "E_GITHUB_REFUSED", ""},
		"refs moved, else":  {element("UNPROCESSABLE", "Expected refs/heads/x to be "+sha+" but it was not"), Stale, "E_GITHUB_REFUSED", ""},
		"no fields":         {element("UNPROCESSABLE", "Expected a commit message but got none"), Invalid, "E_GITHUB_REFUSED", ""},
		"protected":         {element("BRANCH_PROTECTION_RULE_VIOLATION", "Changes must be made through a pull request"), Protected, "E_GITHUB_PROTECTED", "through a pull request"},
		"ruleset":           {element("FORBIDDEN", "Repository rule violations found\n\n3 of 3 required status checks are expected.\n\n"), Protected, "E_GITHUB_PROTECTED", "found: 3 of 3 required status checks are expected."},
		"permission":        {element("FORBIDDEN", "Resource not accessible by integration"), Denied, "E_GITHUB_AUTH", ""},
		"archived":          {element("FORBIDDEN", "Repository was archived so is read-only."), Archived, "E_GITHUB_ARCHIVED", ""},
		"deleted already":   {element("UNPROCESSABLE", "A path was requested for deletion which does not exist as of commit oid `"+sha+"`"), Invalid, "E_GITHUB_REFUSED", "requested for deletion"},
		"no branch":         {element("NOT_FOUND", "Could not resolve to a Branch"), NotFound, "E_GITHUB_NOT_FOUND", ""},
		"clean status":      {element("UNPROCESSABLE", "Pull request is in clean status"), Invalid, "E_GITHUB_REFUSED", "clean status"},
		"merge, head moved": {element("UNPROCESSABLE", "Head branch was modified. Review and try the merge again."), Stale, "E_GITHUB_REFUSED", ""},
		"scopes":            {element("INSUFFICIENT_SCOPES", "Your token has not been granted the required scopes"), Denied, "E_GITHUB_AUTH", ""},
		"workflow":          {element("FORBIDDEN", "refusing to allow a GitHub App to create or update workflow `x` without `workflows` permission"), Workflow, "E_GITHUB_WORKFLOW", ""},
		"limited in part":   {`{"data":{"a":{"id":"1"},"b":null},"errors":[{"message":"x"},{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}`, Limited, "E_GITHUB_LIMIT", ""},
		"wrong in part":     {`{"data":{"a":{"id":"1"}},"errors":[{"type":"NOT_FOUND","message":"x"},{"message":"Something went wrong while executing your query."}]}`, Lost, "E_GITHUB_UNREACHABLE", ""},
		"errors are odd":    {`{"data":null,"errors":"no"}`, Invalid, "E_GITHUB_REFUSED", "GraphQL: no"},
		"an odd element":    {`{"data":null,"errors":[7]}`, Invalid, "E_GITHUB_REFUSED", "GraphQL: 7"},
		"an odd path":       {`{"data":null,"errors":[{"path":"x","message":"y"}]}`, Invalid, "E_GITHUB_REFUSED", "GraphQL: y"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, says(200, c.body))
			err := mutate(t.Context(), w.client())
			meets(t, err, c.kind, c.code)
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %q", err)
			}
			if e, ok := errors.AsType[*Error](err); !ok || e.Status != 200 || len(e.All) == 0 {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestViolationsOverGraphQLAreDetails(t *testing.T) {
	w := newWorld(t, says(200, `{"data":null,"errors":[{"type":"FORBIDDEN","message":"Repository rule violations found\n\nA.\n\nB.\n\n"}]}`))
	e, _ := errors.AsType[*Error](mutate(t.Context(), w.client()))
	if diff := cmp.Diff([]string{"A.", "B."}, e.Details); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAnAnswerOfAnotherShapeIsNotTakenForSuccess(t *testing.T) {
	var into struct{ A int }
	nothing := []http.HandlerFunc{says(200, `{"data":null}`), says(200, `{"data":null,"errors":null}`), says(200, `{"errors":[]}`), says(200, `[]`), says(204, ``)}
	for _, answer := range nothing {
		meets(t, mutate(t.Context(), newWorld(t, answer).client()), Lost, "E_GITHUB_UNREACHABLE")
	}
	w := newWorld(t, says(200, `{"data":{"a":"x"}}`), says(200, `{"data":{"a":"x"}}`))
	c := w.client()
	meets(t, c.Query(t.Context(), "query { a }", nil, &into), Unreachable, "E_GITHUB_UNREACHABLE")
	meets(t, c.Mutate(t.Context(), "mutation { a }", nil, &into), Lost, "E_GITHUB_UNREACHABLE")
	meets(t, c.Query(t.Context(), "query { a }", map[string]any{"x": func() {}}, nil), Other, "E_GITHUB_REFUSED")
}

func TestGraphQLRefusedOverHTTP(t *testing.T) {
	w := newWorld(t, says(401, `{"message":"Bad credentials"}`), says(400, `{"message":"A query attribute must be specified and must be a string."}`))
	c := w.client()
	meets(t, query(t.Context(), c), Unauthorized, "E_GITHUB_AUTH")
	meets(t, mutate(t.Context(), c), Invalid, "E_GITHUB_REFUSED")
}
