package infra

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// wish is a file or folder that a query asks for.
type wish struct {
	path  string // "." is the root
	depth int    // of a folder: how many levels of folders are listed; 0 for a file
	lean  bool   // names and modes alone, no text
}

// deepest is how many levels of folders one query lists. What lies deeper takes
// another one.
const deepest = 5

// wishes are what has to be known for the paths to be selected and for what a
// kustomization may take in: the folders of files, the part of a pattern in front
// of its first wildcard with what is below, and the kustomizations that may stand
// above. What is to be excluded is looked at to see that it is there.
func (p Paths) wishes() []wish {
	var all []wish
	add := func(w wish) {
		if !slices.ContainsFunc(all, func(other wish) bool { return other.covers(w) }) {
			all = append(slices.DeleteFunc(all, w.covers), w)
		}
	}
	for _, pattern := range p.included() {
		base, depth := reach(pattern)
		if depth == 0 && holdsManifests(pattern) { // most likely a file, whose neighbours matter
			add(wish{path.Dir(pattern), 1, false})
			continue
		}
		add(wish{base, max(depth, 1), false})
	}
	for _, pattern := range p.excluded {
		base, depth := reach(pattern)
		if base == pattern {
			depth = 1 // that it is there is enough
		}
		if !slices.ContainsFunc(all, func(w wish) bool { return below(w.path, base) }) && base != "." {
			add(wish{base, depth, true})
		}
	}
	for _, w := range slices.Clone(all) {
		if w.lean {
			continue
		}
		for dir := w.path; dir != "."; {
			dir = path.Dir(dir)
			for _, name := range kustomizations {
				add(wish{path.Join(dir, name), 0, false})
			}
		}
	}
	return all
}

// kustomizations are the names under which kustomize looks for its own file.
var kustomizations = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// reach is the part of a pattern without wildcards, and how many levels below it
// the rest may match; 0 for a path without any, which may be a file.
func reach(pattern string) (base string, depth int) {
	parts := strings.Split(pattern, "/")
	wild := slices.IndexFunc(parts, func(part string) bool { return strings.ContainsAny(part, "*?[{") })
	switch {
	case wild < 0 && holdsManifests(pattern):
		return pattern, 0
	case wild < 0:
		return pattern, deepest
	}
	depth = len(parts) - wild
	if slices.Contains(parts, "**") {
		depth = deepest
	}
	// A folder that the whole pattern matches counts with all that it holds.
	return path.Join(".", strings.Join(parts[:wild], "/")), min(depth+1, deepest)
}

// covers reports whether w brings all of what other asks for.
func (w wish) covers(other wish) bool {
	if w.lean && !other.lean || w.depth == 0 && w != other {
		return false
	}
	below := 0
	at := other.path
	for at != w.path && at != "." {
		at = path.Dir(at)
		below++
	}
	return at == w.path && below+other.depth <= w.depth
}

// everywhere reports whether the paths reach through the whole repository, so
// that its folders cannot be listed in a few requests whatever its size.
func (p Paths) everywhere() bool {
	return len(p.patterns) == 0 || slices.ContainsFunc(p.patterns, func(pattern string) bool {
		base, depth := reach(pattern)
		return base == "." && depth > 0 && (pattern == "." || strings.Contains(pattern, "**"))
	})
}

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
    open: pullRequests(states: OPEN, headRefName: $headName, first: 100, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { ...Pull
      labels(first: 100) { nodes { name } } assignees(first: 100) { nodes { login } }
      reviewRequests(first: 100) { totalCount nodes { requestedReviewer { ... on User { login } } } }
      latestReviews(first: 100) { nodes { author { login } } }
      autoMergeRequest { mergeMethod } } }
    done: pullRequests(states: [CLOSED, MERGED], headRefName: $headName, first: 20, orderBy: {field: CREATED_AT, direction: DESC}) { nodes { ...Pull } }`

	proposalFragments = `fragment Made on Commit { oid message author { name email user { login } } committer { name email } }
fragment Pull on PullRequest { id number url state title body isDraft isCrossRepository headRefOid baseRefName }
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

// objectOf is what is asked of a file, or of a folder and this many levels of it.
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

// The answers, as far as they are asked for.

type readAnswer struct {
	Viewer     struct{ Login string }
	Repository *repositoryAnswer
}

type repositoryAnswer struct {
	ID               string
	NameWithOwner    string
	IsArchived       bool
	IsEmpty          bool
	ViewerPermission string

	AutoMergeAllowed, MergeCommitAllowed, SquashMergeAllowed, RebaseMergeAllowed bool

	Branch *struct {
		Name   string
		Target headAnswer
	}
	Proposal   *struct{ Target commitAnswer }
	Open, Done struct{ Nodes []pullAnswer } // pull requests of that branch, newest first
	Intents    struct{ Nodes []intentAnswer }
}

// commitAnswer is the commit at the tip of the proposal's branch, or one below it.
type commitAnswer struct {
	OID, Message      string
	Author, Committer personAnswer
	Parents           struct{ Nodes []commitAnswer }
}

type personAnswer struct {
	Name, Email string
	User        struct{ Login string }
}

type pullAnswer struct {
	ID                         string
	Number                     int
	URL, State, Title, Body    string
	IsDraft, IsCrossRepository bool
	HeadRefOID, BaseRefName    string

	Labels         struct{ Nodes []struct{ Name string } }
	Assignees      struct{ Nodes []struct{ Login string } }
	ReviewRequests struct {
		TotalCount int // teams too
		Nodes      []struct{ RequestedReviewer struct{ Login string } }
	}
	LatestReviews struct {
		Nodes []struct{ Author struct{ Login string } }
	}
	AutoMergeRequest *struct{ MergeMethod string }
}

// historyAnswer is the newest commits of a branch.
type historyAnswer struct {
	Repository *struct {
		Ref *struct {
			Target struct {
				OID     string
				History struct {
					Nodes []struct {
						OID     string
						Parents struct{ Nodes []struct{ OID string } }
					}
				}
			}
		}
	}
}
