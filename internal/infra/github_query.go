package infra

import (
	"cmp"
	"fmt"
	"strings"
)

// The parts of the query, in GraphQL. docs.github.com/graphql/reference describes
// the objects.
const (
	blobFragment = "fragment Content on Blob { byteSize isBinary isTruncated text }\n"

	repositoryFields = `id nameWithOwner isArchived isEmpty viewerPermission
    autoMergeAllowed mergeCommitAllowed squashMergeAllowed rebaseMergeAllowed`

	// Teams are not asked for: tokens that may do all this may not see them, and the
	// whole query would be refused.
	proposalFields = `
    proposal: ref(qualifiedName: $proposal) { target { ...Made ... on Commit { parents(first: 2) { nodes { ...Made parents(first: 2) { nodes { oid } } } } } } }
    open: pullRequests(states: OPEN, headRefName: $headName, first: 20, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { ...Pull
      labels(first: 50) { nodes { name } } assignees(first: 20) { nodes { login } }
      reviewRequests(first: 50) { totalCount nodes { requestedReviewer { ... on User { login } } } }
      latestReviews(first: 50) { nodes { author { login } } }
      autoMergeRequest { mergeMethod } } }
    done: pullRequests(states: [CLOSED, MERGED], headRefName: $headName, first: 100, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { ...Pull } }`

	proposalFragments = `fragment Made on Commit { oid message author { name email user { login } } committer { name email } signature { isValid wasSignedByGitHub } }
fragment Pull on PullRequest { id number url state title body isCrossRepository headRefOid baseRefName }
`
)

// readQuery is the one query of a read: the state of the repository, the head
// of the branch, and what is wished for under that very commit.
func (g *GitHub) readQuery(wishes []wish) (document string, variables map[string]any) {
	variables = map[string]any{"owner": g.owner, "repository": g.name}
	declared := "$owner: String!, $repository: String!"
	branch := "defaultBranchRef"
	if g.o.Branch != "" {
		declared += ", $branch: String!"
		variables["branch"] = "refs/heads/" + g.o.Branch
		branch = "ref(qualifiedName: $branch)"
	}
	extra, fragments := intentFields, ""
	declared += ", $intents: String!"
	variables["intents"] = intentRefs // of all branches: which is the default one, the answer tells
	if known := cmp.Or(g.o.Branch, g.base); known != "" {
		variables["intents"] = intentFolder(known)
	}
	if g.o.Proposal != "" {
		declared += ", $proposal: String!, $headName: String!"
		variables["proposal"], variables["headName"] = "refs/heads/"+g.o.Proposal, g.o.Proposal
		extra += proposalFields
		fragments = proposalFragments
	}
	places, more := places(wishes, variables)
	document = fmt.Sprintf(`query(%s%s) {
  viewer { login }
  repository(owner: $owner, name: $repository) {
    %s
    branch: %s { name target { oid ... on Commit { messageHeadline author { name } parents(first: 1) { nodes { oid } } tree { oid%s } %s } } }%s
  }
}
%s`, declared, more.declared, repositoryFields, branch, more.root, places, extra, more.fragments+fragments)
	return document, variables
}

// commitQuery asks for more of a commit that was read already. A folder is asked
// for in a second way as well: a host that knows a commit's files alone by their
// path answers that one.
func (g *GitHub) commitQuery(head string, wishes []wish) (document string, variables map[string]any) {
	variables = map[string]any{"owner": g.owner, "repository": g.name, "head": head}
	places, more := places(wishes, variables)
	var others strings.Builder
	declared := ""
	for i, w := range wishes {
		if w.path == "." {
			continue
		}
		variables[fmt.Sprintf("o%d", i)] = head + ":" + w.path
		declared += fmt.Sprintf(", $o%d: String!", i)
		fmt.Fprintf(&others, "\n    o%d: object(expression: $o%d) { __typename ... on Tree { oid } }", i, i)
	}
	document = fmt.Sprintf(`query($owner: String!, $repository: String!, $head: GitObjectID!%s%s) {
  repository(owner: $owner, name: $repository) {
    target: object(oid: $head) { ... on Commit { tree { oid%s } %s } }%s
  }
}
%s`, more.declared, declared, more.root, places, others.String(), more.fragments)
	return document, variables
}

// queryParts are those of a query that stand elsewhere than its places.
type queryParts struct{ declared, root, fragments string }

// places are the fields of a commit that answer the wishes: p0, p1, …, and
// of the root, which no path names, its entries.
func places(wishes []wish, variables map[string]any) (string, queryParts) {
	var b strings.Builder
	var more queryParts
	texts := false
	for i, w := range wishes {
		texts = texts || !w.lean
		if w.path == "." {
			more.root = " " + treeFields(w.depth, w.lean)
			continue
		}
		key := fmt.Sprintf("p%d", i)
		variables[key] = w.path
		more.declared += fmt.Sprintf(", $%s: String!", key)
		fmt.Fprintf(&b, "\n      %s: file(path: $%s) { mode oid object { %s } }", key, key, objectFields(w.depth, w.lean))
	}
	if texts {
		more.fragments = blobFragment
	}
	return b.String(), more
}

// objectFields are what is asked of a file, or of a folder and this many levels of it.
func objectFields(depth int, lean bool) string {
	content := "...Content "
	if lean {
		content = "__typename "
	}
	if depth == 0 {
		return content
	}
	return content + "... on Tree { " + treeFields(depth, lean) + " } "
}

func treeFields(depth int, lean bool) string {
	if lean && depth == 1 {
		return "entries { name mode oid }"
	}
	return "entries { name mode oid object { " + objectFields(depth-1, lean) + "} }"
}
