package hub

import (
	"slices"
	"strings"
)

// route is one operation of REST.
type route struct {
	method, pattern string // {x} is one part of a path, {x...} the rest of it
	page            string // of the documentation
	needs           string // permissions in the form of X-Accepted-GitHub-Permissions
	do              func(*call) *answer
}

// What else a route may need.
const (
	asApp     = "app"     // the JWT of an App
	asAnybody = "anybody" // not even a token
)

// match compares a route with a request and gives what its pattern left open.
func (rt route) match(method, path string) (map[string]string, bool) {
	if method != rt.method {
		return nil, false
	}
	return match(rt.pattern, path)
}

func match(pattern, path string) (map[string]string, bool) {
	values := map[string]string{}
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, part := range want {
		name, open := strings.CutPrefix(part, "{")
		if rest, all := strings.CutSuffix(name, "...}"); open && all {
			values[rest] = strings.Join(got[min(i, len(got)):], "/")
			return values, values[rest] != ""
		}
		if i >= len(got) || !open && part != got[i] || open && got[i] == "" {
			return nil, false
		}
		if open {
			values[strings.TrimSuffix(name, "}")] = got[i]
		}
	}
	return values, len(want) == len(got)
}

// routes is all of REST that is taught.
func routes() []route {
	const repo = "/repos/{owner}/{repo}"
	const talk = "issues=write;pull_requests=write"
	return slices.Concat([]route{
		{"GET", repo, "repos/repos#get-a-repository", "metadata=read", (*call).getRepo},
		{"GET", repo + "/commits/{ref...}", "commits/commits#get-a-commit", "contents=read", (*call).getCommit},
		{"GET", repo + "/attestations/{subject_digest}", "repos/attestations#list-attestations", "attestations=read", (*call).listAttestations},
		{"GET", repo + "/compare/{basehead...}", "commits/commits#compare-two-commits", "contents=read", (*call).compare},
		{"GET", repo + "/contents/{path...}", "repos/contents#get-repository-content", "contents=read", (*call).getContents},
		{"PUT", repo + "/contents/{path...}", "repos/contents#create-or-update-file-contents", "contents=write", (*call).putContents},
		{"DELETE", repo + "/contents/{path...}", "repos/contents#delete-a-file", "contents=write", (*call).deleteContents},

		{"GET", repo + "/issues/{number}", "issues/issues#get-an-issue", "issues=read;pull_requests=read", (*call).getIssue},
		{"PATCH", repo + "/issues/{number}", "issues/issues#update-an-issue", talk, (*call).patchIssue},
		{"GET", repo + "/issues/{number}/comments", "issues/comments#list-issue-comments", "issues=read;pull_requests=read", (*call).listComments},
		{"POST", repo + "/issues/{number}/comments", "issues/comments#create-an-issue-comment", talk, (*call).postComment},
		{"GET", repo + "/issues/{number}/labels", "issues/labels#list-labels-for-an-issue", "issues=read;pull_requests=read", (*call).listIssueLabels},
		{"POST", repo + "/issues/{number}/labels", "issues/labels#add-labels-to-an-issue", talk, (*call).postIssueLabels},
		{"PUT", repo + "/issues/{number}/labels", "issues/labels#set-labels-for-an-issue", talk, (*call).putIssueLabels},
		{"DELETE", repo + "/issues/{number}/labels/{name...}", "issues/labels#remove-a-label-from-an-issue", talk, (*call).deleteIssueLabel},
		{"POST", repo + "/issues/{number}/assignees", "issues/assignees#add-assignees-to-an-issue", talk, (*call).postAssignees},
		{"GET", repo + "/labels", "issues/labels#list-labels-for-a-repository", "issues=read;pull_requests=read", (*call).listLabels},
		{"GET", repo + "/labels/{name...}", "issues/labels#get-a-label", "issues=read;pull_requests=read", (*call).getLabel},
		{"POST", repo + "/labels", "issues/labels#create-a-label", talk, (*call).postLabel},

		{"GET", "/user", "users/users#get-the-authenticated-user", "", (*call).getSelf},
		{"GET", "/users/{login}", "users/users#get-a-user", asAnybody, (*call).getUser},
		{"GET", "/rate_limit", "rate-limit/rate-limit#get-rate-limit-status-for-the-authenticated-user", asAnybody, (*call).getLimits},
		{"GET", "/app", "apps/apps#get-the-authenticated-app", asApp, (*call).getApp},
		{"GET", repo + "/installation", "apps/apps#get-a-repository-installation-for-the-authenticated-app", asApp, (*call).getInstallation},
		{"POST", "/app/installations/{id}/access_tokens", "apps/apps#create-an-installation-access-token-for-an-app", asApp, (*call).postAccessToken},
		{"DELETE", "/installation/token", "apps/installations#revoke-an-installation-access-token", "", (*call).deleteToken},
	}, gitRoutes(repo+"/git"), pullRoutes(repo+"/pulls"))
}

func gitRoutes(git string) []route {
	const read, write = "contents=read", "contents=write"
	return []route{
		{"GET", git + "/ref/{ref...}", "git/refs#get-a-reference", read, (*call).getRef},
		{"GET", git + "/matching-refs/{ref...}", "git/refs#list-matching-references", read, (*call).matchingRefs},
		{"POST", git + "/refs", "git/refs#create-a-reference", write, (*call).postRef},
		{"PATCH", git + "/refs/{ref...}", "git/refs#update-a-reference", write, (*call).patchRef},
		{"DELETE", git + "/refs/{ref...}", "git/refs#delete-a-reference", write, (*call).deleteRef},
		{"GET", git + "/blobs/{sha}", "git/blobs#get-a-blob", read, (*call).getBlob},
		{"POST", git + "/blobs", "git/blobs#create-a-blob", write, (*call).postBlob},
		{"GET", git + "/trees/{sha...}", "git/trees#get-a-tree", read, (*call).getTree},
		{"POST", git + "/trees", "git/trees#create-a-tree", write, (*call).postTree},
		{"GET", git + "/commits/{sha}", "git/commits#get-a-commit-object", read, (*call).getGitCommit},
		{"POST", git + "/commits", "git/commits#create-a-commit", write, (*call).postCommit},
		{"POST", git + "/tags", "git/tags#create-a-tag-object", write, (*call).postTag},
	}
}

func pullRoutes(pulls string) []route {
	const read, write = "pull_requests=read", "pull_requests=write"
	return []route{
		{"GET", pulls, "pulls/pulls#list-pull-requests", read, (*call).listPulls},
		{"POST", pulls, "pulls/pulls#create-a-pull-request", write, (*call).postPull},
		{"GET", pulls + "/{number}", "pulls/pulls#get-a-pull-request", read, (*call).getPull},
		{"PATCH", pulls + "/{number}", "pulls/pulls#update-a-pull-request", write, (*call).patchPull},
		{"PUT", pulls + "/{number}/merge", "pulls/pulls#merge-a-pull-request", "contents=write", (*call).putMerge},
		{"POST", pulls + "/{number}/requested_reviewers", "pulls/review-requests#request-reviewers-for-a-pull-request", write, (*call).postReviewers},
	}
}
