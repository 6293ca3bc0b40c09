package yamledit

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// edit sets the first scalar with the old value.
func edit(src, old, value string) (string, error) {
	f, err := Parse([]byte(src))
	if err != nil {
		return "", err
	}
	n := find(f, old)
	if n == nil {
		return "", errors.New("no such scalar")
	}
	if err := f.Set(n, value); err != nil {
		return "", err
	}
	out, err := f.Bytes()
	return string(out), err
}

func find(f *File, value string) *yaml.Node {
	for _, n := range scalars(f) {
		if n.Value == value {
			return n
		}
	}
	return nil
}

// scalars are the scalar nodes of all documents, in order.
func scalars(f *File) (all []*yaml.Node) {
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode {
			all = append(all, n)
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	for _, doc := range f.Documents() {
		walk(doc)
	}
	return all
}

func TestSet(t *testing.T) {
	tests := map[string]struct{ src, old, value, want string }{
		"plain":                  {"a: old\n", "old", "new", "a: new\n"},
		"no final newline":       {"a: old", "old", "new", "a: new"},
		"single quotes":          {"a: 'old' # c\n", "old", "new", "a: 'new' # c\n"},
		"single quote inside":    {"a: 'it''s'\n", "it's", "that's", "a: 'that''s'\n"},
		"single cannot hold tab": {"a: 'old'\n", "old", "a\tb", "a: \"a\\tb\"\n"},
		"double quotes":          {`a: "old"   # c` + "\n", "old", "new", `a: "new"   # c` + "\n"},
		"escapes in the old":     {`a: "o\"l\\d\x41"` + "\n", `o"l\dA`, `n"e\w`, `a: "n\"e\\w"` + "\n"},
		"comment touches":        {"a: old\t# c # d\n", "old", "new", "a: new\t# c # d\n"},
		"alignment":              {"a:     old\nlonger: x\n", "old", "new", "a:     new\nlonger: x\n"},
		"next line":              {"a:\n    old\nb: 1\n", "old", "new", "a:\n    new\nb: 1\n"},
		"CRLF":                   {"a: x\r\nb: old # c\r\nc: y\r\n", "old", "new", "a: x\r\nb: new # c\r\nc: y\r\n"},
		"CR alone":               {"a: x\rb: old\rc: y\r", "old", "new", "a: x\rb: new\rc: y\r"},
		"BOM":                    {"\uFEFFa: old\nb: x\n", "old", "new", "\uFEFFa: new\nb: x\n"},
		"BOM and CRLF":           {"\uFEFFa: x\r\nb: old\r\n", "old", "new", "\uFEFFa: x\r\nb: new\r\n"},
		"non-ASCII before":       {"日本: {ключ: 'é', v: old}\n", "old", "new", "日本: {ключ: 'é', v: new}\n"},
		"emoji comment before":   {"# 🚢🚢\n🚢: old\n", "old", "new", "# 🚢🚢\n🚢: new\n"},
		"flow map":               {"{a: old,b: x}\n", "old", "new", "{a: new,b: x}\n"},
		"flow needs quotes":      {"[old, x]\n", "old", "a,b", "[\"a,b\", x]\n"},
		"block needs none":       {"- old\n", "old", "a,b", "- a,b\n"},
		"JSON":                   {"{\n\t\"a\": \"old\",\n\t\"b\": 5}", "old", "new", "{\n\t\"a\": \"new\",\n\t\"b\": 5}"},
		"JSON number":            {`{"a": 1.20}`, "1.20", "v1", `{"a": "v1"}`},
		"anchor":                 {"a: &x old\n", "old", "new", "a: &x new\n"},
		"tag":                    {"a: !!str old\n", "old", "new", "a: !!str new\n"},
		"tag is not enough":      {"a: !!str 1.10\n", "1.10", "1.20", "a: !!str \"1.20\"\n"},
		"same, with a tag":       {"a: !!str 1.10\n", "1.10", "1.10", "a: !!str 1.10\n"},
		"anchor and tag":         {"a: &x !!str 'old'\n", "old", "new", "a: &x !!str 'new'\n"},
		"tag, then next line":    {"a: !!str # why\n  old\n", "old", "new", "a: !!str # why\n  new\n"},
		"non-specific tag":       {"a: ! old\n", "old", "new", "a: ! new\n"},
		"literal block":          {"a: |  # c\n  old\nb: x\n", "old\n", "new", "a: |  # c\n  new\nb: x\n"},
		"literal block, strip":   {"a: |-\n  old\n\nb: x\n", "old", "new", "a: |-\n  new\n\nb: x\n"},
		"folded block, keep":     {"a: >+\r\n    old\r\n\r\nb: x\r\n", "old\n\n", "new", "a: >+\r\n    new\r\n\r\nb: x\r\n"},
		"block with an anchor":   {"a: &x |\n  old\n", "old\n", "new", "a: &x |\n  new\n"},
		"block at the end":       {"a: |\n  old", "old", "new", "a: |\n  new"},
		"second document":        {"---\na: x\n---\na: old\n...\n", "old", "new", "---\na: x\n---\na: new\n...\n"},
		"directive":              {"%YAML 1.1\n---\na: old\n", "old", "new", "%YAML 1.1\n---\na: new\n"},
		"on the header line":     {"--- old\n", "old", "new", "--- new\n"},
		"key":                    {"newTag: v1\n", "newTag", "digest", "digest: v1\n"},
		"quoted key":             {"\"newTag\" : v1\n", "newTag", "digest", "\"digest\" : v1\n"},
		"complex key":            {"? old\n: x\n", "old", "new", "? new\n: x\n"},
		"multi-line quotes":      {"a: \"o\n  ld\"\nb: x\n", "o ld", "new", "a: \"new\"\nb: x\n"},
		"tagless number":         {"a: 1.20 # c\n", "1.20", "v1", "a: v1 # c\n"},
		"long line":              {"{x: " + strings.Repeat("é", 100_000) + ", a: old}", "old", "new", "{x: " + strings.Repeat("é", 100_000) + ", a: new}"},
		"the same value":         {"a: \"\\x6fld\"\n", "old", "old", "a: \"\\x6fld\"\n"},
		"same, but a number":     {"a: 1.20\n", "1.20", "1.20", "a: \"1.20\"\n"},
		"alias of another":       {"a: &x old\nb: &y k\nc: *y\n", "old", "new", "a: &x new\nb: &y k\nc: *y\n"},
		"no quotes at a colon":   {"a: old\n", "old", "reg:5000/x@sha256:ab", "a: reg:5000/x@sha256:ab\n"},
		"comments and blanks":    {"# a\n\n\n  # b\na: x   # c\n\n#\nb: old  # d\n\n\n# e\n\n", "old", "new", "# a\n\n\n  # b\na: x   # c\n\n#\nb: new  # d\n\n\n# e\n\n"},
		"tabs in comments":       {"#\ta\t\na:\told\t#\tc\t\n# \td\nb: x\n", "old", "new", "#\ta\t\na:\tnew\t#\tc\t\n# \td\nb: x\n"},
		"beside a merge key":     {"x: &x {b: c}\na:\n  <<: *x\n  i: old\n", "old", "new", "x: &x {b: c}\na:\n  <<: *x\n  i: new\n"},
		"same key elsewhere":     {"a: {i: x}\nb: {i: old}\n---\na: {i: y}\n", "old", "new", "a: {i: x}\nb: {i: new}\n---\na: {i: y}\n"},
		"lines of flow":          {"a: [ # c\n  old , # d\n\n  'x',\n]\n", "old", "new", "a: [ # c\n  new , # d\n\n  'x',\n]\n"},
		"list in a list":         {"- - x\n  -   old\n-\n  - y\n", "old", "new", "- - x\n  -   new\n-\n  - y\n"},
		"text beside":            {"a: |\n  i: old\nb: \"old: {old\"\nold: old\n", "old", "new", "a: |\n  i: old\nb: \"old: {old\"\nnew: old\n"},
		"nothing but blanks":     {"a: ' '\n", " ", "new", "a: 'new'\n"},
		"shared, the same value": {"a: &x old\nb: *x\n", "old", "old", "a: &x old\nb: *x\n"},
		"beyond four digits":     {"a: 'old'\n", "old", "x\U000E0001", "a: \"x\U000E0001\"\n"},
		"NEL breaks lines":       {"a: x\u0085b: old\n", "old", "new", "a: x\u0085b: new\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := edit(tt.src, tt.old, tt.value)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestQuotesAreAdded(t *testing.T) {
	for _, value := range []string{
		"1.20", "0123456", "12e4567", "0x1F", "0b11", "0o17", "1_000", "0_x1F", "12:30:45", "+1", "-1", "+-2", ".5", "1.", "1e3", ".", ".e+1", "._",
		"yes", "No", "ON", "off", "y", "N", "null", "Null", "~", "true", "FALSE", ".inf", "-.INF", ".NaN",
		"2024-01-02", "2024-1-2", "2024-01-02T10:00:00Z", "", "<<", "=", "08", "0",
		" a", "a ", "a: b", "a:", "a #b", "-a", "?a", "*a", "&a", "!a", "@a", "`a", "%a", "'a", "\"a", "{a", "[a", "|", ">", ",a", "#a", "---", "...",
		"a\nb", "a\tb", "\u00a0", "\u2028", "\uFEFFa",
	} {
		got, err := edit("a: old\n", "old", value)
		if err != nil {
			t.Errorf("%q: %v", value, err)
			continue
		}
		if want := "a: " + doubleQuoted(value) + "\n"; got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

func TestNoNeedlessQuotes(t *testing.T) {
	for _, value := range []string{
		"v1", "1.2.3", "0.0.10", "pr-7", "v0.0.7", "latest", "nginx:1.27", "2024-01-02-ab12", "1e", "e5", "a#b", "a:b",
		"sha256:" + strings.Repeat("0", 64), "nginx@sha256:" + strings.Repeat("e", 64), "yesterday", "1.2.3-rc.1", "é", "a b",
	} {
		got, err := edit("a: old\n", "old", value)
		if err != nil || got != "a: "+value+"\n" {
			t.Errorf("%q: got %q, %v", value, got, err)
		}
	}
}

func TestRefused(t *testing.T) {
	tests := map[string]struct {
		src, old, value string
		line            int
		msg             string
	}{
		"not YAML":            {"a: x\nb: [\n", "", "", 2, "did not find"},
		"template":            {"a: x\n{{- if .X }}\nb: y\n", "", "", 2, ""},
		"not UTF-8":           {"a: x\nb: \xff\n", "", "", 2, "not UTF-8"},
		"UTF-16":              {"\xff\xfea\x00:\x00", "", "", 1, "not UTF-8"},
		"control character":   {"a: x\nb: \x01\n", "", "", 2, "control characters"},
		"tab indentation":     {"a:\n\tb: x\n", "", "", 2, "cannot start any token"},
		"duplicate key":       {"a: 1\nb: 2\na: 3\n", "", "", 3, "the first is on line 1"},
		"duplicate of many":   {"a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\ng: 7\nh: 8\ni: 9\n\"b\": 3\n", "", "", 10, "the first is on line 2"},
		"duplicate in flow":   {"a: {b: 1, c: 2,\n  'b': 3}\n", "", "", 2, "the first is on line 1"},
		"duplicate in a list": {"- a: 1\n- b: 2\n  b: 3\n", "", "", 3, "the first is on line 2"},
		"duplicate by alias":  {"&x a: 1\n*x : 2\n", "", "", 2, "the first is on line 1"},
		"duplicate merge":     {"a: &x {}\nb:\n  <<: *x\n  <<: *x\n", "", "", 4, "the first is on line 3"},
		"duplicate in JSON":   {"{\"a\": 1,\n \"a\": 1}", "", "", 2, "the first is on line 1"},
		"duplicate by rename": {"newTag: v1\ndigest: x\n", "newTag", "digest", 2, "second time"},
		"multi-line plain":    {"a: b\n  c\n", "b c", "new", 1, "several lines"},
		"block of two lines":  {"x: y\na: |\n  b\n  c\n", "b\nc\n", "new", 2, "several lines"},
		"block, two lines in": {"a: |\n  old\n", "old\n", "b\nc", 1, "block scalar"},
		"block, indentation":  {"a: |\n  old\n", "old\n", " b", 1, "block scalar"},
		"block, blank at end": {"a: |\n  old\n", "old\n", "b ", 1, "block scalar"},
		"anchor with alias":   {"a: &x old\nb: *x\n", "old", "new", 1, "the alias *x on line 2"},
		"inside an anchor":    {"a: &x {i: old}\nb:\n  <<: *x\n", "old", "new", 1, "the alias *x on line 3"},
		"other tag":           {"a: !!binary b2xk\n", "b2xk", "new", 1, "tagged !!binary"},
		"local tag":           {"a: !Ref old\n", "old", "new", 1, "tagged !Ref"},
		"merge key":           {"a: &x {b: c}\nd:\n  <<: *x\n", "<<", "new", 3, "merge key"},
		"empty":               {"a:\nb: x\n", "", "new", 1, "empty"},
		"bad value":           {"a: old\n", "old", "\xff", 1, "not UTF-8"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := edit(tt.src, tt.old, tt.value)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %q, %v; want an *Error", got, err)
			}
			if e.Line != tt.line || !strings.Contains(e.Msg, tt.msg) || got != "" {
				t.Errorf("got %q and line %d: %s; want line %d: …%s…", got, e.Line, e.Msg, tt.line, tt.msg)
			}
		})
	}
}

func TestSetSharedChangesEveryUser(t *testing.T) {
	f, err := Parse([]byte("a: &x old\nb: *x\n"))
	if err != nil {
		t.Fatal(err)
	}
	n := find(f, "old")
	if got := f.Aliases(n); len(got) != 1 || got[0].Line != 2 {
		t.Errorf("aliases: %v", got)
	}
	if err := f.SetShared(n, "new"); err != nil {
		t.Fatal(err)
	}
	got, err := f.Bytes()
	if want := "a: &x new\nb: *x\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
}

// An alias can be a key, which the edit of its anchor renames.
func TestSetSharedKeepsKeysApart(t *testing.T) {
	f, err := Parse([]byte("a: &x old\nb: {new: 1, *x : 2}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetShared(find(f, "old"), "new"); err != nil {
		t.Fatal(err)
	}
	if out, err := f.Bytes(); err == nil || !strings.Contains(err.Error(), "second time") {
		t.Errorf("%q, %v", out, err)
	}
}

func TestAliasesFromTheOutside(t *testing.T) {
	f, err := Parse([]byte("a: &x {b: [&y old, other]}\nc: *y\nd: *x\ne: *x\n"))
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{"old": "x3 x4 y2 ", "other": "x3 x4 ", "a": ""} {
		got := ""
		for _, n := range f.Aliases(find(f, value)) {
			got += fmt.Sprintf("%s%d ", n.Value, n.Line)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}

func TestSetRefusesOtherNodes(t *testing.T) {
	f, err := Parse([]byte("a: &x old\nb: *x\nc: {d: e}\n"))
	if err != nil {
		t.Fatal(err)
	}
	top := f.Documents()[0].Content[0]
	if err := f.SetShared(top.Content[3], "new"); err == nil || !strings.Contains(err.Error(), "line 2: *x is an alias") {
		t.Errorf("alias: %v", err)
	}
	if err := f.Set(top, "new"); err == nil || !strings.Contains(err.Error(), "not a scalar") {
		t.Errorf("mapping: %v", err)
	}
	if err := f.Set(&yaml.Node{Kind: yaml.ScalarNode}, "new"); err != nil {
		t.Error(err)
	}
	if out, err := f.Bytes(); err == nil || out != nil {
		t.Errorf("a foreign node: %q, %v", out, err)
	}
}
