package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
)

const sha = "0123456789abcdef0123456789abcdef01234567"

// TestRefusals is what GitHub is known to answer, and what it means.
func TestRefusals(t *testing.T) {
	message := func(m string) string {
		quoted, _ := json.Marshal(m)
		return fmt.Sprintf(`{"message":%s,"documentation_url":"https://docs.github.com/rest","status":"422"}`, quoted)
	}
	pull := func(e string) string {
		return `{"message":"Validation Failed","errors":[` + e + `],"documentation_url":"https://docs.github.com/rest/pulls/pulls#create-a-pull-request","status":"422"}`
	}
	protected := func(m string) string {
		return fmt.Sprintf(`{"message":%q,"documentation_url":"https://docs.github.com/articles/about-protected-branches","status":"422"}`, m)
	}
	cases := map[string]struct {
		status int
		body   string
		kind   Kind
		code   string
		says   string // part of the error's text
	}{
		"no credentials":         {401, message("Requires authentication"), Unauthorized, "E_GITHUB_AUTH", "401 Requires authentication"},
		"bad token":              {401, message("Bad credentials"), Unauthorized, "E_GITHUB_AUTH", "Bad credentials"},
		"invisible":              {404, message("Not Found"), NotFound, "E_GITHUB_NOT_FOUND", "404 Not Found"},
		"no such branch":         {404, message("Branch archived so is read-only not found"), NotFound, "E_GITHUB_NOT_FOUND", ""},
		"no permission":          {403, message("Resource not accessible by integration"), Denied, "E_GITHUB_AUTH", ""},
		"no permission, PAT":     {403, message("Resource not accessible by personal access token"), Denied, "E_GITHUB_AUTH", ""},
		"no admin":               {403, message("Must have admin rights to Repository."), Denied, "E_GITHUB_AUTH", ""},
		"no words":               {403, ``, Denied, "E_GITHUB_AUTH", "403 Forbidden"},
		"allow list":             {403, message("Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource."), Denied, "E_GITHUB_AUTH", "IP allow list"},
		"SSO":                    {403, message("Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization."), SSO, "E_GITHUB_SSO", "SAML"},
		"archived":               {403, message("Repository was archived so is read-only."), Archived, "E_GITHUB_ARCHIVED", "archived"},
		"the PR switch":          {403, message("GitHub Actions is not permitted to create or approve pull requests."), Denied, "E_GITHUB_PR_FORBIDDEN", "not permitted"},
		"workflow, 403":          {403, message("refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission"), Workflow, "E_GITHUB_WORKFLOW", "ci.yml"},
		"workflow, 404":          {404, message("refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission"), Workflow, "E_GITHUB_WORKFLOW", ""},
		"workflow, PAT":          {403, message("refusing to allow a Personal Access Token to create or update workflow `x` without `workflow` scope"), Workflow, "E_GITHUB_WORKFLOW", ""},
		"suspended":              {403, message("This installation has been suspended"), Denied, "E_GITHUB_APP", ""},
		"no user agent":          {403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header", Denied, "E_GITHUB_AUTH", "Request forbidden by administrative rules"},
		"not JSON":               {400, message("Problems parsing JSON"), Invalid, "E_GITHUB_REFUSED", "400 Problems parsing JSON"},
		"API version":            {400, `{"message":"Bad Request","errors":"The version you specified in the \"X-GitHub-API-Version\" header is not supported."}`, Invalid, "E_GITHUB_REFUSED", "Bad Request: The version you specified"},
		"nothing supplied":       {422, message("Invalid request.\n\n\"sha\" wasn't supplied."), Invalid, "E_GITHUB_REFUSED", `Invalid request. "sha" wasn't supplied.`},
		"malformed sha":          {422, message("The sha parameter must be exactly 40 characters and contain only [0-9a-f]."), Invalid, "E_GITHUB_REFUSED", ""},
		"empty repository":       {409, message("Git Repository is empty."), Invalid, "E_GITHUB_REFUSED", "empty"},
		"ref exists":             {422, message("Reference already exists"), Exists, "E_GITHUB_REFUSED", ""},
		"ref missing":            {422, message("Reference does not exist"), Missing, "E_GITHUB_REFUSED", ""},
		"no object":              {422, message("Object does not exist"), Invalid, "E_GITHUB_REFUSED", ""},
		"ref not made":           {422, message("Reference update failed"), Invalid, "E_GITHUB_REFUSED", ""},
		"not forward":            {422, message("Update is not a fast forward"), Stale, "E_GITHUB_REFUSED", ""},
		"classic protection":     {422, protected("3 of 3 required status checks are expected. At least 1 approving review is required by reviewers with write access."), Protected, "E_GITHUB_PROTECTED", "3 of 3"},
		"classic, other words":   {422, protected("Commits must have valid signatures."), Protected, "E_GITHUB_PROTECTED", ""},
		"classic, contents":      {409, protected("Could not create file: Required status check \"ci\" is expected."), Protected, "E_GITHUB_PROTECTED", ""},
		"ruleset":                {422, message("Repository rule violations found\n\nCannot update this protected ref.\n\n"), Protected, "E_GITHUB_PROTECTED", "Repository rule violations found: Cannot update this protected ref."},
		"ruleset, two":           {422, message("Repository rule violations found\n\nChanges must be made through a pull request.\n\nCommits must have verified signatures.\n\n"), Protected, "E_GITHUB_PROTECTED", "found: Changes must be made through a pull request; Commits must have verified signatures."},
		"ruleset, contents":      {409, `{"message":"Repository rule violations found\n\nCannot create ref due to creations being restricted.\n\n","metadata":{}}`, Protected, "E_GITHUB_PROTECTED", ""},
		"delete, protected":      {422, message("Cannot delete this branch"), Protected, "E_GITHUB_PROTECTED", ""},
		"merge, check":           {405, message(`Required status check "ci" is expected.`), Protected, "E_GITHUB_PROTECTED", ""},
		"merge, review":          {405, message("At least 1 approving review is required by reviewers with write access."), Protected, "E_GITHUB_PROTECTED", ""},
		"merge, head moved":      {409, message("Head branch was modified. Review and try the merge again."), Stale, "E_GITHUB_REFUSED", ""},
		"merge, base moved":      {405, message("Base branch was modified. Review and try the merge again."), Stale, "E_GITHUB_REFUSED", ""},
		"merge, draft":           {405, message("Pull Request is still a draft"), Invalid, "E_GITHUB_REFUSED", ""},
		"merge, conflict":        {405, message("Pull Request is not mergeable"), Invalid, "E_GITHUB_REFUSED", ""},
		"merge, method":          {405, message("Squash merges are not allowed on this repository."), Invalid, "E_GITHUB_REFUSED", ""},
		"update-branch":          {422, message("expected head sha didn’t match current head ref."), Stale, "E_GITHUB_REFUSED", ""},
		"contents, other blob":   {409, message("apps/my file.yaml does not match " + sha), Stale, "E_GITHUB_REFUSED", ""},
		"no match, of another":   {422, message("the name does not match " + sha), Invalid, "E_GITHUB_REFUSED", ""},
		"contents, moved":        {409, message("is at " + sha + " but expected " + strings.Repeat("f", 40)), Stale, "E_GITHUB_REFUSED", ""},
		"contents, moved, old":   {409, message("refs/heads/master expected to be at " + sha), Stale, "E_GITHUB_REFUSED", ""},
		"blob too large":         {422, message("Sorry, your input was too large to process. Consider creating the blob in a local clone of the repository and then pushing it to GitHub."), TooLarge, "E_GITHUB_REFUSED", ""},
		"tree too large":         {422, message("Sorry, your request timed out.  It's likely that your input was too large to process.  Consider building the tree incrementally"), TooLarge, "E_GITHUB_REFUSED", ""},
		"body too large":         {413, `<html>`, TooLarge, "E_GITHUB_REFUSED", "413 Request Entity Too Large"},
		"tree mode":              {422, message("Must supply a valid tree.mode"), Invalid, "E_GITHUB_REFUSED", ""},
		"bad object":             {422, message("GitRPC::BadObjectState"), Invalid, "E_GITHUB_REFUSED", ""},
		"no tree":                {422, message("Tree SHA does not exist"), Invalid, "E_GITHUB_REFUSED", ""},
		"PR exists":              {422, pull(`{"resource":"PullRequest","code":"custom","message":"A pull request already exists for acme:x."}`), Exists, "E_GITHUB_REFUSED", "422 Validation Failed: A pull request already exists for acme:x."},
		"PR of nothing":          {422, pull(`{"resource":"PullRequest","code":"custom","message":"No commits between main and x"}`), Invalid, "E_GITHUB_REFUSED", "No commits between main and x"},
		"PR, two fields":         {422, pull(`{"resource":"PullRequest","field":"base","code":"invalid"},{"resource":"PullRequest","field":"head","code":"invalid"}`), Invalid, "E_GITHUB_REFUSED", "Validation Failed: PullRequest base: invalid; PullRequest head: invalid"},
		"errors is a string":     {422, `{"message":"Validation Failed","errors":"Validation failed: State is not included in the list"}`, Invalid, "E_GITHUB_REFUSED", "State is not included in the list"},
		"errors is strings":      {422, `{"message":"Invalid request.","errors":["Invalid target patterns: '…'"]}`, Invalid, "E_GITHUB_REFUSED", "Invalid request: Invalid target patterns: '…'"},
		"errors is odd":          {422, `{"message":"Odd","errors":[7,null,{"a":[1]},[]]}`, Invalid, "E_GITHUB_REFUSED", `Odd: 7; {"a":[1]}; []`},
		"message is odd":         {422, `{"message":{"a":1}}`, Invalid, "E_GITHUB_REFUSED", `422 {"a":1}`},
		"PR's base":              {422, message("Proposed base branch 'x' was not found"), Invalid, "E_GITHUB_REFUSED", ""},
		"control characters":     {422, message("a\x1b[31mred\r\n::error::b"), Invalid, "E_GITHUB_REFUSED", "422 a [31mred ::error::b"},
		"unavailable for law":    {451, message("Repository access blocked"), Invalid, "E_GITHUB_REFUSED", ""},
		"rate limiting, no wait": {404, message("Rate limiting is not enabled."), NotFound, "E_GITHUB_NOT_FOUND", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, says(c.status, c.body))
			err := create(t.Context(), w.client())
			meets(t, err, c.kind, c.code)
			if err != nil && (!strings.HasPrefix(err.Error(), "POST /repos/acme/infra/git/refs: ") || !strings.Contains(err.Error(), c.says) || strings.ContainsAny(err.Error(), "\n\r\x1b")) {
				t.Errorf("it says %q", err)
			}
			if hintOf(err) == "" {
				t.Errorf("there is no hint for %v", err)
			}
		})
	}
}

func TestWhatIsKeptOfAnAnswer(t *testing.T) {
	w := newWorld(t, says(403, `{"message":"Resource not accessible by integration","documentation_url":"https://docs.github.com/x","status":"403"}`,
		"X-Accepted-GitHub-Permissions", "contents=write; contents=write,pull_requests=read"))
	err := create(t.Context(), w.client())
	e, _ := errors.AsType[*Error](err)
	want := &Error{Kind: Denied, Status: 403, Message: "Resource not accessible by integration", URL: "https://docs.github.com/x",
		Accepted: "contents=write; contents=write,pull_requests=read", Request: "POST /repos/acme/infra/git/refs"}
	if diff := cmp.Diff(want, e, cmp.AllowUnexported(Error{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if hint := hintOf(err); !strings.Contains(hint, "`contents: write`, or `contents: write` and `pull-requests: read`") {
		t.Errorf("the hint is %q", hint)
	}
}

func TestTheHeaderOfSingleSignOnIsEnough(t *testing.T) {
	w := newWorld(t, says(403, `{"message":"Forbidden"}`, "X-GitHub-SSO", "required; url=https://github.com/orgs/acme/sso?authorization_request=abc"))
	err := create(t.Context(), w.client())
	meets(t, err, SSO, "E_GITHUB_SSO")
	if strings.Contains(err.Error()+hintOf(err), "abc") {
		t.Errorf("%v: %s", err, hintOf(err))
	}
}

func TestResultsWithoutSomeOrganizationsAreNoSingleSignOn(t *testing.T) {
	w := newWorld(t, says(403, `{"message":"Resource not accessible by integration"}`, "X-GitHub-SSO", "partial-results; organizations=21955855"))
	meets(t, create(t.Context(), w.client()), Denied, "E_GITHUB_AUTH")
}

func TestExplainWhatDidNotPassOurTransport(t *testing.T) {
	at := func(method string, status int) *http.Response {
		u, _ := url.Parse("https://api.github.com/repos/a/b?access_token=" + secret)
		return &http.Response{StatusCode: status, Request: &http.Request{Method: method, URL: u}, Body: io.NopCloser(strings.NewReader(""))}
	}
	known := (&Error{Kind: Stale, Message: "moved"}).fault()
	cases := map[string]struct {
		err  error
		kind Kind
		code string
	}{
		"a read that met 502":    {&gogithub.ErrorResponse{Response: at("GET", 502)}, Unreachable, "E_GITHUB_UNREACHABLE"},
		"a write that met 502":   {&gogithub.ErrorResponse{Response: at("PATCH", 502)}, Lost, "E_GITHUB_UNREACHABLE"},
		"nothing known":          {&gogithub.ErrorResponse{Message: "Reference already exists"}, Exists, "E_GITHUB_REFUSED"},
		"wrapped":                {fmt.Errorf("x: %w", &gogithub.ErrorResponse{Response: at("GET", 404)}), NotFound, "E_GITHUB_NOT_FOUND"},
		"a second factor":        {&gogithub.TwoFactorAuthError{Response: at("GET", 401)}, Unauthorized, "E_GITHUB_AUTH"},
		"a primary limit":        {&gogithub.RateLimitError{Response: at("GET", 403), Message: "API rate limit"}, Limited, "E_GITHUB_LIMIT"},
		"a limit without answer": {&gogithub.AbuseRateLimitError{Message: "slow down"}, Limited, "E_GITHUB_LIMIT"},
		"accepted":               {&gogithub.AcceptedError{}, Other, "E_GITHUB_REFUSED"},
		"a read that broke":      {&url.Error{Op: "Get", URL: "x", Err: io.EOF}, Unreachable, "E_GITHUB_UNREACHABLE"},
		"a write that broke":     {&url.Error{Op: "Post", URL: "x", Err: io.EOF}, Lost, "E_GITHUB_UNREACHABLE"},
		"it took too long":       {context.DeadlineExceeded, Lost, "E_GITHUB_UNREACHABLE"},
		"half a JSON":            {io.ErrUnexpectedEOF, Lost, "E_GITHUB_UNREACHABLE"},
		"something else":         {errors.New("context must be non-nil"), Other, "E_GITHUB_REFUSED"},
		"an error of ours":       {&Error{Kind: Missing}, Missing, "E_GITHUB_REFUSED"},
		"explained":              {known, Stale, "E_GITHUB_REFUSED"},
		"explained and wrapped":  {fmt.Errorf("write: %w", known), Stale, "E_GITHUB_REFUSED"},
		"explained, in net/http": {&url.Error{Op: "Post", URL: "x", Err: known}, Stale, "E_GITHUB_REFUSED"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := Explain(c.err)
			meets(t, err, c.kind, c.code)
			if strings.Contains(err.Error(), secret) || Explain(err) != err {
				t.Errorf("%v", err)
			}
		})
	}
	if err := Explain(&url.Error{Op: "Post", URL: "x", Err: known}); err != error(known) {
		t.Errorf("net/http is still around it: %v", err)
	}
	if hint := hintOf(Explain(&gogithub.AcceptedError{})); hint != hintAccepted {
		t.Errorf("what goes on is said to be %q", hint)
	}
	if err := Explain(nil); err != nil {
		t.Errorf("nothing became %v", err)
	}
	if err := Explain(fmt.Errorf("write: %w", known)); err.Error() != "write: moved" {
		t.Errorf("what was around is lost: %v", err)
	}
	if !fault.Is(Explain(known), "E_GITHUB_REFUSED") || KindOf(io.EOF) != Other || KindOf(nil) != Other {
		t.Error("kinds")
	}
}
