package hub

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

func TestContentsAnswer(t *testing.T) {
	h, r, c := world(t)
	h.Loose()
	h.Repo("acme/empty")
	sha := r.Git("rev-parse", "main:apps/a.yaml")
	r.Protect(Protection{Ref: "one", Checks: []string{"ci"}})
	r.Protect(Protection{Ref: "two", Checks: []string{"a", "b"}, PullRequest: true})
	r.Protect(Protection{Ref: "ruled", Ruleset: true, Update: true})
	for _, branch := range []string{"one", "two", "ruled", "free"} {
		r.Git("branch", branch, "main")
	}
	const page = "/repos/contents#create-or-update-file-contents"
	tests := map[string]struct {
		path string
		body map[string]any
		want said
	}{
		"new":          {"/acme/infra/contents/new.yaml", map[string]any{"branch": "free"}, said{Status: 201}},
		"new with sha": {"/acme/infra/contents/other.yaml", map[string]any{"branch": "free", "sha": "abc"}, said{Status: 201}},
		"update":       {"/acme/infra/contents/apps/a.yaml", map[string]any{"branch": "free", "sha": sha}, said{Status: 200}},
		"no sha":       {"/acme/infra/contents/apps/a.yaml", map[string]any{}, said{422, "Invalid request.\n\n\"sha\" wasn't supplied.", page}},
		"wrong sha":    {"/acme/infra/contents/apps/a.yaml", map[string]any{"sha": "zzz"}, said{409, "apps/a.yaml does not match zzz", page}},
		"no branch":    {"/acme/infra/contents/apps/a.yaml", map[string]any{"branch": "nope"}, said{404, "Branch nope not found", page}},
		"no base64":    {"/acme/infra/contents/x", map[string]any{"content": "!"}, said{422, "content is not valid Base64", page}},
		"bad path":     {"/acme/infra/contents/a/../x", map[string]any{}, said{422, "path contains a malformed path component", page}},
		"one check":    {"/acme/infra/contents/x", map[string]any{"branch": "one"}, said{409, `Could not create file: Required status check "ci" is expected.`, pageProtected}},
		"two checks":   {"/acme/infra/contents/apps/a.yaml", map[string]any{"branch": "two", "sha": sha}, said{409, "Could not update file: 2 of 2 required status checks are expected. Changes must be made through a pull request.", pageProtected}},
		"ruleset":      {"/acme/infra/contents/x", map[string]any{"branch": "ruled"}, said{409, "Repository rule violations found\n\nCannot update this protected ref.\n\n", page}},
		"first of all": {"/acme/empty/contents/x", map[string]any{}, said{Status: 201}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			body := map[string]any{"message": "m", "content": b64("tag: 9\n")}
			for key, value := range test.body {
				body[key] = value
			}
			g := c.rest("PUT", "/repos"+test.path, body)
			if diff := cmp.Diff(test.want, g.said()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if _, has := g.JSON.(map[string]any)["metadata"]; has != (name == "ruleset") {
				t.Errorf("metadata: %s", g.Body)
			}
		})
	}
	if got := r.Read("free", "apps/a.yaml"); got != "tag: 9\n" {
		t.Errorf("free holds %q", got)
	}
}

func TestAContentWriteLosesARace(t *testing.T) {
	h, r, c := world(t)
	h.Before("PUT *", func() {
		r.Commit("main", "meanwhile", testkit.GitFile{Path: "apps/a.yaml", Data: "tag: 5\n"})
	})
	sha := r.Git("rev-parse", "main:apps/a.yaml")
	g := c.rest("PUT", "/repos/acme/infra/contents/apps/a.yaml", map[string]any{"message": "m", "content": b64("x"), "sha": sha})
	if g.Status != 409 || g.text("message") != "apps/a.yaml does not match "+sha {
		t.Errorf("%d %s", g.Status, g.Body)
	}
}

func TestContentsAreRead(t *testing.T) {
	_, r, c := world(t)
	r.Commit("main", "links", testkit.GitFile{Path: "apps/link", Mode: "120000", Data: "a.yaml"}, testkit.GitFile{Path: "sub", Mode: "160000", Data: r.Tip("main")})
	if g := c.rest("GET", "/repos/acme/infra/contents/apps/link", nil); string(lenient(g.text("content"))) != "tag: 1\n" {
		t.Errorf("a link to a file holds %s", g.Body)
	}
	list := c.rest("GET", "/repos/acme/infra/contents/apps", nil)
	if list.text(0, "path") != "apps/a.yaml" || list.text(1, "type") != "symlink" {
		t.Errorf("a folder is %s", list.Body)
	}
	if g := c.rest("GET", "/repos/acme/infra/contents/apps?ref=nope", nil); g.said() != (said{404, "No commit found for the ref nope", "https://docs.github.com/v3/repos/contents/"}) {
		t.Errorf("no ref is %+v", g.said())
	}
	if g := c.rest("DELETE", "/repos/acme/infra/contents/apps/a.yaml", map[string]any{"message": "m", "sha": r.Git("rev-parse", "main:apps/a.yaml")}); g.Status != 200 || g.at("content") != nil {
		t.Errorf("a delete is %d %s", g.Status, g.Body)
	}
	if _, there := r.Tree("main")["apps/a.yaml"]; there {
		t.Error("the file is still there")
	}
}
