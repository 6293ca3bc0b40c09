package version_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/version"
)

// numbered makes so many commits in one line, as many minutes apart, each with the
// number of its place, and gives them all.
func (g *gitHub) numbered(count, apart int) []string {
	g.t.Helper()
	var stream strings.Builder
	for n := range count {
		fmt.Fprintf(&stream, "commit refs/heads/main\nmark :%d\ncommitter Ada <ada@example.org> %d +0000\ndata 1\nx\n\n", n+1, dawn+60*apart*n)
	}
	ids := g.imported(stream.String())
	names := make([]string, count)
	for n := range count {
		names[n] = fmt.Sprintf("refs/tags/v0.0.%d", n+1)
	}
	g.pack(append(names, "refs/heads/main"), append(ids, ids[count-1]))
	return ids
}

// beside makes a commit on another one, so many minutes after the first of all.
func (g *gitHub) beside(name, on string, minutes int) string {
	return g.imported(fmt.Sprintf("commit refs/heads/%s\nmark :1\ncommitter Ada <ada@example.org> %d +0000\ndata 1\ny\nfrom %s\n", name, dawn+60*minutes, on))[0]
}

// Whatever the number of tags, a claim is a read, the whole list of tags, and the
// tag that it creates.
func TestFiftyThousandTags(t *testing.T) {
	g := onGitHub(t)
	const tags, apart = 50_000, 30
	ids := g.numbered(tags, apart)
	next := g.beside("next", ids[tags-1], apart*tags)
	sibling := g.beside("sibling", ids[tags-2], apart*tags-apart/2)
	for _, test := range []struct {
		name, commit, want string
		requests           int
	}{
		{"the next commit", next, "v0.0.50001", 3},
		{"one that has a number", ids[7], "v0.0.8", 2},
		{"one beside the newest numbers", sibling, "v0.0.50002", 4}, // GitHub is asked whether these come after it
	} {
		t.Run(test.name, func(t *testing.T) {
			g.Requests()
			began := time.Now()
			got, err := version.Allocate(t.Context(), g.store(), version.Request{Commit: test.commit, Pause: atOnce})
			if err != nil || string(got.Tag) != test.want {
				t.Errorf("got %+v, %v; want %s", got, err, test.want)
			}
			asked := g.Requests()
			if len(asked) != test.requests {
				t.Errorf("requests are %q", asked)
			}
			t.Logf("%d requests, %v", len(asked), time.Since(began).Round(time.Millisecond))
		})
	}
}
