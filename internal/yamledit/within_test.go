package yamledit

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// valueOf is the node after the first key with this text.
func valueOf(f *File, key string) *yaml.Node {
	var found *yaml.Node
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		for i, child := range n.Content {
			if found == nil && n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == key {
				found = child
			}
			walk(child)
		}
	}
	for _, doc := range f.Documents() {
		walk(doc)
	}
	return found
}

// innermost goes into the values of the keys "in" as deep as there are any.
func innermost(f *File) (*File, error) {
	for n := valueOf(f, "in"); n != nil && n.Kind == yaml.ScalarNode; n = valueOf(f, "in") {
		inner, err := f.Within(n)
		if err != nil {
			return nil, err
		}
		f = inner
	}
	return f, nil
}

// editWithin sets the first scalar with the old value in the innermost file.
func editWithin(src, old, value string) (string, error) {
	f, err := Parse([]byte(src))
	if err != nil {
		return "", err
	}
	inner, err := innermost(f)
	if err != nil {
		return "", err
	}
	n := find(inner, old)
	if n == nil {
		return "", errors.New("no such scalar")
	}
	if err := inner.Set(n, value); err != nil {
		return "", err
	}
	out, err := f.Bytes()
	return string(out), err
}

func TestWithin(t *testing.T) {
	tests := map[string]struct{ src, old, value, want string }{
		"literal":              {"in: |\n  a: old # c\n  b: x\nc: y\n", "old", "new", "in: |\n  a: new # c\n  b: x\nc: y\n"},
		"literal needs quotes": {"in: |\n  tag: v1\n", "v1", "1.20", "in: |\n  tag: \"1.20\"\n"},
		"literal, header":      {"in: &x !!str |2- # c\n   a:\n    - old\n\n   b: x\n", "old", "new", "in: &x !!str |2- # c\n   a:\n    - new\n\n   b: x\n"},
		"literal, blank lines": {"in: |+\n\n \n  a: x\n\n  b: old\n\n\nc: y\n", "old", "new", "in: |+\n\n \n  a: x\n\n  b: new\n\n\nc: y\n"},
		"literal, CRLF":        {"in: |\r\n  a: x\r\n  b: old\r\nc: y\r\n", "old", "new", "in: |\r\n  a: x\r\n  b: new\r\nc: y\r\n"},
		"literal, BOM":         {"\uFEFFin: |\n  a: old\n", "old", "new", "\uFEFFin: |\n  a: new\n"},
		"literal at the end":   {"in: |\n  a: x\n  b: old", "old", "new", "in: |\n  a: x\n  b: new"},
		"literal, non-ASCII":   {"日本: é\nin: |\n  ключ: {é: 🚢, v: old} # é\n", "old", "new", "日本: é\nin: |\n  ключ: {é: 🚢, v: new} # é\n"},
		"literal, documents":   {"in: |\n  ---\n  a: x\n  ---\n  a: old\n", "old", "new", "in: |\n  ---\n  a: x\n  ---\n  a: new\n"},
		"literal, two lines":   {"in: |\n  a: \"o\n    ld\" # c\n  b: x\n", "o ld", "new", "in: |\n  a: \"new\" # c\n  b: x\n"},
		"literal, separators":  {"in: |\n  a: x\u2028  b: x\u0085  c: old\n", "old", "new", "in: |\n  a: x\u2028  b: x\u0085  c: new\n"},
		"literal, JSON":        {"in: |\n  [{\"op\": \"replace\", \"value\": \"old\"}]\n", "old", "a\"b", "in: |\n  [{\"op\": \"replace\", \"value\": \"a\\\"b\"}]\n"},
		"block in a block":     {"in: |\n  a: |\n    old\n  b: x\n", "old\n", "new", "in: |\n  a: |\n    new\n  b: x\n"},
		"in a list":            {"- x\n- in: |-\n    a: old\n- y\n", "old", "new", "- x\n- in: |-\n    a: new\n- y\n"},
		"folded, one line":     {"in: >-\n  [{op: replace, value: old}]\nb: x\n", "old", "new", "in: >-\n  [{op: replace, value: new}]\nb: x\n"},
		"folded, some lines":   {"in: >\n  [{op: replace,\n  value: old,\n  path: x}]\nb: x\n", "old", "new", "in: >\n  [{op: replace,\n  value: new,\n  path: x}]\nb: x\n"},
		"folded, paragraphs":   {"in: >\n  a: x\n\n  b: old\n\n\n  c: x\n", "old", "new", "in: >\n  a: x\n\n  b: new\n\n\n  c: x\n"},
		"folded, more indent":  {"in: >\n  a:\n    b: x\n    c: old\n", "old", "new", "in: >\n  a:\n    b: x\n    c: new\n"},
		"folded, in two":       {"in: >\n  {a: 'o\n  ld', b: x}\n", "o ld", "new", "in: >\n  {a: 'new', b: x}\n"},
		"single quotes":        {"in: '[{\"op\":\"replace\",\"value\":\"old\"}]' # c\n", "old", "new", "in: '[{\"op\":\"replace\",\"value\":\"new\"}]' # c\n"},
		"single, doubled":      {"in: '{a: ''x'', b: ''old''}'\n", "old", "it's", "in: '{a: ''x'', b: ''it''''s''}'\n"},
		"single, lines":        {"in: 'a: x\n\n  b: old # c\n\n  c: x'\n", "old", "new", "in: 'a: x\n\n  b: new # c\n\n  c: x'\n"},
		"single, key":          {"in: '{old: x}'\n", "old", "new", "in: '{new: x}'\n"},
		"double quotes":        {`in: "{\"a\": \"\\n\\u00e9\", \"b\": \"old\"}"` + "\n", "old", "new", `in: "{\"a\": \"\\n\\u00e9\", \"b\": \"new\"}"` + "\n"},
		"double gains quotes":  {`in: "a: x\ntag: v1 # é\nb: y\n"`, "v1", "1.20", `in: "a: x\ntag: \"1.20\" # é\nb: y\n"`},
		"double, backslash":    {`in: "{a: 'old'}"`, "old", `n\"w`, `in: "{a: 'n\\\"w'}"`},
		"double, lines":        {"in: \"a: x\\n\\\n  b: \\\n  old\\n\\\n\\n\"\n", "old", "new", "in: \"a: x\\n\\\n  b: \\\n  new\\n\\\n\\n\"\n"},
		"double, folded":       {"in: \"{a: x,\r\n  b: old,\r\n  c: y}\"\r\n", "old", "new", "in: \"{a: x,\r\n  b: new,\r\n  c: y}\"\r\n"},
		"double, escapes":      {`in: "\x7b\u0061: \U0001F6A2, b: old, \ \	c: y\N}"`, "old", "new", `in: "\x7b\u0061: \U0001F6A2, b: new, \ \	c: y\N}"`},
		"JSON in JSON":         {`{"in": "{\"a\":\"old\"}", "b": 1}`, "old", "a\"b\tc", `{"in": "{\"a\":\"a\\\"b\\tc\"}", "b": 1}`},
		"YAML in JSON":         {`{"in": "a: old\nb: x\n"}`, "old", "0123", `{"in": "a: \"0123\"\nb: x\n"}`},
		"flow":                 {"{x: y, in: '{a: old}', z: 1}\n", "old", "new", "{x: y, in: '{a: new}', z: 1}\n"},
		"plain, flow":          {"{in: old,b: x}\n", "old", "new", "{in: new,b: x}\n"},
		"plain, flow, lines":   {"[{in: old\n  er}]\n", "old er", "new", "[{in: new}]\n"},
		"plain":                {"in: old # c\n", "old", "new", "in: new # c\n"},
		"plain, lines":         {"in: x\n  y # c\nb: x\n", "x y", "new", "in: new # c\nb: x\n"},
		"next line":            {"in:\n  # c\n  '{a: old}'\n", "old", "new", "in:\n  # c\n  '{a: new}'\n"},
		"the same value":       {"in: \"{a: \\x6fld}\"\n", "old", "old", "in: \"{a: \\x6fld}\"\n"},
		"three deep": {
			"in: |\n  in: \"in: '{a: ''old'', b: \\\"x\\\"}'\\nc: y\\n\" # c\n  d: z\n", "old", "it's \"1\"",
			"in: |\n  in: \"in: '{a: ''it''''s \\\"1\\\"'', b: \\\"x\\\"}'\\nc: y\\n\" # c\n  d: z\n",
		},
		"three blocks": {
			"in: |\r\n  in: |-\r\n    in: |\r\n      tag: v1\r\n      b: x\r\n", "v1", "1_0",
			"in: |\r\n  in: |-\r\n    in: |\r\n      tag: \"1_0\"\r\n      b: x\r\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := editWithin(tt.src, tt.old, tt.value)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWithinRefused(t *testing.T) {
	tests := map[string]struct {
		src, old, value string
		line            int
		msg             string
	}{
		"a number":            {"a: x\nin: 1\n", "", "", 2, "not a string"},
		"nothing":             {"a: x\nin:\n", "", "", 2, "not a string"},
		"another tag":         {"in: !Ref a\n", "", "", 1, "not a string"},
		"shared":              {"in: &x |\n  a: b\nb: *x\n", "", "", 1, "the alias *x on line 3"},
		"in what is shared":   {"a: &x\n  in: |\n    a: b\nb: *x\n", "", "", 2, "the alias *x on line 4"},
		"not YAML":            {"a: x\nin: |\n\n  a: x\n  b: [\nc: y\n", "", "", 5, "did not find"},
		"not YAML, folded":    {"in: >\n  {a: x,\n  b: ]}\n", "", "", 2, ""},
		"not YAML, escaped":   {"a: x\nin: \"a: [\\n\\n\\\n  b: ]:\\n\"\n", "", "", 3, ""},
		"control character":   {"a: x\nin: \"a: \\x01\"\n", "", "", 2, "control characters"},
		"duplicate key":       {"a: x\nin: |\n  a: 1\n  b: 2\n  a: 3\n", "", "", 5, "the first is on line 3"},
		"duplicate by rename": {"a: x\nin: |\n  old: 1\n  new: 2\n", "old", "new", 4, "the first is on line 3"},
		"shared within":       {"x: y\nin: |\n  a: &a old\n  b: *a\n", "old", "new", 3, "the alias *a on line 4"},
		"several lines":       {"x: y\nin: |\n  a: b\n    c\n", "b c", "new", 3, "several lines"},
		"empty":               {"x: y\nin: |\n  b: x\n  a:\n", "", "new", 4, "empty"},
		"breaks the quotes":   {"in: old\n", "old", "a: b", 1, "without quotes"},
		"no string unquoted":  {"in: old\n", "old", "1.20", 1, "without quotes"},
		"deep down":           {"a: x\nin: |\n  b: x\n  in: |\n    c: x\n    d: [\n", "", "", 6, "did not find"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := editWithin(tt.src, tt.old, tt.value)
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

func TestWithinRefusesOtherNodes(t *testing.T) {
	f, err := Parse([]byte("'a: b': c\n? [x]\n: y\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]*yaml.Node{
		"a key":     find(f, "a: b"),
		"a mapping": f.Documents()[0].Content[0],
		"foreign":   {Kind: yaml.ScalarNode, Tag: "!!str", Line: 1, Column: 9, Value: "c"},
	} {
		var e *Error
		if _, err := f.Within(n); !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWithinIsOneFile(t *testing.T) {
	f, err := Parse([]byte("in: |\n  a: old\n  b: old\nc: old\n"))
	if err != nil {
		t.Fatal(err)
	}
	n := valueOf(f, "in")
	first, err := f.Within(n)
	if err != nil {
		t.Fatal(err)
	}
	second, err := f.Within(n)
	if err != nil || first != second {
		t.Fatalf("two files of one scalar: %v", err)
	}
	if out, err := f.Bytes(); err != nil || &out[0] != &f.src[0] {
		t.Errorf("without an edit: %q, %v", out, err)
	}
	for _, s := range scalars(first) {
		if s.Value == "old" {
			if err := first.Set(s, "new"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Set(find(f, "old"), "new"); err != nil {
		t.Fatal(err)
	}
	if out, err := first.Bytes(); err != nil || string(out) != "a: new\nb: new\n" {
		t.Errorf("within: %q, %v", out, err)
	}
	for range 2 {
		if out, err := f.Bytes(); err != nil || string(out) != "in: |\n  a: new\n  b: new\nc: new\n" {
			t.Errorf("%q, %v", out, err)
		}
	}
	if err := f.Set(n, "x"); err != nil {
		t.Fatal(err)
	}
	if out, err := f.Bytes(); err == nil || out != nil || !strings.Contains(err.Error(), "line 1: the value was set as a whole") {
		t.Errorf("the whole and a part: %q, %v", out, err)
	}
}

// The line of every scalar is that of a comment which names it.
func TestLine(t *testing.T) {
	for name, src := range map[string]string{
		"plain file":   "a: L1\nb:\n  L3\n",
		"literal":      "# c\nin: |\n\n  a: L4\n  b: [L5,\n    L6]\nc: x\n",
		"CRLF":         "in: |\r\n  a: L2\r\n\r\n  b: L4\r\n",
		"folded":       "in: >\n  {a: L2,\n  b: L3,\n\n  c: L5}\n",
		"more indent":  "in: >\n  a:\n    b: L3\n    c: L4\n",
		"single":       "x: y\nin: '{a: L2,\n  b: L3,\n\n  c: L5}'\n",
		"double":       "in: \"a: L1\\nb: L1\\n\\\n  c: L2\\n\\\n  d: L3\"\n",
		"three blocks": "in: |\n  in: |\n    x: y\n    in: |\n      a: L5\n\n      b: L7\n",
		"block, JSON":  "in: |\n  in: '{\"a\": \"L2\",\n    \"b\": \"L3\"}'\n  c: x\n",
	} {
		f, err := Parse([]byte(src))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		inner, err := innermost(f)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, n := range scalars(inner) {
			if want := fmt.Sprintf("L%d", inner.Line(n)); strings.HasPrefix(n.Value, "L") && n.Value != want {
				t.Errorf("%s: %s is said to be on line %d", name, n.Value, inner.Line(n))
			}
		}
	}
}
