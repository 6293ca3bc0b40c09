package hub

import (
	"fmt"
	"sync"
	"testing"
)

func TestCreateCommitOnBranch(t *testing.T) {
	h, r, c := world(t)
	head := r.Tip("main")
	g := c.graph(commitDocument, commitInput(head, "apps/a.yaml", "tag: 2\n"))
	oid := g.text("data", "createCommitOnBranch", "commit", "oid")
	if oid == "" || oid != r.Tip("main") || r.Read("main", "apps/a.yaml") != "tag: 2\n" {
		t.Fatalf("%s: main is at %s and holds %q", g.Body, r.Tip("main"), r.Read("main", "apps/a.yaml"))
	}
	email := h.known("tagboat[bot]").email
	if got, want := r.Git("log", "-1", "--format=%P %an <%ae> %cn <%ce>", "main"), head+" tagboat[bot] <"+email+"> GitHub <noreply@github.com>"; got != want {
		t.Errorf("the commit is of\n%s\nwant\n%s", got, want)
	}
	r.Git("fsck", "--strict", "--no-dangling")

	g = c.graph(commitDocument, commitInput(head, "apps/a.yaml", "tag: 3\n"))
	want := fmt.Sprintf("Expected branch to point to %q but it did not.  Pull and try again.", head)
	if g.Status != 200 || g.text("errors", 0, "type") != "STALE_DATA" || g.text("errors", 0, "message") != want || g.at("data", "createCommitOnBranch") != nil {
		t.Errorf("a stale head gets %d %s", g.Status, g.Body)
	}
}

const headDocument = `{ repository(owner: "acme", name: "infra") { ref(qualifiedName: "refs/heads/main") { target { oid } } } }`

func TestOneOfManyWritersGetsEachHead(t *testing.T) {
	h, r, c := world(t)
	c.token = h.Token(Token{Kind: AppToken, Limit: 1_000_000})
	const writers = 200
	var group sync.WaitGroup
	var mu sync.Mutex
	parents := map[string]int{}
	for i := range writers {
		group.Go(func() {
			for range 4 {
				head := c.graph(headDocument, nil).text("data", "repository", "ref", "target", "oid")
				g := c.graph(commitDocument, commitInput(head, fmt.Sprintf("apps/%d.yaml", i), "tag: 1\n"))
				if g.at("errors") == nil {
					mu.Lock()
					parents[head]++
					mu.Unlock()
					return
				}
				if g.text("errors", 0, "type") != "STALE_DATA" {
					t.Errorf("%s", g.Body)
				}
			}
		})
	}
	group.Wait()
	landed := 0
	for head, n := range parents {
		if landed += n; n != 1 {
			t.Errorf("%d commits were made on %s", n, head)
		}
	}
	if got := r.Git("rev-list", "--count", "main"); got != fmt.Sprint(landed+1) || landed < 4 {
		t.Errorf("main has %s commits, and %d were told that theirs landed", got, landed)
	}
	r.Git("fsck", "--strict", "--no-dangling")
}
