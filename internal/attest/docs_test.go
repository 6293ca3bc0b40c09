package attest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/attest"
)

var (
	lineRow   = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ")
	lineInput = regexp.MustCompile(`(?m)^\s+verify: (.+)$`)
)

// TestTheLinesOfTheDocs parses those of the table and of the workflows.
func TestTheLinesOfTheDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/verify.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := append(lineRow.FindAllStringSubmatch(string(page), -1), lineInput.FindAllStringSubmatch(string(page), -1)...)
	for _, row := range rows {
		all, err := attest.Parse([]string{row[1]}, "https://github.com")
		if err != nil || len(all) != 1 {
			t.Errorf("%s: %v", row[1], err)
		}
	}
	if len(rows) < 14 {
		t.Errorf("only %d lines were found", len(rows))
	}
	for _, want := range []string{attest.Provenance, attest.Signature, attest.PublicGood().Mirror, attest.GitHub("").Mirror} {
		if !strings.Contains(string(page), strings.TrimPrefix(want, "https://tuf")) {
			t.Errorf("%s is not told", want)
		}
	}
}
