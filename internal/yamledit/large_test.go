package yamledit

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// large is a values file of 5 MB, and where its last tag stands.
func large() (src []byte, tag int) {
	var b bytes.Buffer
	for i := 0; b.Len() < 5_000_000; i++ {
		fmt.Fprintf(&b, "# Ключ\nservice-%d:\n  image:\n    repository: ghcr.io/acme/service-%d\n    tag: \"v1.%d.0\"   # c\n", i, i, i)
		fmt.Fprintf(&b, "  replicas: %d\n  env: [{name: A, value: 'b'}, {name: C, value: d}]\n\n", i%7)
	}
	tag = b.Len() + len("last: ")
	b.WriteString("last: old # c\n")
	return b.Bytes(), tag
}

func TestLargeFile(t *testing.T) {
	src, tag := large()
	f, err := Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	n := find(f, "old")
	if got := f.Comment(n); got != "c" {
		t.Errorf("comment %q", got)
	}
	if err := f.Set(n, "1.20"); err != nil {
		t.Fatal(err)
	}
	out, err := f.Bytes()
	if want := slices.Concat(src[:tag], []byte(`"1.20"`), src[tag+3:]); err != nil || !bytes.Equal(out, want) {
		t.Errorf("%v, %d bytes, want %d", err, len(out), len(want))
	}
}

// TestNothingIsQuadratic does what would take minutes or gigabytes if the work
// grew with the square of the text.
func TestNothingIsQuadratic(t *testing.T) {
	lines := strings.Repeat("- a: old # c\n  b: x\n", 50_000)
	var anchors, aliases strings.Builder
	for i := range 8_000 {
		fmt.Fprintf(&anchors, "&x%d old, ", i)
		fmt.Fprintf(&aliases, "*x%d, *x, ", i)
	}
	for name, src := range map[string]string{
		"one line":          "[" + strings.Repeat(`"é", "old", `, 50_000) + `"z"]`,
		"one line, escaped": "in: " + doubleQuoted(lines),
		"blanks at the end": "in: |+\n" + strings.Repeat("  - old\n", 50_000) + strings.Repeat("\n", 200_000),
		"aliases":           "a: &x [" + anchors.String() + "]\nb: [" + aliases.String() + "]\n",
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f, err := Parse([]byte(src))
			if err != nil {
				t.Fatal(err)
			}
			inner, err := innermost(f)
			if err != nil {
				t.Fatal(err)
			}
			setAll(t, inner)
			out, err := f.Bytes()
			if want := strings.ReplaceAll(src, "old", "new"); err != nil || string(out) != want {
				t.Errorf("%v, %d bytes, want %d", err, len(out), len(want))
			}
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 300<<20 {
				t.Errorf("%d MB were allocated", used>>20)
			}
		})
	}
}

// setAll sets every scalar that is old, and asks where all of them are.
func setAll(t *testing.T, f *File) {
	for i, n := range scalars(f) {
		f.Line(n)
		f.Comment(n)
		if i%1000 == 0 {
			f.Aliases(n)
		}
		if n.Value != "old" {
			continue
		}
		if err := f.SetShared(n, "new"); err != nil {
			t.Fatal(err)
		}
	}
}
