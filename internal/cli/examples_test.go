package cli

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/runner"
)

// parser of a command line outside of Actions.
func testParser(t *testing.T) *parser {
	t.Helper()
	world := World{Getenv: func(string) string { return "" }, Stdout: io.Discard, Stderr: io.Discard, Now: time.Now}
	p, err := newParser(&app{Runner: runner.New(world.Getenv, io.Discard, io.Discard), world: world}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestEveryExampleIsACommandLine parses every example of the help and of the
// documentation.
func TestEveryExampleIsACommandLine(t *testing.T) {
	texts := map[string]string{}
	for name, command := range map[string]interface{ Help() string }{
		"ship --help": shipCmd{}, "plan --help": planCmd{}, "build --help": buildCmd{}, "bump --help": bumpCmd{}, "version --help": versionCmd{},
		"login --help": loginCmd{}, "logout --help": logoutCmd{}, "resolve --help": resolveCmd{}, "exists --help": existsCmd{}, "list --help": listCmd{}, "promote --help": promoteCmd{}, "push --help": pushCmd{},
	} {
		texts[name] = command.Help()
	}
	for file, text := range pages(t) {
		for _, block := range fences(text, "sh") {
			texts[file] += block
		}
	}
	examples := 0
	for from, text := range texts {
		for _, args := range commandLines(text) {
			examples++
			func() {
				defer func() {
					if code := recover(); code != nil && code != stop(0) { // --help and --version end here
						panic(code)
					}
				}()
				if _, err := testParser(t).parse(args); err != nil {
					t.Errorf("%s: tagboat %s: %v", from, strings.Join(args, " "), err)
				}
			}()
		}
	}
	if examples < 12 {
		t.Errorf("only %d examples were found", examples)
	}
}

var commandLine = regexp.MustCompile(`(?m)^\s*(?:[A-Z_]+=\S+ )*(?:bin/)?tagboat (.*)$`)

// commandLines are the arguments of the tagboat commands in a text.
func commandLines(text string) [][]string {
	var all [][]string
	for _, m := range commandLine.FindAllStringSubmatch(strings.ReplaceAll(text, "\\\n", " "), -1) {
		line, _, _ := strings.Cut(m[1], " #")
		var args []string
		for _, word := range shellWord.FindAllString(line, -1) {
			args = append(args, strings.ReplaceAll(word, "'", ""))
		}
		all = append(all, args)
	}
	return all
}

// shellWord is one argument; a part of it may stand in single quotes.
var shellWord = regexp.MustCompile(`(?:'[^']*'|\S)+`)

// TestEveryAddressOfTheDocsIsOne reads the blocks of text in docs/bump.md.
func TestEveryAddressOfTheDocsIsOne(t *testing.T) {
	found := 0
	for _, block := range fences(pages(t)["../../docs/bump.md"], "text") {
		for line := range strings.Lines(block) {
			found++
			if _, err := manifest.ParseAddress(strings.TrimSpace(line)); err != nil {
				t.Error(err)
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d addresses were found", found)
	}
}

// TestEveryWorkflowOfTheDocsUsesInputsThatExist reads the steps of the YAML in
// the documentation.
func TestEveryWorkflowOfTheDocsUsesInputsThatExist(t *testing.T) {
	commands, err := Commands()
	if err != nil {
		t.Fatal(err)
	}
	actions := map[string]Command{"": {Name: "ship"}, "setup": {Name: "setup"}}
	for _, c := range commands {
		actions[c.Name] = c
		if c.Name == "ship" {
			actions[""] = c
		}
	}
	steps := 0
	for file, text := range pages(t) {
		for _, block := range fences(text, "yaml") {
			var doc any
			if err := yaml.Unmarshal([]byte(block), &doc); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			eachStep(doc, func(uses string, with map[string]any) {
				name, ok := strings.CutPrefix(uses, "seed-96940006/tagboat")
				if !ok {
					return
				}
				steps++
				name, sha, _ := strings.Cut(strings.TrimPrefix(name, "/actions/"), "@")
				c, known := actions[name]
				if !known || sha != "<sha>" {
					t.Errorf("%s: %s is no action of ours, pinned by a commit", file, uses)
				}
				checkWith(t, file, c, with)
			})
		}
	}
	if steps < 6 {
		t.Errorf("only %d steps were found", steps)
	}
}

func checkWith(t *testing.T, file string, c Command, with map[string]any) {
	t.Helper()
	known := map[string]bool{}
	for _, in := range c.Inputs {
		known[in.Name] = true
		if _, given := with[in.Name]; in.Required && !given {
			t.Errorf("%s: %s needs %s", file, c.Name, in.Name)
		}
	}
	for name := range with {
		if !known[name] {
			t.Errorf("%s: %s has no input %s", file, c.Name, name)
		}
	}
}

// eachStep visits everything that says uses.
func eachStep(node any, visit func(uses string, with map[string]any)) {
	switch n := node.(type) {
	case []any:
		for _, one := range n {
			eachStep(one, visit)
		}
	case map[string]any:
		if uses, ok := n["uses"].(string); ok {
			with, _ := n["with"].(map[string]any)
			visit(uses, with)
		}
		for _, one := range n {
			eachStep(one, visit)
		}
	}
}

// pages are the pages of the documentation by name.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"../../*.md", "../../docs/*.md", "../../actions/*/*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all[file] = string(data)
		}
	}
	return all
}

// fences are the fenced blocks of a language.
func fences(text, language string) []string {
	var all []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}
