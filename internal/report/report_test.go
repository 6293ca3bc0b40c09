package report_test

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/render"
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/ship"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const digest = "sha256:8b1a9953c4611296a827abf8c47804d7e6c49c6b9a5c0a5ee2c0b3f0a1b2c3d4"

// shipped is a run that went well.
func shipped(t *testing.T) *ship.State {
	t.Helper()
	image, err := ref.ParseImage("ghcr.io/acme/web:v0.0.8@" + digest)
	if err != nil {
		t.Fatal(err)
	}
	return &ship.State{
		Plan: plan.Plan{
			Event: "pull_request closed", Reason: "pull request #7 was merged",
			Commit: plan.Commit{SHA: "d50eb746430816270020d40513eb677d139bc9a7"},
			Images: []ref.Repository{image.Repository},
		},
		Tags:   []plan.Tag{{Name: "v0.0.8", Kind: "version", Immutable: true, Reason: "the next number of the series v0.0"}},
		Digest: ref.Digest(digest),
		Pushed: []ship.Pushed{{Image: image}},
		Bump: &ship.Bumped{
			Image: image, Repository: "acme/infra", Branch: "main", Commit: "0587db365c74aa6ff1e10882f46a833c675f72a9", Changed: true,
			Changes: []manifest.Change{
				{File: "apps/web/kustomization.yaml", Line: 10, Field: ".images[0].newTag", Old: "v0.0.7", New: "v0.0.8"},
				{File: "batch/worker.yaml", Line: 14, Field: ".spec.containers[0].image", Old: "ghcr.io/acme/web:v0.0.8", New: "ghcr.io/acme/web:v0.0.8"},
			},
			Diff: "--- a/apps/web/kustomization.yaml\n+++ b/apps/web/kustomization.yaml\n@@ -10 +10 @@\n-newTag: v0.0.7 # ```\n+newTag: v0.0.8 # ```\n",
			Rendered: []render.Change{{
				Kustomization: "apps/web", Object: "Deployment shop/web", Field: ".spec.template.spec.containers[0].image",
				Old: "ghcr.io/acme/web:v0.0.7", New: "ghcr.io/acme/web:v0.0.8",
			}},
			Unverified: []render.Unverified{{Kustomization: "apps/far", Reason: "apps/far/kustomization.yaml takes in github.com/acme/base, which is not fetched"}},
			Warnings:   []string{"chart/web.yaml:3: a template names ghcr.io/acme/web; templates are left alone"},
		},
		Outcomes: []ship.Outcome{
			{Step: "build", Status: ship.Done, Detail: digest, Took: 1234567 * time.Microsecond},
			{Step: "push", Status: ship.Done, Detail: "1 reference", Took: 80 * time.Millisecond},
			{Step: "bump", Status: ship.Done, Detail: "2 fields", Took: 300 * time.Millisecond},
		},
	}
}

func TestSummary(t *testing.T) {
	failed := shipped(t)
	failed.Bump, failed.Pushed = nil, nil
	failed.Outcomes = []ship.Outcome{
		{Step: "build", Status: ship.Done, Took: time.Second},
		{Step: "push", Status: ship.Failed, Detail: "403", Took: time.Second},
		{Step: "bump", Status: ship.NotReached},
	}
	denied := errors.Join(
		fault.Newf("E_PUSH_DENIED", "give the job `permissions: packages: write`", "ghcr.io/acme/web: 403 | <b>no</b>\n# not a heading"),
		errors.New("and another"))
	already := shipped(t)
	for i := range already.Outcomes {
		already.Outcomes[i].Status = ship.AlreadySo
	}
	linked := shipped(t)
	linked.Bump.Page, linked.Bump.Base, linked.Bump.Branch = "https://github.com/acme/infra", "main", "tagboat/web-prod"
	dry := shipped(t)
	dry.DryRun, dry.Bump.Branch, dry.Bump.Commit, dry.Bump.Would = true, "tagboat/web-prod", "", `a pull request into "main" would be opened`
	dry.Outcomes = []ship.Outcome{{Step: "bump", Status: ship.Skipped, Detail: "dry run", Took: time.Second}}
	nothing := &ship.State{Bump: &ship.Bumped{Repository: "acme/infra"}, Outcomes: []ship.Outcome{
		{Step: "verify", Status: ship.Done, Detail: "ghcr.io/acme/web:v0.0.8 is in its registry", Took: time.Second},
		{Step: "bump", Status: ship.Skipped, Detail: "no file names the image", Took: time.Second},
	}}
	fork := shipped(t)
	fork.Bump, fork.Pushed = nil, nil
	fork.Outcomes = []ship.Outcome{
		{Step: "build", Status: ship.Done, Took: time.Second},
		{Step: "push", Status: ship.Skipped, Detail: "the head is in a fork", Took: time.Second},
	}
	try := shipped(t)
	try.DryRun, try.Bump, try.Pushed, try.Outcomes = true, nil, nil, nil
	try.Plan.Push = plan.Step{Do: true}
	promoted := shipped(t)
	promoted.Bump, promoted.Plan = nil, plan.Plan{}
	promoted.Found, promoted.FoundIn = promoted.Pushed[0].Image, "apps/web/demo/deploy.yaml:9"
	cases := map[string]struct {
		state *ship.State
		err   error
	}{
		"fork":      {fork, nil},
		"try":       {try, nil},
		"promoted":  {promoted, nil},
		"shipped":   {shipped(t), nil},
		"failed":    {failed, denied},
		"already":   {already, nil},
		"linked":    {linked, nil},
		"dry_run":   {dry, nil},
		"nothing":   {nothing, nil},
		"no_inputs": {&ship.State{}, fault.Newf("E_INPUT_MISSING", "", "missing: input \"images\"")},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := report.Markdown("ship", c.state, c.err)
			file := "testdata/" + name + ".md"
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestNothingBecomesMarkup puts what is hostile to Markdown everywhere that
// comes from outside, and looks for what would have an effect.
func TestNothingBecomesMarkup(t *testing.T) {
	hostile := "x`|``| <img src=x> [a](http://b) @acme/team **b**\n\n# heading\n```\n::error::y"
	s := shipped(t)
	s.Plan.Event, s.Plan.Reason = hostile, hostile
	s.Tags[0].Reason = hostile
	s.Bump.Repository, s.Bump.Branch = hostile, hostile
	s.Bump.Changes[0] = manifest.Change{File: hostile, Line: 1, Field: hostile, Old: hostile, New: hostile + "2"}
	s.Bump.Diff, s.Bump.Warnings[0] = hostile, hostile
	s.Bump.Rendered[0] = render.Change{Kustomization: hostile, Object: hostile, Field: hostile, Old: hostile, New: hostile}
	s.Bump.Unverified[0] = render.Unverified{Kustomization: hostile, Reason: hostile}
	s.Outcomes[0].Detail = hostile
	got := report.Markdown("ship", s, fault.Newf("E_X", hostile, "%s", hostile))
	got = strings.Replace(got, "[E_X]("+report.Home+"/blob/main/docs/troubleshooting.md#e_x)", "", 1)
	got = withoutRendered(t, got)
	before, rest, found := strings.Cut(got, "<details><summary>Diff</summary>\n\n")
	if !found {
		t.Fatal("there is no diff")
	}
	fence, _, _ := strings.Cut(rest, "diff\n")
	if strings.Trim(fence, "`") != "" || strings.Contains(s.Bump.Diff, fence) {
		t.Errorf("the fence %q can be closed from within", fence)
	}
	_, after, _ := strings.Cut(rest, "\n"+fence+"\n")
	for _, line := range strings.Split(before+after, "\n") {
		outside := strings.ReplaceAll(withoutCode(line), `\]`, "")
		for _, markup := range []string{"<img", "](", "**b", "@acme"} {
			if strings.Contains(outside, markup) {
				t.Errorf("%q has an effect in %q", markup, line)
			}
		}
		// A line of backticks opens a block only if there are no more of them in it.
		block := strings.HasPrefix(line, "```") && !strings.Contains(strings.TrimLeft(line, "`"), "`")
		if strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "::") || block {
			t.Errorf("a line begins with markup: %q", line)
		}
	}
}

// withoutRendered cuts the block of rendered changes out, which nothing in it may close.
func withoutRendered(t *testing.T, page string) string {
	t.Helper()
	before, rest, _ := strings.Cut(page, "\n```diff\n")
	inside, after, found := strings.Cut(rest, "\n```\n")
	if !found {
		t.Fatal("there is no block of rendered changes")
	}
	for _, line := range strings.Split(inside, "\n") {
		if !strings.HasPrefix(line, "@@ ") && !strings.HasPrefix(line, "-x") && !strings.HasPrefix(line, "+x") && !strings.HasPrefix(line, "! ") {
			t.Errorf("a line of the block begins with what was rendered: %q", line)
		}
	}
	return before + after
}

// withoutCode cuts code spans out of a line, as Markdown finds them.
func withoutCode(line string) string {
	var out strings.Builder
	for {
		start := strings.IndexByte(line, '`')
		if start < 0 {
			return out.String() + line
		}
		if start > 0 && line[start-1] == '\\' {
			out.WriteString(line[:start+1])
			line = line[start+1:]
			continue
		}
		ticks := line[start : start+len(line[start:])-len(strings.TrimLeft(line[start:], "`"))]
		rest := line[start+len(ticks):]
		end := closing(rest, ticks)
		if end < 0 {
			return out.String() + line
		}
		out.WriteString(line[:start])
		line = rest[end+len(ticks):]
	}
}

// closing is where a run of exactly these backticks begins, or -1.
func closing(s, ticks string) int {
	for i := 0; i < len(s); {
		if s[i] != '`' {
			i++
			continue
		}
		run := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if run == len(ticks) {
			return i
		}
		i += run
	}
	return -1
}
