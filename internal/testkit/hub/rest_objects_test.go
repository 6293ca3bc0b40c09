package hub

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

func TestTreesAnswer(t *testing.T) {
	h, r, c := world(t)
	h.Loose()
	base := r.Git("rev-parse", "main^{tree}")
	blob := r.Git("rev-parse", "main:run.sh")
	const page = "/git/trees#create-a-tree"
	item := func(kv ...any) map[string]any {
		m := map[string]any{"path": "p", "mode": "100644", "type": "blob"}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1]
		}
		return m
	}
	without := func(m map[string]any, key string) map[string]any { delete(m, key); return m }
	tests := map[string]struct {
		base any
		item map[string]any
		want string // "" is 201
	}{
		"content":           {base, item("content", "x"), ""},
		"sha":               {base, item("sha", blob), ""},
		"executable":        {base, item("sha", blob, "mode", "100755"), ""},
		"delete":            {base, item("path", "apps/a.yaml", "sha", nil), ""},
		"base unknown":      {strings.Repeat("1", 40), item("content", "x"), "base_tree is not a valid tree oid"},
		"base no tree":      {blob, item("content", "x"), "base_tree is not a valid tree oid"},
		"slash":             {base, item("path", "/p", "content", "x"), "tree.path cannot start with a slash"},
		"dots":              {base, item("path", "a/../p", "content", "x"), "tree.path contains a malformed path component"},
		"git folder":        {base, item("path", "a/.GIT/p", "content", "x"), "tree.path contains a malformed path component"},
		"short mode":        {base, item("mode", "40000", "sha", base), "Must supply a valid tree.mode"},
		"no mode":           {base, without(item("path", "apps/a.yaml", "sha", nil), "mode"), "Must supply a valid tree.mode"},
		"number mode":       {base, item("mode", 100644, "content", "x"), "Must supply a valid tree.mode"},
		"neither":           {base, item(), "Must supply either tree.sha or tree.content. Request will be rejected if both are present."},
		"both":              {base, item("sha", blob, "content", "x"), "Must supply either tree.sha or tree.content. Request will be rejected if both are present."},
		"null content":      {base, item("sha", blob, "content", nil), ""},
		"folder content":    {base, item("mode", "040000", "content", "x"), "A subdirectory may not have content"},
		"sha of a tree":     {base, item("sha", base), "tree.sha " + base + " is not a valid blob"},
		"delete missing":    {base, item("path", "none", "sha", nil), "GitRPC::BadObjectState"},
		"delete other mode": {base, item("path", "run.sh", "sha", nil), "GitRPC::BadObjectState"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := c.rest("POST", "/repos/acme/infra/git/trees", map[string]any{"base_tree": test.base, "tree": []any{test.item}})
			want := said{422, test.want, page}
			if test.want == "" {
				want = said{Status: 201}
			}
			if diff := cmp.Diff(want, g.said()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestATreeIsWhatGitMakesOfIt makes a commit by REST alone and reads it with git.
func TestATreeIsWhatGitMakesOfIt(t *testing.T) {
	_, r, c := world(t)
	head := r.Tip("main")
	blob := c.rest("POST", "/repos/acme/infra/git/blobs", map[string]any{"content": "!!" + b64("tag: 2\n") + "\n", "encoding": "base64"}).text("sha")
	tree := c.rest("POST", "/repos/acme/infra/git/trees", map[string]any{"base_tree": r.Git("rev-parse", "main^{tree}"), "tree": []any{
		map[string]any{"path": "apps/deep/er/b.yaml", "mode": "100644", "type": "blob", "sha": blob},
		map[string]any{"path": "apps/a.yaml", "mode": "100644", "type": "blob", "sha": nil},
	}}).text("sha")
	g := c.rest("POST", "/repos/acme/infra/git/commits", map[string]any{"message": "by REST", "tree": tree, "parents": []string{head}})
	if g.at("verification", "verified") != true {
		t.Errorf("an App that names no author gets no signature: %s", g.Body)
	}
	if g := c.rest("PATCH", "/repos/acme/infra/git/refs/heads/main", map[string]any{"sha": g.text("sha")}); g.Status != 200 {
		t.Fatal(g.Body)
	}
	want := map[string]string{"apps/deep/er/b.yaml": "100644 blob " + blob, "run.sh": "100755 blob " + r.Git("rev-parse", head+":run.sh")}
	if diff := cmp.Diff(want, r.Tree("main")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := r.Read("main", "apps/deep/er/b.yaml"); got != "tag: 2\n" {
		t.Errorf("the blob holds %q", got)
	}
	r.Git("fsck", "--strict", "--no-dangling")

	g = c.rest("GET", "/repos/acme/infra/git/trees/main?recursive=0", nil)
	var paths []string
	for i := range 10 {
		if p := g.text("tree", i, "path"); p != "" {
			paths = append(paths, p+" "+g.text("tree", i, "mode"))
		}
	}
	if diff := cmp.Diff([]string{"apps 040000", "apps/deep 040000", "apps/deep/er 040000", "apps/deep/er/b.yaml 100644", "run.sh 100755"}, paths); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	r.Set(func(s *Settings) { s.TreeLimit = 2 })
	if g := c.rest("GET", "/repos/acme/infra/git/trees/main?recursive=1", nil); g.at("truncated") != true || g.at("tree", 2) != nil {
		t.Errorf("a tree over the limit: %s", g.Body)
	}
}

func TestCommitsAnswer(t *testing.T) {
	h, r, c := world(t)
	h.Loose()
	tree, head := r.Git("rev-parse", "main^{tree}"), r.Tip("main")
	user := client{t, h, h.Token(Token{Kind: Classic})}
	const page = "/git/commits#create-a-commit"
	somebody := map[string]any{"name": "Ann", "email": "ann@example.com", "date": "2026-01-02T03:04:05+02:00"}
	tests := map[string]struct {
		by     client
		body   map[string]any
		want   said
		signed bool
		author string
	}{
		"by an app":    {c, map[string]any{"message": "m", "tree": tree, "parents": []string{head}}, said{Status: 201}, true, "tagboat[bot]"},
		"with author":  {c, map[string]any{"message": "m", "tree": tree, "author": somebody}, said{Status: 201}, false, "Ann"},
		"by a user":    {user, map[string]any{"message": "m", "tree": tree}, said{Status: 201}, false, "octocat"},
		"no tree":      {c, map[string]any{"message": "m", "tree": strings.Repeat("1", 40)}, said{422, "Tree SHA does not exist", page}, false, ""},
		"short tree":   {c, map[string]any{"message": "m", "tree": "abc"}, said{422, "The tree parameter must be exactly 40 characters and contain only [0-9a-f].", page}, false, ""},
		"no parent":    {c, map[string]any{"message": "m", "tree": tree, "parents": []string{tree}}, said{422, "Parent SHA does not exist or is not a commit object", page}, false, ""},
		"null author":  {c, map[string]any{"message": "m", "tree": tree, "author": nil}, said{422, "Invalid request.\n\nFor 'properties/author', nil is not an object.", page}, false, ""},
		"empty name":   {c, map[string]any{"message": "m", "tree": tree, "author": map[string]any{"name": "", "email": "a@b"}}, said{422, "Validation Failed", page}, false, ""},
		"bad date":     {c, map[string]any{"message": "m", "tree": tree, "author": map[string]any{"name": "a", "email": "a@b", "date": "4728-11-02T15:05:10"}}, said{422, "Invalid request.\n\n4728-11-02T15:05:10 is not a valid date-time.", page}, false, ""},
		"no message":   {c, map[string]any{"tree": tree}, said{422, "Invalid request.\n\n\"message\" wasn't supplied.", page}, false, ""},
		"nothing sent": {c, map[string]any{}, said{422, "Invalid request.\n\n\"message\", \"tree\" weren't supplied.", page}, false, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := test.by.rest("POST", "/repos/acme/infra/git/commits", test.body)
			if diff := cmp.Diff(test.want, g.said()); diff != "" {
				t.Fatalf("-want +got\n%s", diff)
			}
			if g.Status == 201 && (g.at("verification", "verified") != test.signed || g.text("author", "name") != test.author) {
				t.Errorf("verification is %v and the author %s", g.at("verification"), g.text("author", "name"))
			}
			if name == "with author" && g.text("author", "date") != "2026-01-02T01:04:05Z" {
				t.Errorf("the date is %s", g.text("author", "date"))
			}
			if name == "empty name" && fmt.Sprint(g.at("errors")) != "[map[code:missing_field field:name resource:author]]" {
				t.Errorf("errors are %v", g.at("errors"))
			}
		})
	}
}

func TestBlobsComeInLines(t *testing.T) {
	_, r, c := world(t)
	data := strings.Repeat("0123456789", 20)
	r.Commit("main", "long", testkit.GitFile{Path: "long", Data: data})
	oid := r.Git("rev-parse", "main:long")
	g := c.rest("GET", "/repos/acme/infra/git/blobs/"+oid, nil)
	lines := strings.SplitAfter(g.text("content"), "\n")
	if len(lines[0]) != 61 || lines[len(lines)-1] != "" || string(lenient(g.text("content"))) != data {
		t.Errorf("the content is %q", g.text("content"))
	}
	if g := c.rest("GET", "/repos/acme/infra/git/blobs/"+oid, nil, "Accept", "application/vnd.github.raw+json"); g.Body != data {
		t.Errorf("raw is %q", g.Body)
	}
	if g := c.rest("GET", "/repos/acme/infra/git/blobs/"+strings.Repeat("1", 40), nil); g.Status != 404 {
		t.Errorf("an unknown one is %d", g.Status)
	}
	if g := c.rest("GET", "/repos/acme/infra/git/blobs/abc", nil); g.Status != 422 {
		t.Errorf("a malformed one is %d", g.Status)
	}
}
