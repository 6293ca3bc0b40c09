package hub

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

func TestOneQueryReadsARepository(t *testing.T) {
	_, r, c := world(t)
	r.Commit("main", "more\n\nwhy", testkit.GitFile{Path: "bin", Data: "a\x00b"}, testkit.GitFile{Path: "long", Data: strings.Repeat("x", 600_000)},
		testkit.GitFile{Path: "apps/link", Mode: "120000", Data: "a.yaml"})
	g := c.graph(`query($o: String!, $n: String!, $ref: String!) {
		repository(owner: $o, name: $n) { isArchived isEmpty squashMergeAllowed autoMergeAllowed viewerPermission
			ref(qualifiedName: $ref) { name prefix target { oid ... on Commit { messageHeadline messageBody parents(first: 1) { totalCount } signature { isValid }
				f0: file(path: "apps/a.yaml") { ...file }
				f1: file(path: "bin") { ...file }
				f2: file(path: "long") { mode object { ... on Blob { isTruncated byteSize } } }
				f3: file(path: "none") { mode }
				f4: file(path: "apps") { type object { ... on Tree { entries { name path mode type } } } }
			} } }
			pullRequests(states: OPEN, first: 20, headRefName: "x") { nodes { number } }
		}
		rateLimit { cost }
	}
	fragment file on TreeEntry { mode oid object { ... on Blob { text isBinary } } }`, map[string]any{"o": "acme", "n": "infra", "ref": "main"})
	repository := g.at("data", "repository").(map[string]any)
	target := at(repository, "ref", "target").(map[string]any)
	if target["oid"] != r.Tip("main") || at(repository, "ref", "prefix") != "refs/heads/" || target["signature"] != nil {
		t.Errorf("%s", g.Body)
	}
	missing := `[{"locations":[{"column":5,"line":7}],"message":"Could not resolve file for path 'none'.","path":["repository","ref","target","f3"],"type":"NOT_FOUND"}]`
	if diff := cmp.Diff(missing, string(encode(g.at("errors")))); diff != "" {
		t.Errorf("the errors: -want +got\n%s", diff)
	}
	delete(target, "oid")
	for _, name := range []string{"f0", "f1"} {
		delete(target[name].(map[string]any), "oid")
	}
	want := `{"f0":{"mode":33188,"object":{"isBinary":false,"text":"tag: 1\n"}},"f1":{"mode":33188,"object":{"isBinary":true,"text":null}},"f2":{"mode":33188,"object":{"byteSize":600000,"isTruncated":true}},"f3":null,` +
		`"f4":{"object":{"entries":[{"mode":33188,"name":"a.yaml","path":"apps/a.yaml","type":"blob"},{"mode":40960,"name":"link","path":"apps/link","type":"blob"}]},"type":"tree"},"messageBody":"why","messageHeadline":"more","parents":{"totalCount":1},"signature":null}`
	if diff := cmp.Diff(want, string(encode(target))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	r.Set(func(s *Settings) { s.FoldersAreNull = true })
	if g := c.graph(`{ repository(owner: "acme", name: "infra") { object(expression: "main") { ... on Commit { file(path: "apps") { type } } } } }`, nil); g.at("data", "repository", "object", "file") != nil || g.text("errors", 0, "message") != "Could not resolve file for path 'apps'." {
		t.Errorf("a folder: %s", g.Body)
	}
}

// TestCommitsOnBranchAreRefused is every way in which GitHub does not make one.
func TestCommitsOnBranchAreRefused(t *testing.T) {
	h, r, c := world(t)
	r.Protect(Protection{Ref: "classic", PullRequest: true})
	r.Protect(Protection{Ref: "ruled", Ruleset: true, Checks: []string{"a", "b", "c"}})
	for _, branch := range []string{"classic", "ruled"} {
		r.Git("branch", branch, "main")
	}
	head := r.Tip("main")
	reader := client{t, h, h.Token(Token{Permissions: map[string]string{"contents": "read"}})}
	job := client{t, h, h.Token(Token{})}
	archived := h.Repo("acme/old")
	archived.Commit("main", "x")
	archived.Set(func(s *Settings) { s.Archived = true })
	deletion := func(path string) func(map[string]any) {
		return func(in map[string]any) {
			in["fileChanges"] = map[string]any{"deletions": []any{map[string]any{"path": path}}}
		}
	}
	branch := func(repo, name string) func(map[string]any) {
		return func(in map[string]any) {
			in["branch"] = map[string]any{"repositoryNameWithOwner": repo, "branchName": name}
		}
	}
	tests := map[string]struct {
		by            client
		change        func(map[string]any)
		kind, message string
	}{
		"fine":      {c, func(map[string]any) {}, "", ""},
		"classic":   {c, branch("acme/infra", "classic"), "BRANCH_PROTECTION_RULE_VIOLATION", "Changes must be made through a pull request."},
		"ruleset":   {c, branch("acme/infra", "refs/heads/ruled"), "FORBIDDEN", "Repository rule violations found\n\n3 of 3 required status checks are expected.\n\n"},
		"no branch": {c, branch("acme/infra", "nope"), "NOT_FOUND", `No ref with the name "nope" found in the repository.`},
		"no repo":   {c, branch("acme/x", "main"), "NOT_FOUND", "Could not resolve to a Repository with the name 'acme/x'."},
		"archived":  {c, branch("acme/old", "main"), "FORBIDDEN", "Repository was archived so is read-only."},
		"a reader":  {reader, func(map[string]any) {}, "FORBIDDEN", "Resource not accessible by integration"},
		"no path":   {c, deletion("none"), "UNPROCESSABLE", "A path was requested for deletion which does not exist as of commit oid `" + head + "`"},
		"a workflow": {job, func(in map[string]any) {
			in["fileChanges"] = map[string]any{"additions": []any{map[string]any{"path": ".github/workflows/ci.yml", "contents": b64("x")}}}
		}, "FORBIDDEN", "refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r.Git("update-ref", "refs/heads/main", head)
			variables := commitInput(head, "apps/a.yaml", "tag: 2\n")
			test.change(variables["input"].(map[string]any))
			g := test.by.graph(commitDocument, variables)
			if g.Status != 200 || g.text("errors", 0, "type") != test.kind || g.text("errors", 0, "message") != test.message {
				t.Errorf("%d %s", g.Status, g.Body)
			}
			if moved := r.Tip("main") != head; moved != (test.kind == "") {
				t.Errorf("main moved: %v", moved)
			}
		})
	}
}

func TestACommitOnBranchMayBeEmptyAndLosesModes(t *testing.T) {
	_, r, c := world(t)
	for range 2 {
		g := c.graph(commitDocument, commitInput(r.Tip("main"), "run.sh", "#!/bin/sh\n"))
		if g.text("data", "createCommitOnBranch", "commit", "oid") != r.Tip("main") {
			t.Fatal(g.Body)
		}
	}
	if got := r.Git("ls-tree", "main", "run.sh"); !strings.HasPrefix(got, "100644 ") {
		t.Errorf("run.sh is %s", got)
	}
	if r.Git("rev-parse", "main^{tree}") != r.Git("rev-parse", "main~1^{tree}") {
		t.Error("the second commit is not empty")
	}
	g := c.graph(`{ repository(owner: "acme", name: "infra") { object(expression: "main") { ... on Commit { signature { isValid wasSignedByGitHub state } committer { name } author { user { login } } } } } }`, nil)
	want := `{"data":{"repository":{"object":{"author":{"user":{"login":"tagboat[bot]"}},"committer":{"name":"GitHub"},"signature":{"isValid":true,"state":"VALID","wasSignedByGitHub":true}}}}}`
	if diff := cmp.Diff(want, g.Body); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestUpdateRefsComparesAndSwapsAllOrNothing(t *testing.T) {
	_, r, c := world(t)
	one := r.Tip("main")
	two := r.Commit("main", "two", testkit.GitFile{Path: "x", Data: "x"})
	side := r.Commit("side", "side", testkit.GitFile{Path: "y", Data: "y"})
	id := c.graph(`{ repository(owner: "acme", name: "infra") { id } }`, nil).text("data", "repository", "id")
	update := func(name, before, after string, force bool) map[string]any {
		m := map[string]any{"name": "refs/" + name, "afterOid": after, "force": force}
		if before != "" {
			m["beforeOid"] = before
		}
		return m
	}
	tests := map[string]struct {
		updates []any
		works   bool
		want    map[string]string
	}{
		"create":           {[]any{update("tagboat/a", zero, one, false)}, true, map[string]string{"tagboat/a": one}},
		"create what is":   {[]any{update("heads/main", zero, two, false)}, false, map[string]string{"heads/main": two}},
		"swap":             {[]any{update("heads/b", one, two, false)}, true, map[string]string{"heads/b": two}},
		"swap elsewhere":   {[]any{update("heads/b", two, two, false)}, false, map[string]string{"heads/b": one}},
		"aside":            {[]any{update("heads/b", one, side, false)}, false, map[string]string{"heads/b": one}},
		"aside by force":   {[]any{update("heads/b", one, side, true)}, true, map[string]string{"heads/b": side}},
		"delete":           {[]any{update("heads/b", one, zero, false)}, true, map[string]string{"heads/b": ""}},
		"delete elsewhere": {[]any{update("heads/b", two, zero, false)}, false, map[string]string{"heads/b": one}},
		"delete nothing":   {[]any{update("heads/none", "", zero, false)}, false, nil},
		"all or nothing":   {[]any{update("heads/b", one, two, false), update("tagboat/x", zero, one, false), update("heads/main", one, two, false)}, false, map[string]string{"heads/b": one, "tagboat/x": ""}},
		"two at once":      {[]any{update("heads/b", one, two, false), update("tagboat/x", zero, one, false)}, true, map[string]string{"heads/b": two, "tagboat/x": one}},
		"unchecked":        {[]any{update("heads/b", "", two, false)}, true, map[string]string{"heads/b": two}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r.Git("update-ref", "refs/heads/b", one)
			r.Git("update-ref", "-d", "refs/tagboat/x")
			g := c.graph(`mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }`, map[string]any{"input": map[string]any{"repositoryId": id, "refUpdates": test.updates}})
			if worked := g.at("errors") == nil; worked != test.works {
				t.Errorf("%s", g.Body)
			}
			for ref, want := range test.want {
				if got := r.Git("for-each-ref", "--format=%(objectname)", "refs/"+ref); got != want {
					t.Errorf("%s is at %q, want %q", ref, got, want)
				}
			}
		})
	}
}

func TestMutationsOfADocumentRunOneByOne(t *testing.T) {
	_, r, c := world(t)
	head := r.Tip("main")
	id := c.graph(`{ repository(owner: "acme", name: "infra") { id } }`, nil).text("data", "repository", "id")
	g := c.graph(fmt.Sprintf(`mutation {
		a: createRef(input: {repositoryId: %q, name: "refs/heads/a", oid: %q}) { ref { name } }
		b: createRef(input: {repositoryId: %q, name: "refs/heads/a", oid: %q}) { ref { name } }
		c: createRef(input: {repositoryId: %q, name: "refs/heads/c", oid: %q}) { ref { name } }
	}`, id, head, id, head, id, head), nil)
	if g.text("data", "a", "ref", "name") != "a" || g.at("data", "b") != nil || g.text("data", "c", "ref", "name") != "c" {
		t.Errorf("%s", g.Body)
	}
	if g.text("errors", 0, "path", 0) != "b" || g.at("errors", 1) != nil || fmt.Sprint(g.at("errors", 0, "locations", 0, "line")) != "3" {
		t.Errorf("%s", g.Body)
	}
}

func TestRefsAreListedWithTheirRules(t *testing.T) {
	_, r, c := world(t)
	for i := range 3 {
		r.Git("update-ref", fmt.Sprintf("refs/tagboat/intents/x/%d", i), "main")
	}
	r.Protect(Protection{Ref: "main", Checks: []string{"ci"}, Reviews: 2, CodeOwners: true})
	g := c.graph(`{ repository(owner: "acme", name: "infra") {
		refs(refPrefix: "refs/tagboat/", first: 2) { totalCount pageInfo { hasNextPage endCursor } nodes { name prefix target { ... on Commit { messageHeadline } } } }
		ref(qualifiedName: "refs/heads/main") { refUpdateRule { requiredStatusCheckContexts requiredApprovingReviewCount requiresCodeOwnerReviews viewerCanPush } }
	} }`, nil)
	want := `{"data":{"repository":{"ref":{"refUpdateRule":{"requiredApprovingReviewCount":2,"requiredStatusCheckContexts":["ci"],"requiresCodeOwnerReviews":true,"viewerCanPush":false}},"refs":{"nodes":[{"name":"intents/x/0","prefix":"refs/tagboat/","target":{"messageHeadline":"start"}},{"name":"intents/x/1","prefix":"refs/tagboat/","target":{"messageHeadline":"start"}}],"pageInfo":{"endCursor":"Y3Vyc29yOjI=","hasNextPage":true},"totalCount":3}}}}`
	if diff := cmp.Diff(want, g.Body); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	g = c.graph(`{ repository(owner: "acme", name: "infra") { refs(refPrefix: "refs/tagboat/", first: 2, after: "Y3Vyc29yOjI=") { nodes { name } pageInfo { hasNextPage } } } }`, nil)
	if g.text("data", "repository", "refs", "nodes", 0, "name") != "intents/x/2" || g.at("data", "repository", "refs", "pageInfo", "hasNextPage") != false {
		t.Errorf("%s", g.Body)
	}
}

func TestRefsAreListedFromTheirEnd(t *testing.T) {
	_, r, c := world(t)
	now := r.Tip("main")
	for i, name := range []string{"b", "c", "a"} { // each one younger than those before
		stamp := fmt.Sprintf("tagger <x@example.com> %d +0000", 1_700_000_001+i)
		commit := r.store.put(kindCommit, []byte("tree "+emptyTree+"\nparent "+now+"\nauthor "+stamp[7:]+"\ncommitter "+stamp[7:]+"\n\nx"))
		r.Git("update-ref", "refs/tags/"+name, commit)
	}
	tests := map[string]struct {
		arguments string
		want      []any
	}{
		"last":             {`last: 2`, []any{"b", "c"}},
		"last, before":     {`last: 1, before: "` + cursor(3) + `"`, []any{"b"}},
		"by date":          {`first: 3, orderBy: {field: TAG_COMMIT_DATE, direction: ASC}`, []any{"b", "c", "a"}},
		"the youngest two": {`first: 2, orderBy: {field: TAG_COMMIT_DATE, direction: DESC}`, []any{"a", "c"}},
		"the last of them": {`last: 1, orderBy: {field: TAG_COMMIT_DATE, direction: DESC}`, []any{"b"}},
		"backwards":        {`first: 2, orderBy: {field: ALPHABETICAL, direction: DESC}`, []any{"c", "b"}},
	}
	for name, test := range tests {
		g := c.graph(`{ repository(owner: "acme", name: "infra") { refs(refPrefix: "refs/tags/", `+test.arguments+`) { nodes { name } } } }`, nil)
		var got []any
		nodes, _ := g.at("data", "repository", "refs", "nodes").([]any)
		for _, n := range nodes {
			got = append(got, at(n, "name"))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

func TestAutoMergeWaitsForTheRules(t *testing.T) {
	_, r, c := world(t)
	p := propose(t, r, c, "bump", "apps/a.yaml", "tag: 2\n")
	enable := func() got {
		return c.graph(`mutation($id: ID!) { enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: SQUASH}) { pullRequest { autoMergeRequest { mergeMethod } } } }`, map[string]any{"id": p.text("node_id")})
	}
	if g := enable(); g.text("errors", 0, "message") != "Pull request Auto merge is not allowed for this repository" || g.text("errors", 0, "type") != "UNPROCESSABLE" {
		t.Errorf("not allowed: %s", g.Body)
	}
	r.Set(func(s *Settings) { s.AutoMerge, s.DeleteBranchOnMerge = true, true })
	if g := enable(); g.text("errors", 0, "message") != "Pull request is in clean status" {
		t.Errorf("clean: %s", g.Body)
	}
	r.Status(r.Tip("bump"), "ci", "pending")
	if g := enable(); g.text("errors", 0, "message") != "Pull request is in unstable status" {
		t.Errorf("unstable: %s", g.Body)
	}
	r.Protect(Protection{Ref: "main", Checks: []string{"ci"}})
	if g := enable(); g.text("data", "enablePullRequestAutoMerge", "pullRequest", "autoMergeRequest", "mergeMethod") != "SQUASH" {
		t.Errorf("blocked: %s", g.Body)
	}
	r.Status(r.Tip("bump"), "ci", "success")
	if got := r.Read("main", "apps/a.yaml"); got != "tag: 2\n" || r.Tip("bump") != "" {
		t.Errorf("after the check main holds %q and bump is at %q", got, r.Tip("bump"))
	}
}
