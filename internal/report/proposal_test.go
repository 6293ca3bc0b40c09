package report_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/render"
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/ship"
)

var links = []report.Link{
	{Text: "v0.0.7...v0.0.8", URL: "https://github.com/acme/web/compare/v0.0.7...v0.0.8"},
	{Text: "run", URL: "https://github.com/acme/web/actions/runs/42"},
}

func TestProposal(t *testing.T) {
	got := report.Proposal(shipped(t).Bump, links)
	const file = "testdata/proposal.md"
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
}

// TestAProposalMentionsNobody: an image that is called like a team must not wake it.
func TestAProposalMentionsNobody(t *testing.T) {
	hostile := "x`|``| <img src=x> [a](http://b) @acme/team **b**\n\n# heading"
	b := &ship.Bumped{Changes: []manifest.Change{{File: hostile, Line: 1, Field: hostile, Old: hostile, New: hostile + "2"}}}
	for _, line := range strings.Split(report.Proposal(b, []report.Link{{Text: hostile, URL: "javascript:alert(1)"}, {Text: "x", URL: "https://a.example/) [a](http://b) **b**"}}), "\n") {
		outside := strings.ReplaceAll(withoutCode(line), `\]`, "")
		for _, markup := range []string{"<img", "](http://b", "](javascript", "**b", "@acme"} {
			if strings.Contains(outside, markup) {
				t.Errorf("%q has an effect in %q", markup, line)
			}
		}
	}
}

func TestALongProposalIsCutAndSaysSo(t *testing.T) {
	b := shipped(t).Bump
	long := strings.Repeat("x", 400)
	for range 2000 {
		b.Changes = append(b.Changes, manifest.Change{File: long, Line: 1, Field: ".image", Old: "v0.0.7", New: "v0.0.8"})
		b.Rendered = append(b.Rendered, render.Change{Kustomization: long, Object: long, Field: ".image", Old: "v0.0.7", New: "v0.0.8"})
	}
	got := report.Proposal(b, links)
	if len(got) > 20_000 || strings.Count(got, "… and ") != 2 || !strings.Contains(got, links[0].URL) {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}

func TestASummaryLeadsToThePullRequest(t *testing.T) {
	s := shipped(t)
	s.Bump.PullRequest = &ship.PullRequest{Number: 7, URL: "https://github.com/acme/infra/pull/7", Operation: "updated", Notes: []string{"it starts no checks"}}
	got := report.Markdown("ship", s, nil)
	for _, want := range []string{"Pull request [\\#7](https://github.com/acme/infra/pull/7): updated\n", "> it starts no checks\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got)
		}
	}
}

// Whatever follows the text stands one empty line below it.
func TestAProposalEndsInOneLineEnd(t *testing.T) {
	for name, links := range map[string][]report.Link{"no links": nil, "links": links} {
		if got := report.Proposal(shipped(t).Bump, links); strings.HasSuffix(got, "\n\n") || !strings.HasSuffix(got, "\n") {
			t.Errorf("%s: it ends in %q", name, got[len(got)-10:])
		}
	}
}
