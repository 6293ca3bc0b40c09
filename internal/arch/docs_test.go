package arch

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

var code = regexp.MustCompile(`"(E_[A-Z][A-Z0-9_]+)"|title=(E_[A-Z][A-Z0-9_]+)|fail (E_[A-Z][A-Z0-9_]+) `)

// TestEveryCodeIsInTheTroubleshooting reads the codes out of the source, and the
// headings out of docs/troubleshooting.md: they are the same.
func TestEveryCodeIsInTheTroubleshooting(t *testing.T) {
	used := map[string]string{}
	for _, dir := range []string{"internal", "cmd", "actions"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".sh") {
				return err
			}
			data, err := os.ReadFile(path)
			for _, m := range code.FindAllStringSubmatch(string(data), -1) {
				used[m[1]+m[2]+m[3]] = path
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(root + "/docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^### `(E_[A-Z0-9_]+)`$").FindAllStringSubmatch(string(data), -1) {
		if told[m[1]] {
			t.Errorf("%s is told twice", m[1])
		}
		told[m[1]] = true
		if used[m[1]] == "" {
			t.Errorf("docs/troubleshooting.md tells %s, which no code uses", m[1])
		}
	}
	for c, path := range used {
		if !told[c] {
			t.Errorf("%s (%s) is not in docs/troubleshooting.md", c, path)
		}
	}
	if len(used) < 40 {
		t.Errorf("only %d codes were found", len(used))
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

// TestLinksInTheDocsLead checks every relative link of every page.
func TestLinksInTheDocsLead(t *testing.T) {
	pages := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "actions/*/*.md", "testdata/*/README.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			pages++
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range link.FindAllStringSubmatch(string(data), -1) {
				if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
					t.Errorf("%s links to %s: %v", file, m[1], err)
				}
			}
		}
	}
	if pages < 10 {
		t.Errorf("only %d pages were found", pages)
	}
}
