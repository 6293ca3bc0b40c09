//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
)

// TestTheLifeOfAChange is the main job: a pull request, its merge, the merge
// once more, and a push after it.
func TestTheLifeOfAChange(t *testing.T) {
	s := newShop(t)
	s.git(s.dir, "switch", "--quiet", "--create", "greeting")
	s.edit("index.html", "<p>Hello from pull request #7.</p>\n")
	head := s.git(s.dir, "rev-parse", "HEAD")

	r := s.act("ship.yml", "pull_request", s.pullRequest("opened", head, "acme/web"))
	r.succeeded(t)
	r.want(t, "ship", map[string]string{"tags": "pr-7\nsha-" + head[:12], "tag": "pr-7", "changed": "false", "version": "", "deploy-ref": s.image + ":pr-7"})
	s.pulled("pr-7", "index.html")
	s.pulled("sha-"+head[:12], "index.html")
	if label := s.revision("pr-7"); label != head {
		t.Errorf("the image says it was built from %s, want the pull request's head %s", label, head)
	}
	r.inSummary(t, "| bump | skipped |", "pr-7", head[:12])

	s.git(s.dir, "switch", "--quiet", "main")
	s.git(s.dir, "merge", "--quiet", "--no-ff", "--message=Merge pull request #7", "greeting")
	s.git(s.dir, "push", "--quiet", s.source, "main")
	merged := s.pullRequest("closed", head, "acme/web")
	r = s.act("ship.yml", "pull_request", merged)
	r.succeeded(t)
	r.want(t, "ship", map[string]string{"tags": "v0.0.1", "version": "v0.0.1", "changed": "true", "deploy-ref": s.image + ":v0.0.1",
		"branch": "main", "commit-sha": s.git(s.infra, "rev-parse", "main")})
	s.pulled("v0.0.1", "index.html")
	if got := s.git(s.source, "rev-parse", "v0.0.1^{commit}"); got != s.git(s.dir, "rev-parse", "main") {
		t.Errorf("v0.0.1 is at %s", got)
	}
	s.bumped("main", "v0.0.0", "v0.0.1")
	r.inSummary(t, "| bump | done |", "`v0.0.0` | `v0.0.1`", "`batch/worker.yaml`:14")

	infra, tags := s.git(s.infra, "rev-parse", "main"), s.git(s.source, "for-each-ref")
	r = s.act("ship.yml", "pull_request", merged)
	r.succeeded(t)
	r.want(t, "ship", map[string]string{"version": "v0.0.1", "changed": "false", "commit-sha": infra, "diff": ""})
	r.inSummary(t, "tagboat ship: already so")
	if infra != s.git(s.infra, "rev-parse", "main") || tags != s.git(s.source, "for-each-ref") {
		t.Error("the same event again changed a repository")
	}

	s.edit("index.html", "<p>Hello again.</p>\n")
	s.git(s.dir, "push", "--quiet", s.source, "main")
	r = s.act("ship.yml", "push", s.push())
	r.succeeded(t)
	r.want(t, "ship", map[string]string{"version": "v0.0.2", "changed": "true"})
	s.pulled("v0.0.2", "index.html")
	s.bumped("main", "v0.0.1", "v0.0.2")
}

func TestAForkIsBuiltAndNotPushed(t *testing.T) {
	s := newShop(t)
	s.registry.Forget()
	r := s.act("ship.yml", "pull_request", s.pullRequest("opened", s.git(s.dir, "rev-parse", "HEAD"), "eve/web"))
	r.succeeded(t)
	r.want(t, "ship", map[string]string{"tags": "", "images": "", "deploy-ref": "", "changed": "false"})
	r.inSummary(t, "fork eve/web", "| push | skipped |")
	if asked := s.registry.Requests(); len(asked) > 0 {
		t.Errorf("the registry was asked: %v", asked)
	}
	if !strings.HasPrefix(r.outputs["ship"]["digest"], "sha256:") {
		t.Errorf("it was not built: %v", r.outputs)
	}
}

func TestADispatchGoesThroughEachVerb(t *testing.T) {
	s := newShop(t)
	r := s.act("verbs.yml", "workflow_dispatch", map[string]any{"ref": "refs/heads/main", "inputs": nil, "repository": s.repository(), "sender": map[string]any{"login": "ada"}})
	r.succeeded(t)
	r.want(t, "version", map[string]string{"version": "v2.1.1"})
	r.want(t, "build", map[string]string{"tags": "v0.0.1\nv2.1.1", "version": "v0.0.1", "deploy-ref": s.image + ":v0.0.1"})
	r.want(t, "bump", map[string]string{"changed": "true", "deploy-ref": s.image + ":v0.0.1"})
	s.pulled("v2.1.1", "index.html")
	s.bumped(r.outputs["bump"]["branch"], "v0.0.0", "v0.0.1")
	if main := s.git(s.infra, "log", "--format=%s", "main"); main != "Begin" {
		t.Errorf("the base branch was written: %s", main)
	}
	var p plan.Plan
	if err := json.Unmarshal([]byte(r.outputs["plan"]["plan"]), &p); err != nil || !p.Push.Do {
		t.Errorf("plan %+v, %v", p, err)
	}
	if info, err := os.Stat(r.outputs["setup"]["binary"]); err != nil || info.Mode()&0o111 == 0 {
		t.Errorf("setup: %v, %v", r.outputs["setup"], err)
	}
}

func TestActionsOfTheSameRepositoryAreUsedByPath(t *testing.T) {
	s := newShop(t)
	s.copyToolkit(filepath.Join(s.dir, "tagboat"))
	s.git(s.dir, "add", "--all")
	s.git(s.dir, "commit", "--quiet", "--message=Take the toolkit along")
	s.git(s.dir, "push", "--quiet", s.source, "main")
	r := s.act("local.yml", "push", s.push())
	r.succeeded(t)
	r.want(t, "ship", map[string]string{"version": "v0.0.1", "changed": "true"})
	s.pulled("v0.0.1", "index.html")
}

func TestAFailureIsAnnotatedAndReported(t *testing.T) {
	s := newShop(t)
	r := s.act("wrong.yml", "push", s.push())
	if !r.failed {
		t.Fatalf("the run did not fail:\n%s", r.log)
	}
	if !strings.Contains(r.log, "::error title=E_INFRA_PATH::") {
		t.Errorf("no annotation:\n%s", r.log)
	}
	r.inSummary(t, "tagboat ship: failed", "E_INFRA_PATH", "| check | failed |", "| bump | not reached |")
	if tags := s.git(s.source, "tag"); tags != "" {
		t.Errorf("a number was claimed all the same: %s", tags)
	}
}

// pullRequest is the payload of pull request #7.
func (s *shop) pullRequest(action, head, from string) map[string]any {
	return map[string]any{
		"action": action, "number": 7,
		"pull_request": map[string]any{
			"number": 7, "merged": action == "closed", "merge_commit_sha": s.git(s.dir, "rev-parse", "main"),
			"user": map[string]any{"login": "ada"},
			"head": map[string]any{"ref": "greeting", "sha": head, "repo": map[string]any{"full_name": from, "fork": from != "acme/web"}},
			"base": map[string]any{"ref": "main", "repo": s.repository()},
		},
		"repository": s.repository(), "sender": map[string]any{"login": "ada"},
	}
}

// push is the payload of a push of main.
func (s *shop) push() map[string]any {
	tip := s.git(s.dir, "rev-parse", "main")
	return map[string]any{
		"ref": "refs/heads/main", "after": tip, "deleted": false, "head_commit": map[string]any{"id": tip},
		"repository": s.repository(), "sender": map[string]any{"login": "ada"},
	}
}

func (s *shop) repository() map[string]any {
	return map[string]any{"full_name": "acme/web", "name": "web", "default_branch": "main", "owner": map[string]any{"login": "acme"}}
}

// edit commits a new content of a file of the application.
func (s *shop) edit(file, content string) {
	s.t.Helper()
	check(s.t, os.WriteFile(filepath.Join(s.dir, file), []byte(content), 0o644))
	s.git(s.dir, "commit", "--quiet", "--all", "--message=Edit "+file)
}

// pulled compares a file of the site in an image with the checkout's.
func (s *shop) pulled(tag, file string) {
	s.t.Helper()
	want, err := os.ReadFile(filepath.Join(s.dir, file))
	check(s.t, err)
	got, err := (&registry.Client{}).File(context.Background(), s.tagged(tag), "/srv/site/"+file)
	check(s.t, err)
	if string(got) != string(want) {
		s.t.Errorf("%s in %s is %q, want %q", file, tag, got, want)
	}
}

func (s *shop) tagged(tag string) ref.Image {
	image, err := ref.ParseImage(s.image + ":" + tag)
	check(s.t, err)
	return image
}

func (s *shop) revision(tag string) string {
	s.t.Helper()
	found, err := (&registry.Client{}).Revision(context.Background(), s.tagged(tag))
	check(s.t, err)
	return found.Commit
}

// bumped checks that the tip of an infra branch moves the four references of
// the sample, and changes nothing else.
func (s *shop) bumped(branch, from, to string) {
	s.t.Helper()
	want := map[string]int{}
	for line := range strings.Lines(s.git(s.infra, "show", "--format=", "--unified=0", branch)) {
		line = strings.TrimSuffix(line, "\n")
		if len(line) > 1 && strings.Trim(line[:1], "+-") == "" && !strings.HasPrefix(line, "+++") && !strings.HasPrefix(line, "---") {
			plain := strings.ReplaceAll(strings.ReplaceAll(line[1:], from, "TAG"), to, "TAG")
			want[plain] += map[byte]int{'-': -1, '+': 1}[line[0]]
			want["lines"]++
		}
	}
	if want["lines"] != 8 {
		s.t.Errorf("%d lines changed, want 8", want["lines"])
	}
	delete(want, "lines")
	for _, line := range slices.Sorted(maps.Keys(want)) {
		if want[line] != 0 {
			s.t.Errorf("more than the tag changed in %q", line)
		}
	}
	if subject := s.git(s.infra, "log", "-1", "--format=%s", branch); subject != "web: "+from+" → "+to {
		s.t.Errorf("subject %q", subject)
	}
}

func (r run) succeeded(t *testing.T) {
	t.Helper()
	if r.failed {
		t.Fatalf("the run failed:\n%s", r.log)
	}
}

// want compares some outputs of a step.
func (r run) want(t *testing.T, step string, want map[string]string) {
	t.Helper()
	got, ran := r.outputs[step]
	if !ran {
		t.Fatalf("the step %s left no outputs:\n%s", step, r.log)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			t.Errorf("%s: output %s is %q, want %q", step, name, got[name], want[name])
		}
	}
}

func (r run) inSummary(t *testing.T, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(r.summary, part) {
			t.Errorf("the summary does not say %q:\n%s", part, r.summary)
		}
	}
}
