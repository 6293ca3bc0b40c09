//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"
)

// TestAMergeShipsWhatItsPullRequestHasBuilt opens a pull request, whose run checks
// out a test merge, and pushes the merge. That is another commit with the same tree.
func TestAMergeShipsWhatItsPullRequestHasBuilt(t *testing.T) {
	s := newShop(t)
	s.git(s.dir, "switch", "--quiet", "--create", "greeting")
	s.edit("index.html", "<p>Hello from pull request #7.</p>\n")
	head := s.git(s.dir, "rev-parse", "HEAD")
	s.git(s.dir, "switch", "--quiet", "--create", "test-merge", "main")
	s.git(s.dir, "merge", "--quiet", "--no-ff", "--message=Merge "+head+" into main", "greeting")

	r := s.act("retag.yml", "pull_request", s.pullRequest("opened", head, "acme/web"))
	r.succeeded(t)
	r.want(t, "version", map[string]string{"version": ""})
	r.want(t, "ship", map[string]string{"tag": "pr-7", "version": "", "changed": "false"})
	r.inSummary(t, "| build | done |")
	built := r.outputs["ship"]["digest"]
	if tags := s.git(s.source, "tag"); tags != "" {
		t.Errorf("a pull request took a number: %s", tags)
	}

	s.git(s.dir, "switch", "--quiet", "main")
	s.git(s.dir, "merge", "--quiet", "--no-ff", "--message=Merge pull request #7 from acme/greeting", "greeting")
	s.git(s.dir, "push", "--quiet", s.source, "main")
	s.registry.Forget()
	r = s.act("retag.yml", "push", s.push())
	r.succeeded(t)
	r.want(t, "version", map[string]string{"version": "v0.0.1"})
	r.want(t, "ship", map[string]string{"tags": "v0.0.1", "version": "v0.0.1", "digest": built, "changed": "true"})
	r.inSummary(t, "| build | already so |", "pr-7 was built from the same tree")
	if of := map[string]string{"pr-7": s.registry.Digest("acme/web", "pr-7"), "v0.0.1": s.registry.Digest("acme/web", "v0.0.1")}; of["pr-7"] != built || of["v0.0.1"] != built {
		t.Errorf("the registry has %v, want %s under both", of, built)
	}
	if asked := s.registry.Requests(); slices.ContainsFunc(asked, func(line string) bool {
		return strings.Contains(line, "/blobs/sha256:") || strings.HasPrefix(line, "PATCH ")
	}) {
		t.Errorf("layers were read or sent: %v", asked)
	}
	if at := s.git(s.source, "rev-parse", "v0.0.1^{commit}"); at != s.git(s.dir, "rev-parse", "main") {
		t.Errorf("v0.0.1 is at %s", at)
	}
	if label := s.revision("v0.0.1"); label != head {
		t.Errorf("the image says it was built from %s, want the pull request's head %s", label, head)
	}
	s.bumped("main", "v0.0.0", "v0.0.1")
}
