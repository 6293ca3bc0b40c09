package plan_test

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/runner"
)

// branchTag is the tag of a branch, the rule for which is the first of the lines.
func branchTag(t *testing.T, branch string, lines ...string) string {
	t.Helper()
	in := inputs(t)
	in.Tags = rules(t, lines...)
	p, err := plan.Make(in, runner.Event{Name: "push", Ref: "refs/heads/" + branch, DefaultBranch: "the default", Repository: "acme/web"})
	if err != nil {
		t.Fatal(err)
	}
	return string(p.Tags[0].Name)
}

func TestNamesOfBranches(t *testing.T) {
	long := strings.Repeat("x", 128)
	for branch, want := range map[string]string{
		"main":                     "main",
		"release-1.x":              "release-1.x",
		"v2-beta":                  "v2-beta",
		"feature/login":            "feature-login-df7c7aeb",
		"feature-login-df7c7aeb":   "feature-login-df7c7aeb-#",
		"日本":                       "branch-#",
		long:                       long,
		long + "x":                 long[:119-len("branch-")] + "-#",
		"pr-7":                     "pr-7-#",
		"pr-7a":                    "pr-7a",
		"latest":                   "latest-#",
		"claim-x":                  "branch-claim-x-#",
		"sha-0123456789ab":         "sha-0123456789ab-#",
		"0123456789ab":             "0123456789ab-#",
		merge:                      merge + "-#",
		"v0.0.7":                   "branch-v0.0.7-#", // v0.0.7-1234abcd would be a pre-release
		"1.2.3-rc.1":               "branch-1.2.3-rc.1-#",
		"1.2":                      "1.2-#",
		"v1":                       "v1-#",
		"v1.2.3/fix":               "branch-v1.2.3-fix-#",
		"refs/heads/main":          "refs-heads-main-#",
		"branch-1a2b3c4d":          "branch-1a2b3c4d-#",
		"$(curl evil)\"; rm -rf /": "curl-evil----rm--rf---#",
	} {
		got := branchTag(t, branch, "branch")
		form := "^" + strings.ReplaceAll(regexp.QuoteMeta(want), "#", "[0-9a-f]{8}") + "$"
		if !regexp.MustCompile(form).MatchString(got) {
			t.Errorf("branch %q: got %s, want %s", branch, got, want)
		}
	}
	for _, branch := range []string{"20260131", "2026-01-31"} {
		if got := branchTag(t, branch, "branch"); got == branch {
			t.Errorf("branch %q has the tag of a date", branch)
		}
	}
}

func TestABranchGivesWayToOtherRules(t *testing.T) {
	for _, lines := range [][]string{
		{"branch", "raw=edge"}, {"branch", "type=edge"}, {"branch", "type=schedule,pattern=edge"},
		{"type=ref,event=branch,prefix=b-", "type=raw,value=b-edge"},
	} {
		if got := branchTag(t, "edge", lines...); strings.HasSuffix(got, "edge") {
			t.Errorf("%v: branch edge has the tag %s", lines, got)
		}
	}
	if got := branchTag(t, "preview-7", "branch", "type=ref,event=pr,prefix=preview-"); got == "preview-7" {
		t.Error("branch preview-7 has the tag of pull request 7")
	}
	if got := branchTag(t, "b-main", "branch", "type=ref,event=branch,prefix=b-"); got == "b-main" {
		t.Error("branch b-main has a tag of branch main")
	}
	if got := branchTag(t, "edge", "branch", "raw=latest"); got != "edge" {
		t.Errorf("branch edge has the tag %s, and no other rule wants its own", got)
	}
}

// ofAnotherKind is what no branch may be called: what the other rules give.
var ofAnotherKind = regexp.MustCompile(`^(pr-\d+|(sha-)?([0-9a-f]{12}|[0-9a-f]{40}|[0-9a-f]{64})|v?\d+(\.\d+)?|v?\d+\.\d+\.\d+([-_].*)?|\d+([-_]\d+)*|latest|claim-.*)$`)

// checkBranches holds the tags of some branches to what must be true of all.
func checkBranches(t *testing.T, branches map[string]bool) {
	t.Helper()
	taken := map[string]string{}
	for branch := range branches {
		tag := branchTag(t, branch, "branch", "version", "pr")
		if _, err := ref.ParseTag(tag); err != nil {
			t.Errorf("branch %q: %v", branch, err)
		}
		if ofAnotherKind.MatchString(tag) {
			t.Errorf("branch %q has the tag %s, which is of another kind", branch, tag)
		}
		if other, shared := taken[tag]; shared {
			t.Errorf("branches %q and %q share the tag %s", branch, other, tag)
		}
		taken[tag] = branch
		if again := branchTag(t, tag, "branch", "version", "pr"); again == tag && tag != branch {
			t.Errorf("branches %q and %q share the tag %s", branch, tag, tag)
		}
	}
}

func TestBranchesNeverShareATag(t *testing.T) {
	parts := []string{"feature", "Feature", "/", "-", ".", "_", "a", "b", "日本", "日木", "$", " ", "v", "1", "0", "2", "1.2", "1.2.3",
		"pr-", "sha-", "claim-", "latest", "branch", "0123456789ab", "1a2b3c4d", "-12345678", "-abcdef12", strings.Repeat("x", 119), strings.Repeat("7", 128)}
	random := rand.New(rand.NewPCG(7, 7))
	branches := map[string]bool{}
	for len(branches) < 6000 {
		var b strings.Builder
		for range 1 + random.IntN(4) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		branches[b.String()] = true
	}
	checkBranches(t, branches)
}

func FuzzBranchTags(f *testing.F) {
	for _, pair := range [][2]string{{"feature/a", "feature-a"}, {"v1.2.3", "v1.2.3/x"}, {"", "-"}, {"pr-7", "pr/7"}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, one, other string) {
		branches := map[string]bool{one: true, other: true}
		delete(branches, "") // no branch
		checkBranches(t, branches)
	})
}
