package hub

import (
	"net/http"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// said is what an error of REST tells.
type said struct {
	Status  int
	Message string
	Page    string
}

func (g got) said() said {
	if g.Status < 400 {
		return said{Status: g.Status}
	}
	return said{g.Status, g.text("message"), strings.TrimPrefix(g.text("documentation_url"), docs)}
}

func TestRefsAnswer(t *testing.T) {
	h, r, c := world(t)
	h.Loose()
	start := r.Tip("main")
	side := r.Commit("side", "unrelated", testkit.GitFile{Path: "x", Data: "x"})
	next := r.Commit("main", "next", testkit.GitFile{Path: "y", Data: "y"})
	r.Commit("held", "x", testkit.GitFile{Path: "x", Data: "x"})
	r.Protect(Protection{Ref: "classic", PullRequest: true, Checks: []string{"a", "b"}, Reviews: 1})
	r.Protect(Protection{Ref: "ruled", Ruleset: true, Update: true, PullRequest: true, Deletion: true})
	r.Protect(Protection{Ref: "new/*", Ruleset: true, Creation: true})
	for _, branch := range []string{"classic", "ruled", "free", "gone", "foo"} {
		r.Git("branch", branch, start)
	}
	blob := r.Git("rev-parse", "main:y")
	h.Repo("acme/empty")
	const create, update, remove, get = "/git/refs#create-a-reference", "/git/refs#update-a-reference", "/git/refs#delete-a-reference", "/git/refs#get-a-reference"
	body := func(kv ...any) map[string]any {
		m := map[string]any{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1]
		}
		return m
	}
	tests := map[string]struct {
		method, path string
		body         any
		want         said
	}{
		"get":            {"GET", "/acme/infra/git/ref/heads/main", nil, said{Status: 200}},
		"get missing":    {"GET", "/acme/infra/git/ref/heads/nope", nil, said{404, "Not Found", get}},
		"get empty":      {"GET", "/acme/empty/git/ref/heads/main", nil, said{409, "Git Repository is empty.", get}},
		"create":         {"POST", "/acme/infra/git/refs", body("ref", "refs/tags/v1", "sha", start), said{Status: 201}},
		"create twice":   {"POST", "/acme/infra/git/refs", body("ref", "refs/heads/free", "sha", start), said{422, "Reference already exists", create}},
		"create nothing": {"POST", "/acme/infra/git/refs", body("ref", "refs/heads/n", "sha", strings.Repeat("1", 40)), said{422, "Object does not exist", create}},
		"create blob":    {"POST", "/acme/infra/git/refs", body("ref", "refs/heads/n", "sha", blob), said{422, "Reference update failed", create}},
		"create nested":  {"POST", "/acme/infra/git/refs", body("ref", "refs/heads/foo/bar", "sha", start), said{422, "Reference update failed", create}},
		"create ruled":   {"POST", "/acme/infra/git/refs", body("ref", "refs/heads/new/x", "sha", start), said{422, "Reference update failed", create}},
		"create bare":    {"POST", "/acme/infra/git/refs", body("ref", "heads/x", "sha", start), said{422, "Reference name must start with 'refs/'.", create}},
		"create short":   {"POST", "/acme/infra/git/refs", body("ref", "refs/x", "sha", start), said{422, "Reference name must contain at least three slash-separated components.", create}},
		"create no sha":  {"POST", "/acme/infra/git/refs", body("ref", "refs/heads/x"), said{422, "Invalid request.\n\n\"sha\" wasn't supplied.", create}},
		"create bad sha": {"POST", "/acme/infra/git/refs", body("ref", "refs/heads/x", "sha", "HEAD"), said{422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].", create}},
		"create nil":     {"POST", "/acme/infra/git/refs", body("ref", "refs/heads/x", "sha", nil), said{422, "Invalid request.\n\nFor 'properties/sha', nil is not a string.", create}},
		"create empty":   {"POST", "/acme/empty/git/refs", body("ref", "refs/heads/x", "sha", start), said{409, "Git Repository is empty.", create}},
		"bad json":       {"POST", "/acme/infra/git/refs", "{", said{400, "Problems parsing JSON", create}},
		"array":          {"POST", "/acme/infra/git/refs", "[1]", said{400, "Body should be a JSON object", create}},
		"update":         {"PATCH", "/acme/infra/git/refs/heads/free", body("sha", next), said{Status: 200}},
		"update back":    {"PATCH", "/acme/infra/git/refs/heads/main", body("sha", start), said{422, "Update is not a fast forward", update}},
		"update aside":   {"PATCH", "/acme/infra/git/refs/heads/main", body("sha", side, "force", false), said{422, "Update is not a fast forward", update}},
		"update missing": {"PATCH", "/acme/infra/git/refs/heads/nope", body("sha", start), said{422, "Reference does not exist", update}},
		"update nothing": {"PATCH", "/acme/infra/git/refs/heads/main", body("sha", strings.Repeat("1", 40)), said{422, "Object does not exist", update}},
		"update blob":    {"PATCH", "/acme/infra/git/refs/heads/main", body("sha", blob, "force", true), said{422, "Object is not a commit", update}},
		"update classic": {"PATCH", "/acme/infra/git/refs/heads/classic", body("sha", next), said{422, "2 of 2 required status checks are expected. Changes must be made through a pull request.", pageProtected}},
		"update ruled":   {"PATCH", "/acme/infra/git/refs/heads/ruled", body("sha", next), said{422, "Repository rule violations found\n\nCannot update this protected ref.\n\nChanges must be made through a pull request.\n\n", update}},
		"update same":    {"PATCH", "/acme/infra/git/refs/heads/ruled", body("sha", start), said{Status: 200}},
		"delete":         {"DELETE", "/acme/infra/git/refs/heads/gone", nil, said{Status: 204}},
		"delete missing": {"DELETE", "/acme/infra/git/refs/heads/nope", nil, said{422, "Reference does not exist", remove}},
		"delete default": {"DELETE", "/acme/infra/git/refs/heads/main", nil, said{422, "Cannot delete the default branch", remove}},
		"delete ruled":   {"DELETE", "/acme/infra/git/refs/heads/ruled", nil, said{422, "Repository rule violations found\n\nCannot delete this branch\n\n", remove}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := c.rest(test.method, "/repos"+test.path, test.body)
			want := test.want
			if got.said() != want {
				t.Errorf("got %+v\nwant %+v", got.said(), want)
			}
			if want.Status >= 400 && got.at("status") != itoa(want.Status) {
				t.Errorf("the status within is %v", got.at("status"))
			}
		})
	}
}

func TestMatchingRefsComeInPages(t *testing.T) {
	_, r, c := world(t)
	for _, tag := range []string{"v0.0.1", "v0.0.10", "v0.1.0", "w"} {
		r.Git("tag", tag, "main")
	}
	g := c.rest("GET", "/repos/acme/infra/git/matching-refs/tags/v0.0.1?per_page=1", nil)
	if g.text(0, "ref") != "refs/tags/v0.0.1" || g.at(1) != nil {
		t.Errorf("the first page is %s", g.Body)
	}
	next, _, _ := strings.Cut(strings.TrimPrefix(g.Header.Get("Link"), "<"), ">")
	if !strings.Contains(next, "/repositories/") {
		t.Fatalf("Link is %q", g.Header.Get("Link"))
	}
	g = c.ask("GET", next, nil)
	if g.text(0, "ref") != "refs/tags/v0.0.10" || strings.Contains(g.Header.Get("Link"), `rel="next"`) {
		t.Errorf("the second page is %s with %q", g.Body, g.Header.Get("Link"))
	}
	if g := c.rest("GET", "/repos/acme/infra/git/matching-refs/tags/none", nil); g.Status != http.StatusOK || g.Body != "[]" {
		t.Errorf("no match is %d %s", g.Status, g.Body)
	}
}

func TestRefsOnDiskAreGits(t *testing.T) {
	_, r, c := world(t)
	for _, name := range []string{"refs/heads/a", "refs/heads/d/e", "refs/tagboat/intents/x/1"} {
		if g := c.rest("POST", "/repos/acme/infra/git/refs", map[string]any{"ref": name, "sha": r.Tip("main")}); g.Status != 201 {
			t.Fatal(g.Body)
		}
	}
	r.Git("pack-refs", "--all", "--prune")
	for _, path := range []string{"heads/a", "heads/d/e"} {
		if g := c.rest("DELETE", "/repos/acme/infra/git/refs/"+path, nil); g.Status != 204 {
			t.Fatal(g.Body)
		}
	}
	if g := c.rest("POST", "/repos/acme/infra/git/refs", map[string]any{"ref": "refs/heads/d", "sha": r.Tip("main")}); g.Status != 201 {
		t.Errorf("a name whose folder is empty: %s", g.Body)
	}
	if got, want := r.Git("for-each-ref", "--format=%(refname)"), "refs/heads/d\nrefs/heads/main\nrefs/tagboat/intents/x/1"; got != want {
		t.Errorf("git sees\n%s\nwant\n%s", got, want)
	}
}
