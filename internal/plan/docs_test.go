package plan_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/plan"
)

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/tags.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var ruleRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| .* \\| (yes|–) \\| (yes|–) \\| (yes|–) \\| (yes|–) \\| (yes|–) \\| (.*) \\|$")

// TestTheTableOfRules holds the plan to the table in docs/tags.md.
func TestTheTableOfRules(t *testing.T) {
	columns := []string{"pull_request.opened", "push.branch", "push.main", "push.tag-version", "push.tag-prerelease"}
	rows := ruleRow.FindAllStringSubmatch(page(t), -1)
	if len(rows) < 12 {
		t.Fatalf("only %d rows were found", len(rows))
	}
	for _, row := range rows {
		for i, payload := range columns {
			in := inputs(t)
			in.Tags, in.Committed = rules(t, row[1]), "2026-01-31T09:30:00Z"
			p, err := plan.Make(in, event(t, payload))
			if err != nil && !fault.Is(err, "E_NO_TAGS") {
				t.Fatal(err)
			}
			if gives := len(p.Tags) > 0; gives != (row[2+i] == "yes") {
				t.Errorf("%s, %s: tags %v, where the table says %s", row[1], payload, p.Tags, row[2+i])
			}
			if len(p.Tags) > 0 && payload != "push.main" && !strings.HasPrefix(row[len(row)-1], becomes(p.Tags[0])) { // alone, latest has no number there
				t.Errorf("%s, %s: %q, where the table says %q", row[1], payload, becomes(p.Tags[0]), row[len(row)-1])
			}
		}
	}
}

// becomes is what happens to a tag, in the words of the table.
func becomes(t plan.Tag) string {
	switch {
	case t.IsVersion():
		return "is never overwritten"
	case t.Immutable:
		return "stays on the image that had it first"
	case t.Follows != "":
		return "moves to newer versions only"
	}
	return "moves with"
}

var (
	dockerRow = regexp.MustCompile("(?m)^\\| (`type=.*`) \\| (.*) \\|$")
	quoted    = regexp.MustCompile("`([^`]+)`")
)

// TestDockersLinesInTheDocs parses every line that docs/tags.md says to be
// understood, and compares it with what it is said to mean.
func TestDockersLinesInTheDocs(t *testing.T) {
	found := 0
	for _, row := range dockerRow.FindAllStringSubmatch(page(t), -1) {
		meant := regexp.MustCompile("^`([^`]+)`").FindStringSubmatch(row[2])
		for _, line := range quoted.FindAllStringSubmatch(row[1], -1) {
			got, err := plan.ParseRule(line[1])
			if strings.HasPrefix(row[2], "refused") {
				if !fault.Is(err, "E_TAG_RULE") {
					t.Errorf("%s is not refused: %v", line[1], err)
				}
				continue
			}
			if found++; err != nil {
				t.Error(err)
			}
			if meant == nil {
				continue
			}
			if want, err := plan.ParseRule(meant[1]); err == nil && cmp.Diff(want, got) != "" {
				t.Errorf("%s is %+v, and %s is %+v", line[1], got, meant[1], want)
			}
		}
	}
	if found < 14 {
		t.Errorf("only %d lines were found", found)
	}
}
