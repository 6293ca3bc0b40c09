package infra

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/git"
)

// What Diff prints, git apply turns back into the same bytes.
func TestDiffIsWhatGitApplies(t *testing.T) {
	isolate(t)
	long := strings.Repeat("same\n", 50)
	cases := map[string]struct{ before, after string }{
		"one line.yaml":        {"image: a:1\n", "image: a:2\n"},
		"no final newline":     {"image: a:1", "image: a:2"},
		"gains a newline":      {"x", "x\n"},
		"loses a newline":      {"x\ny\n", "x\ny"},
		"crlf.yaml":            {"a: 1\r\nimage: a:1\r\n", "a: 1\r\nimage: a:2\r\n"},
		"mixed":                {"a\r\nb\nc", "a\r\nB\nc"},
		"far apart":            {"a\n" + long + "b\n", "A\n" + long + "B\n"},
		"empty":                {"", "x\n"},
		"emptied":              {"x\n", ""},
		"unchanged":            {"x\n", "x\n"},
		"sub dir/ü \"q\".yaml": {"x\n", "y\n"},
		"sub dir/blank .yaml":  {"x\n", "y\n"},
	}
	dir, files, changed := t.TempDir(), fstest.MapFS{}, map[string][]byte{"new dir/new.yaml": []byte("new\n")}
	for name, c := range cases {
		files[name] = &fstest.MapFile{Data: []byte(c.before)}
		changed[name] = []byte(c.after)
	}
	if err := os.CopyFS(dir, files); err != nil {
		t.Fatal(err)
	}
	text, err := Diff(files, changed)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "unchanged") {
		t.Error("a file without changes is in the diff")
	}
	repo := git.Repo{Dir: dir, Env: []string{"GIT_CEILING_DIRECTORIES=" + filepath.Dir(dir)}}
	if _, err := repo.Run(t.Context(), git.Call{Args: []string{"apply", "--whitespace=nowarn", "-"}, Stdin: strings.NewReader(text)}); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for name, want := range changed {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if diff := cmp.Diff(string(want), string(got)); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

// The headers of hunks are those of git: people and tools count lines by them.
func TestDiffNumbersHunksAsGitDoes(t *testing.T) {
	isolate(t)
	rows := func(n int, change func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(change(i))
		}
		return b.String()
	}
	same := func(i int) string { return fmt.Sprintf("line %d\n", i) }
	at := func(to string, where ...int) func(int) string {
		return func(i int) string {
			if slices.Contains(where, i) {
				return to
			}
			return same(i)
		}
	}
	cases := map[string]struct{ before, after string }{
		"two near, one far":  {rows(60, same), rows(60, at("x\n", 10, 13, 40))},
		"two apart by six":   {rows(60, same), rows(60, at("x\n", 10, 16, 40))},
		"two apart by seven": {rows(60, same), rows(60, at("x\n", 10, 18, 40))},
		"removed":            {rows(60, same), rows(60, at("", 10, 12, 40, 41))},
		"added":              {rows(60, same), rows(60, at("x\ny\nz\n", 10, 12, 40))},
		"dashes":             {"-- a\n++ b\n" + rows(30, same) + "c\n", "-- A\n++ B\n" + rows(30, same) + "C\n"},
		"new":                {"", "x\ny\n"},
		"emptied":            {"x\ny\n", ""},
		"first line":         {rows(9, same), rows(9, at("x\n", 0))},
		"fourth line":        {rows(9, same), rows(9, at("x\n", 3))},
		"fifth line":         {rows(20, same), rows(20, at("line 44\n", 4))},
		"last line":          {rows(20, same), rows(20, at("line 1\n", 19))},
		"last line, no end":  {rows(20, same) + "x", rows(20, same) + "xy"},
		"end added":          {rows(20, same) + "x", rows(20, same) + "x\n"},
		"one of many alike":  {strings.Repeat("a\n", 20), strings.Repeat("a\n", 19)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			text, err := Diff(fstest.MapFS{"f": {Data: []byte(c.before)}}, map[string][]byte{"f": []byte(c.after)})
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for file, content := range map[string]string{"a": c.before, "b": c.after} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := git.Repo{Dir: dir}.Run(t.Context(), git.Call{Args: []string{"diff", "--no-index", "--no-color", "a", "b"}})
			if want == "" {
				t.Fatal(err)
			}
			if diff := cmp.Diff(headers(want), headers(text)); diff != "" {
				t.Errorf("(-git +ours)\n%s", diff)
			}
		})
	}
}

func headers(diff string) []string {
	return regexp.MustCompile(`(?m)^@@ [^@]*@@`).FindAllString(diff, -1)
}

func TestDiffOfBinary(t *testing.T) {
	got, err := Diff(fstest.MapFS{"x": {Data: []byte("a\x00")}}, map[string][]byte{"x": []byte("b\x00")})
	if want := "diff --git a/x b/x\nBinary files a/x and b/x differ\n"; got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
