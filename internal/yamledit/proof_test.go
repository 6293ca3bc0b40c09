package yamledit

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The proof stands on its own: whatever is spliced, a tree that differs in more
// than the edits is refused.
func TestProofRefuses(t *testing.T) {
	const src = "a: old\nb: [x, &y y]\nc: *y\n"
	for name, tt := range map[string]struct{ value, out string }{
		"another value":   {"new", "a: new\nb: [z, &y y]\nc: *y\n"},
		"wrong value":     {"new", "a: newer\nb: [x, &y y]\nc: *y\n"},
		"no edit":         {"new", src},
		"a number":        {"1.20", "a: 1.20\nb: [x, &y y]\nc: *y\n"},
		"null":            {"", "a:\nb: [x, &y y]\nc: *y\n"},
		"a list":          {"new", "a: [new]\nb: [x, &y y]\nc: *y\n"},
		"another key":     {"new", "d: new\nb: [x, &y y]\nc: *y\n"},
		"another order":   {"new", "a: new\nc: &y y\nb: [x, *y]\n"},
		"fewer nodes":     {"new", "a: new\nb: [x]\nc: *y\n"},
		"one more key":    {"new", "a: new\nb: [x, &y y]\nc: *y\nd: z\n"},
		"another anchor":  {"new", "a: new\nb: [&y x, y]\nc: *y\n"},
		"a new anchor":    {"new", "a: &a new\nb: [x, &y y]\nc: *y\n"},
		"alias resolved":  {"new", "a: new\nb: [x, &y y]\nc: y\n"},
		"another style":   {"new", "a: new\nb: [x, &y 'y']\nc: *y\n"},
		"block style":     {"new", "a: new\nb:\n- x\n- &y y\nc: *y\n"},
		"another kind":    {"new", "a: new\nb: [x, &y {}]\nc: *y\n"},
		"another tag":     {"new", "a: new\nb: [x, &y !!str y]\nc: *y\n"},
		"more documents":  {"new", "a: new\nb: [x, &y y]\nc: *y\n---\n"},
		"not YAML at all": {"new", "a: new\nb: [x, &y y\n"},
	} {
		f, err := Parse([]byte(src))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Set(find(f, "old"), tt.value); err != nil {
			t.Fatal(err)
		}
		changes, err := f.changes()
		if err != nil {
			t.Fatal(err)
		}
		if err := f.prove([]byte(tt.out), changes); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
}

func TestProofWantsEveryEdit(t *testing.T) {
	f, err := Parse([]byte("a: b\n"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := &yaml.Node{Kind: yaml.ScalarNode, Line: 1, Column: 4}
	if err := f.prove(f.src, []change{{node: elsewhere, value: "b"}}); err == nil {
		t.Error("an edit of no node is not refused")
	}
}

func TestProofWantsTheStyleAround(t *testing.T) {
	f, err := Parse([]byte("in: |-\n  old\n"))
	if err != nil {
		t.Fatal(err)
	}
	inner, err := f.Within(find(f, "old"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.prove([]byte("in: 'new'\n"), []change{{node: find(f, "old"), value: "new", inner: inner}}); err == nil {
		t.Error("another style is not refused")
	}
}

// Only the parser reads comments.
func TestWitnessIsTheParser(t *testing.T) {
	const src = "a: b # c\n"
	for name, tt := range map[string]struct {
		src  string
		want string
	}{
		"small": {src, "# c"},
		"large": {src + strings.Repeat("#\n", witnessed), ""},
	} {
		docs, err := witness([]byte(tt.src))
		if err != nil {
			t.Fatal(err)
		}
		if got := docs[0].Content[0].Content[1].LineComment; got != tt.want {
			t.Errorf("%s: comment %q, want %q", name, got, tt.want)
		}
	}
}
