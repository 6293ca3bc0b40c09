package yamledit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

func TestComment(t *testing.T) {
	tests := map[string]struct {
		src  string
		want []string // every value with a comment, and the comment
	}{
		"plain":               {"a: v # c\nb: x\n", []string{"v: c"}},
		"at the end":          {"a: v # c", []string{"v: c"}},
		"alignment":           {"a: v      #   c d  \t\nb: x\n", []string{"v: c d"}},
		"tabs":                {"a: v\t#\tc\td\t\n", []string{"v: c\td"}},
		"no blank after #":    {"a: v #c\n", []string{"v: c"}},
		"two of them":         {"a: v # c # d\n", []string{"v: c # d"}},
		"nothing in it":       {"a: v #\nb: v # \n", nil},
		"CRLF":                {"a: v # c\r\nb: x\r\n", []string{"v: c"}},
		"CR":                  {"a: v # c\rb: x\r", []string{"v: c"}},
		"NEL":                 {"a: v # c\u0085b: x\n", []string{"v: c"}},
		"BOM":                 {"\uFEFFa: v # c\n", []string{"v: c"}},
		"non-ASCII":           {"日本: é # ü\n", []string{"é: ü"}},
		"# in the value":      {"a: \"x # c\" \nb: 'x # d'\nc: x#c\nd: \"#\" # c\n", []string{"#: c"}},
		"quotes":              {"a: 'v' # c\nb: \"v\\\"\" # d\nc: 'it''s' # e\n", []string{"v: c", "v\": d", "it's: e"}},
		"anchor and tag":      {"a: &x v # c\nb: !!str v # d\nc: !!str &y 'v' # e\n", []string{"v: c", "v: d", "v: e"}},
		"next line":           {"a: # no\n  v # c\nb: &x # no\n  v # d\n", []string{"v: c", "v: d"}},
		"own line":            {"a: x\n# no\nb: x\n\n# no\n", nil},
		"key":                 {"a: # no\n  b: x\n\"c\" : # no\n- x\n", nil},
		"flow":                {"a: {b: x} # no\nb: [x, x] # no\nc: [x, # no\n  x] # no\n", nil},
		"flow, last on line":  {"a: [\n  v # c\n  , x, # no\n  v # d\n]\nb: {\n  c: v # e\n}\n", []string{"v: c", "v: d", "v: e"}},
		"list":                {"- v # c\n- x\n-   v # d\n- a: v # e\n  b: x\n", []string{"v: c", "v: d", "v: e"}},
		"literal":             {"a: | # c\n  x # no\n  y # no\nb: x # d\n", []string{"x # no\ny # no\n: c", "x: d"}},
		"block, indicators":   {"a: >2-\t# c\n  v\nb: |+\n  # no\nc: !!str &x |-  # d\n  v\n", []string{"v: c", "v: d"}},
		"plain, lines":        {"a: x # no\nb: v\n  w # c\nc: v\n\n  w\n", []string{"x: no", "v w: c"}},
		"quoted, lines":       {"a: \"v\n  w\" # c\n", []string{"v w: c"}},
		"documents":           {"--- v # c\n---\na: v # d\n...\n", []string{"v: c", "v: d"}},
		"complex key":         {"? x # c\n: v # d\n", []string{"x: c", "v: d"}},
		"alias":               {"a: &i x\nb: *i # c\nc: [*i, *i] # no\nd: *i\n", []string{"i: c"}},
		"empty":               {"a: # c\nb: x\nd:\n  # no\n", []string{": c"}},
		"empty in a list":     {"- # c\n- x\n", []string{": c"}},
		"JSON":                {"{\"a\": \"x\"}\n", nil},
		"long line":           {"{x: " + strings.Repeat("é", 1000) + ", a: v # c\n}", []string{"v: c"}},
		"empty quotes":        {"a: \"\" # c\nb: '' # d\n", []string{": c", ": d"}},
		"block, then comment": {"a: |\n  x\n# no\nb: |-\n  x\n  # no\n", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := Parse([]byte(tt.src))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, comments(f)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestCommentWithin(t *testing.T) {
	for name, src := range map[string]string{
		"literal":      "in: | # no\n  a: v # c\n  b: x\n",
		"three blocks": "in: |\r\n  in: |\r\n    in: |\r\n      a: v # c\r\n      b: x\r\n",
		"single":       "in: 'a: v # c\n\n  b: x'\n",
		"double":       `in: "a: v # c\nb: x\n" # no`,
	} {
		f, err := Parse([]byte(src))
		if err != nil {
			t.Fatal(err)
		}
		inner, err := innermost(f)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"v: c"}, comments(inner)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

func TestCommentOfOtherNodes(t *testing.T) {
	f, err := Parse([]byte("a: [x] # c\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []*yaml.Node{f.Documents()[0].Content[0].Content[1], {Kind: yaml.ScalarNode}} {
		if got := f.Comment(n); got != "" {
			t.Errorf("comment %q", got)
		}
	}
}

func comments(f *File) (all []string) {
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if c := f.Comment(n); c != "" {
			all = append(all, n.Value+": "+c)
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
