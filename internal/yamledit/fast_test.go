package yamledit

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// sameAsParser holds the promise of fast for one text, and reports whether fast took it.
func sameAsParser(t *testing.T, src []byte) bool {
	t.Helper()
	got, ok := fast(src)
	if !ok {
		return false
	}
	want, err := decodeAny(src)
	switch {
	case err != nil && strings.Contains(err.Error(), "gave up"):
		return true
	case err != nil:
		t.Fatalf("the parser refuses this: %v\n%q", err, src)
	case len(got) != len(want):
		t.Fatalf("%d documents, the parser has %d\n%q", len(got), len(want), src)
	}
	partner := map[*yaml.Node]*yaml.Node{}
	for i := range want {
		if diff := differ(got[i], want[i], partner); diff != "" {
			t.Fatalf("%s\n%q", diff, src)
		}
	}
	return true
}

// differ says where two trees differ in more than comments. Aliases must stand
// for partners.
func differ(got, want *yaml.Node, partner map[*yaml.Node]*yaml.Node) string {
	a, b := *got, *want
	a.Content, b.Content, a.Alias, b.Alias = nil, nil, nil, nil
	b.HeadComment, b.LineComment, b.FootComment = "", "", ""
	if fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) || len(got.Content) != len(want.Content) || partner[want.Alias] != got.Alias {
		return fmt.Sprintf("got  %+v of %d\nwant %+v of %d", a, len(got.Content), b, len(want.Content))
	}
	partner[want] = got
	for i := range want.Content {
		if diff := differ(got.Content[i], want.Content[i], partner); diff != "" {
			return diff
		}
	}
	return ""
}

// ours are texts that must not need the parser.
var ours = map[string]string{
	"nothing":              "",
	"only blank lines":     "\n  \n",
	"only a comment":       "# c",
	"byte order mark":      "\uFEFFa: b\n",
	"only a mark":          "\uFEFF",
	"mapping":              "a: b\nc: d\n",
	"no final newline":     "a: b\nc: d",
	"trailing blanks":      "a: b  \nc:  \n   ",
	"comments":             "# x\na: b # y\n  # z\n#\nc: d #\n\n#\tw\n",
	"comment after key":    "a: # x\n  b: c\n",
	"CRLF":                 "a: b # x\r\nc:\r\n  - d\r\n\r\n",
	"non-ASCII":            "é: ü # ö\n\"日本\": [é, 'x', {🚢: 1}] \nö:\n- é: {à: ì}\n",
	"long non-ASCII line":  "[" + strings.Repeat("\"é\", ", 1000) + "1]",
	"nested":               "a:\n  b:\n    c: d\n  e: f\ng: h\n",
	"indented":             "  a: b\n  c: d\n",
	"sequence":             "- a\n- b\n",
	"sequence in mapping":  "a:\n  - b\n  - c\nd: e\n",
	"at the keys' column":  "a:\n- b\n- c: d\n  e: f\ng: h\n",
	"of sequences":         "- - a\n  - b\n- - - c\n- \n  - d\n-\n  - e\n",
	"of mappings":          "- a: b\n  c: d\n-   e: f\n    g: h\n-\n  i: j\n",
	"mapping in compact":   "- a:\n    b: c\n  d:\n  - e\n  f:\n    - g\n",
	"value below":          "a:\n  b\nc:\n    \"d\"\n",
	"quoted keys":          "\"a\": b\n'c' : d\n\"e\\n\"  :\n",
	"quotes":               "a: \"b \\\"\\\\\\t\\x41\\u00e9\\U0001F6A2\\0\\_ c\"\nd: 'it''s # \"'\ne: ''\nf: \"\"\n",
	"tabs in quotes":       "a: \"b\tc\"\nd: 'e\tf'\n",
	"odd plain":            "a: b:c\nd: e#f\ng: -h\ni: b c  d # e\n-j: k\n--l: m\nn: ---\no: a[b]{c},d\np: x ?y\n=: <\n",
	"empty values":         "a:\nb:\n  c:\nd:\n- \n-\ne: # x\nf:",
	"typed":                "a: 1\nb: 1.5\nc: true\nd: ~\ne: null\nf: 2024-01-02\ng: 0x1F\nh: .inf\ni: 1.2.3\nj: yes\nk: -1\nl: 1_0\nm: +1\nn: 100m\no: .5\np: ./x\n",
	"typed keys":           "1: a\n~: b\ntrue: c\ny: d\n2.5: e\nnull: f\n",
	"merge":                "a: &x\n  b: c\nd:\n  <<: *x\n  e: f\ng: {<<: *x}\nh:\n  <<: [*x, *x]\n",
	"anchors":              "a: &a b\nc: *a\nd: &d [e]\nf:\n- *a\n- &g h\n- &i\n  j: k\nl: &l |\n  m\nn: &n\n  - o\np: &p \"q\"\n",
	"anchor on next line":  "a:\n  &x\n  b: c\n",
	"anchor twice":         "a: &x 1\nb: *x\nc: &x 2\nd: *x\n---\ne: *x\n",
	"anchor again within":  "a: &x\n  b: &x c\nd: *x\n",
	"flow":                 "a: [b, \"c\", 'd', [e], {f: g}, ]\nh: {i: j, \"k\": l, \"m\":n, o: , p: {}}\nq: []\nr: [] # s\n",
	"flow, many lines":     "a: [\n  b, # c\n  d\n  # e\n]\nf: {\n  g: h,\n\n    i: j\n}\n",
	"flow in column 0":     "a: [\nb,\nc\n]\nd: e\n",
	"flow is all":          "# x\n[a, b]\n# y\n",
	"JSON":                 "{\n  \"a\": [1, -2.5, true, null, \"b\\n\"],\n  \"c\": {\"d\": {}}\n}\n",
	"JSON, tabs, CRLF":     "{\r\n\t\"a\":\t[\r\n\t\t1\r\n\t]\r\n}\r\n",
	"JSON, one line":       `{"a":[1,2,{"b":null}],"c":""}`,
	"literal":              "a: |\n  b\n   c\n\n  d # e\nf: g\n",
	"literal, strip":       "a: |-\n  b\n\nc: d\n",
	"literal, keep":        "a: |+\n  b\n\nc: |+\n\n\nd: |+",
	"literal, no newline":  "a: |\n  b",
	"literal, CRLF":        "a: |\r\n  b\r\n\r\n  c\r\nd: e\r\n",
	"literal, empty":       "a: |\nb: |-\nc: >\n\n# d\ne: f\n",
	"literal, blank first": "a: |\n\n \n  b\n",
	"literal, blank wide":  "a: |\n  b\n      \n  c\n    ",
	"literal, comments":    "a: | # b\n  # c\n  d\n # e\n# f\ng: h\n",
	"literal, indicator":   "a: |2\n    b\n  c\nd: |1-\n  e\nf:\n  g: |+1\n   h\ni:\n- |1\n  j\n",
	"literal, tabs":        "a: |\n  b\tc\n  \td\t\n",
	"literal in sequence":  "- |\n a\n- b: |\n   c\n- - |\n   d\n",
	"literal below":        "a:\n  |\n  b\n",
	"folded":               "a: >\n  b\n  c\n\n  d\n   e\n  f\n\n\n   g\n\n  h\nb: >-\n  i\n  j\n",
	"folded, keep":         ">+\n \n a\n\n  b\n \n\n",
	"documents":            "a: b\n---\nc: d\n--- # e\n- f\n---\n'g'\n",
	"marker first":         "# a\n---\nb: c\n",
	"empty documents":      "---\n---\n# a\n---",
	"empty at the end":     "a: b\n---\n",
	"empty, then blanks":   "---\n  ",
	"one scalar":           "a b\n",
	"one scalar, quoted":   "# x\n  \"a\" # y\n",
	"a folder's name":      "-\n",
}

// theirs are texts that fast must leave to the parser: because it would read them
// otherwise, because it refuses them, or because they are too rare for two readers.
var theirs = map[string]string{
	"not UTF-8":               "a: \xff",
	"UTF-16":                  "\xff\xfea\x00",
	"control character":       "a: \x01",
	"NUL":                     "a: b\x00\n",
	"DEL":                     "a: \x7f",
	"C1":                      "a: \u0080",
	"NEL":                     "a: b\u0085c: d\n",
	"LS":                      "a: b\u2028c: d\n",
	"PS":                      "a: \"b\u2029c\"\n",
	"noncharacter":            "a: \uFFFE",
	"a mark inside":           "a: b\n\uFEFFc: d\n",
	"two marks":               "\uFEFF\uFEFFa: b\n",
	"CR":                      "a: b\rc: d\n",
	"tag":                     "a: !!str b\n",
	"local tag":               "- !x\n",
	"directive":               "%YAML 1.1\n---\na: b\n",
	"complex key":             "? a\n: b\n",
	"end marker":              "a: b\n...\n",
	"text at the marker":      "--- a\n",
	"tab indents":             "a:\n\tb: c\n",
	"tab after colon":         "a:\tb\n",
	"tab before comment":      "a: b\t# c\n",
	"tab in plain":            "a: b\tc\n",
	"tab alone":               "a: b\n\t\nc: d\n",
	"plain goes on":           "a: b\n  c\nd: e\n",
	"plain item goes on":      "- a\n  b\n",
	"plain document goes on":  "a\nb\n",
	"flow plain goes on":      "[a\n b]\n",
	"quoted goes on":          "a: \"b\n  c\"\n",
	"single goes on":          "a: 'b\n  c'\n",
	"escaped break":           "a: \"b\\\n  c\"\n",
	"text after comment":      "a: b\n  # c\n  d\n",
	"text after quotes":       "a: \"b\" c\n",
	"comment touches":         "a: \"b\"# c\n",
	"comment touches flow":    "a: []# c\n",
	"comment in flow touches": "[\"a\"# b\n]\n",
	"two values":              "a: b: c\n",
	"colon ends":              "a: b:\n",
	"not a key":               "a: b\nc\nd: e\n",
	"item after value":        "a: b\n- c\n",
	"key after item":          "- a\nb: c\n",
	"item in value":           "a: - b\n",
	"between the columns":     "a:\n    b: c\n  d: e\n",
	"too deep":                "a: b\n  c: d\n",
	"less than the first":     "  a: b\nc: d\n",
	"less after sequence":     "  - b\n- c\n",
	"sequence at sequence":    "-\n- a\nb\n",
	"open flow":               "a: [b\n",
	"closed twice":            "a: b]\nc: ]\n",
	"other end":               "a: [b}\n",
	"two commas":              "[a,,b]\n",
	"comma first":             "{,a: b}\n",
	"pair in sequence":        "[a: b]\n",
	"JSON pair in sequence":   "[\"a\":b]\n",
	"flow key alone":          "{a, b: c}\n",
	"flow as key":             "{a: b}: c\n",
	"flow in flow key":        "{[a]: b}\n",
	"colon on next line":      "{\"a\"\n: b}\n",
	"question in flow":        "[a?b]\n",
	"tab in block's flow":     " a: [\n\tb\n\t]\n",
	"marker in flow":          "[\n---\n]\n",
	"end in flow":             "[\n...\n]\n",
	"template":                "{{ .Values.a }}\n",
	"template value":          "a: {{ .Values.a }}\n",
	"template line":           "a: b\n{{- if .X }}\nc: d\n{{- end }}\n",
	"at":                      "a: @b\n",
	"backquote":               "a: `b`\n",
	"percent":                 "a: %b\n",
	"open double":             "a: \"b\n",
	"open single":             "a: 'b\n",
	"unknown escape":          "a: \"\\/\"\n",
	"surrogates":              "a: \"\\uD83D\\uDEA2\"\n",
	"beyond Unicode":          "a: \"\\U00110000\"\n",
	"short escape":            "a: \"\\x4\"\n",
	"unknown alias":           "a: *b\n",
	"alias from within":       "a: &x\n  b: *x\n",
	"alias from within, old":  "a: &x 1\nb: &x\n  c: *x\n",
	"alias as key":            "a: &x b\n*x : c\n",
	"anchor on key":           "&x a: b\n",
	"anchor on compact key":   "- &x a: b\n",
	"anchor on nothing":       "a: &x\nb: c\n",
	"anchor on alias":         "a: &x b\nc: &y *x\n",
	"two anchors":             "a: &x\n  &y b\n",
	"anchor without name":     "a: & b\n",
	"anchor, other name":      "a: &x.y b\n",
	"long key":                strings.Repeat("a", 1100) + ": b\n",
	"long flow key":           "{\"" + strings.Repeat("a", 1100) + "\": b}\n",
	"tab in literal's blanks": "a: |\n \tb\n  c\n",
	"text at literal":         "a: | b\n",
	"literal in flow":         "[|\n a]\n",
	"literal, less":           "a: |\n     \n  b\n",
	"literal, zero":           "a: |0\n  b\n",
	"too deep to follow":      strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
	"one line, then another":  "'a'\n'b'\n",
}

func TestFastIsTheParser(t *testing.T) {
	for name, src := range ours {
		t.Run(name, func(t *testing.T) {
			if !sameAsParser(t, []byte(src)) {
				t.Errorf("left to the parser: %q", src)
			}
		})
	}
	for _, src := range seeds(t) {
		sameAsParser(t, src)
	}
}

func TestFastGivesUp(t *testing.T) {
	for name, src := range theirs {
		if _, ok := fast([]byte(src)); ok {
			t.Errorf("%s: taken: %q", name, src)
		}
	}
}

// TestPlainTag asks for all texts of up to three characters, for some longer
// ones, and for numbers that an integer may not hold.
func TestPlainTag(t *testing.T) {
	const chars = "012789.-+_xXobBeEfaTtZ:, iInN~<m"
	rng := rand.New(rand.NewPCG(3, 4))
	var all []string
	for i := 1; i < 50_000; i++ {
		s := ""
		for n := i; n > 0; n /= len(chars) {
			s += chars[n%len(chars):][:1]
		}
		all = append(all, s)
		for range rng.IntN(12) {
			s += chars[rng.IntN(len(chars)):][:1]
		}
		all = append(all, s)
	}
	for digits := "9"; len(digits) < 30; digits += "9" {
		all = append(all, digits, "-"+digits, "1."+digits, "0"+digits)
	}
	for _, s := range all {
		if got, want := plainTag(s), (&yaml.Node{Kind: yaml.ScalarNode, Value: s}).ShortTag(); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
}
