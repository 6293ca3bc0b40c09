package hub

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/run"
)

// dated makes commits of one branch each, "b: a @30" on a, 30 minutes after the first hour.
func (r *Repo) dated(t *testing.T, lines ...string) {
	t.Helper()
	var stream strings.Builder
	marks := map[string]int{}
	for i, line := range lines {
		text, at, _ := strings.Cut(line, "@")
		name, parents, _ := strings.Cut(text, ":")
		name = strings.TrimSpace(name)
		marks[name] = i + 1
		var minutes int
		fmt.Sscan(at, &minutes)
		fmt.Fprintf(&stream, "commit refs/heads/%s\nmark :%d\ncommitter x <x@example.com> %d +0000\ndata %d\n%s\n", name, i+1, 1_800_000_000+60*minutes, len(name), name)
		for j, parent := range strings.Fields(parents) {
			fmt.Fprintf(&stream, "%s :%d\n", []string{"from", "merge"}[j], marks[parent])
		}
		stream.WriteString("\n")
	}
	c := r.Command("fast-import", "--quiet", "--force")
	c.Stdin = strings.NewReader(stream.String())
	if err := run.Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
}

// names are the values of a field of the nodes of a list.
func (g got) names(field string, path ...any) string {
	list, _ := g.at(path...).([]any)
	var names []string
	for _, n := range list {
		names = append(names, fmt.Sprint(at(n, field)))
	}
	return strings.Join(names, " ")
}

func TestHistoryIsThatOfGitLog(t *testing.T) {
	_, r, c := world(t)
	r.dated(t, "a: @0", "b: a @10", "side: a @5", "c: b side @20")
	const field = `history(first: %s) { totalCount pageInfo { hasNextPage endCursor } nodes { messageHeadline } }`
	for first, want := range map[string]string{"2": "c b", "3": "c b side", "9": "c b side a", `2, after: "Y3Vyc29yOjI="`: "side a"} {
		g := c.graph(`{ repository(owner: "acme", name: "infra") { ref(qualifiedName: "c") { target { ... on Commit { `+fmt.Sprintf(field, first)+` } } } } }`, nil)
		history := []any{"data", "repository", "ref", "target", "history"}
		if got := g.names("messageHeadline", append(history, "nodes")...); got != want {
			t.Errorf("first %s: got %q; want %q", first, got, want)
		}
		if more := g.at(append(history, "pageInfo", "hasNextPage")...); more != !strings.HasSuffix(want, "a") {
			t.Errorf("first %s: there is more: %v", first, more)
		}
		if all := fmt.Sprint(g.at(append(history, "totalCount")...)); all != "4" {
			t.Errorf("first %s: there are %s", first, all)
		}
	}
}

func TestTagsAreOrderedByTheirCommits(t *testing.T) {
	_, r, c := world(t)
	r.dated(t, "a: @10", "b: @5", "c: @20")
	for _, folder := range []string{"refs/tags/", "refs/x/"} {
		for _, name := range []string{"a", "b", "c"} {
			r.Git("update-ref", folder+name, name)
		}
	}
	for folder, want := range map[string]string{"refs/tags/": "c a b", "refs/x/": "c b a"} { // GitHub knows dates of tags alone
		g := c.graph(`query($p: String!) { repository(owner: "acme", name: "infra") { refs(first: 9, refPrefix: $p, orderBy: {field: TAG_COMMIT_DATE, direction: DESC}) { nodes { target { ... on Commit { messageHeadline } } } } } }`, map[string]any{"p": folder})
		var got []string
		for i := range 3 {
			got = append(got, g.text("data", "repository", "refs", "nodes", i, "target", "messageHeadline"))
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", folder, diff)
		}
	}
}

func TestPagesOfACompare(t *testing.T) {
	_, _, c := world(t)
	for _, message := range []string{"one", "two", "three"} {
		c.hub.Repo("acme/infra").Commit("x", message)
	}
	r := c.hub.Repo("acme/infra")
	r.Git("update-ref", "refs/heads/main", "x~2")
	for page, want := range map[string]struct{ messages string }{"?per_page=1": {messages: "two"}, "?per_page=1&page=2": {messages: "three"}, "": {messages: "two three"}} {
		g := c.rest("GET", "/repos/acme/infra/compare/main...x"+page, nil)
		var messages []string
		commits, _ := g.at("commits").([]any)
		for i := range commits {
			messages = append(messages, g.text("commits", i, "commit", "message"))
		}
		if got := strings.Join(messages, " "); got != want.messages || g.text("status") != "ahead" || fmt.Sprint(g.at("total_commits")) != "2" {
			t.Errorf("%q: got %q, %s", page, got, g.Body)
		}
	}
}

// What git packs, moves and deletes is seen at once.
func TestPackedRefsAreSeen(t *testing.T) {
	_, r, _ := world(t)
	first := r.Tip("main")
	second := r.Commit("main", "more")
	r.Git("update-ref", "refs/tags/a", first)
	r.Git("update-ref", "refs/tags/b", first)
	see := func(want ...ref) {
		t.Helper()
		if diff := cmp.Diff(want, r.files.list("refs/tags/"), cmp.AllowUnexported(ref{})); diff != "" {
			t.Error(diff)
		}
		for _, one := range want {
			if got := r.files.get(one.name); got != one.oid {
				t.Errorf("%s is at %q", one.name, got)
			}
		}
	}
	see(ref{"refs/tags/a", first}, ref{"refs/tags/b", first})
	r.Git("pack-refs", "--all")
	see(ref{"refs/tags/a", first}, ref{"refs/tags/b", first})
	r.Git("update-ref", "refs/tags/a", second)
	see(ref{"refs/tags/a", second}, ref{"refs/tags/b", first})
	r.Git("pack-refs", "--all")
	see(ref{"refs/tags/a", second}, ref{"refs/tags/b", first})
	r.Git("update-ref", "-d", "refs/tags/b")
	see(ref{"refs/tags/a", second})
}
