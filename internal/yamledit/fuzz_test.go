package yamledit

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	k8syaml "sigs.k8s.io/yaml"
)

// seeds are the files of testdata/manifests and a few shapes of their own.
func seeds(tb testing.TB) [][]byte {
	tb.Helper()
	files, err := filepath.Glob("../../testdata/manifests/*.txtar")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no seeds: %v", err)
	}
	real := strings.NewReplacer("␍", "\r", "␁", "\uFEFF", "␄\n", "") // as in package manifest
	var all [][]byte
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		for part := range bytes.SplitSeq(src, []byte("\n-- ")) {
			if _, body, ok := bytes.Cut(part, []byte("\n")); ok {
				all = append(all, []byte(real.Replace(string(body))))
			}
		}
	}
	for _, s := range []string{
		"a: &x !!str 'o' # c\nb: {c: [d, \"e\\n\", f]}\n", "- |\n  x\n- >-\n   y\n- \"z\n  z\"\n- a\n  b\n",
		"\uFEFF日本: {ключ: 'é', v: 1.20}\r\n---\r\n? k\r\n: ~\r\n...\r\n", "{\"a\": [1, null, \"b\"]}", "a: &x b\nc: *x\nd: {<<: &m {e: f}}\n",
	} {
		all = append(all, []byte(s))
	}
	return all
}

// FuzzEdit sets one scalar of a file and holds the promises of the package: no
// edit, no change; only the addressed span differs; twice is once; there and
// back is the source; other readers see one string change, and nothing else.
func FuzzEdit(f *testing.F) {
	for i, src := range seeds(f) {
		f.Add(src, uint(i), "ghcr.io/acme/web:v1.2.3")
		f.Add(src, uint(3*i+1), "1.20")
	}
	f.Fuzz(func(t *testing.T, src []byte, pick uint, value string) {
		file, err := Parse(src)
		if err != nil {
			return
		}
		if out, err := file.Bytes(); err != nil || !bytes.Equal(out, src) {
			t.Fatalf("no edit: %q, %v", out, err)
		}
		nodes := scalars(file)
		if len(nodes) == 0 {
			return
		}
		for _, n := range nodes {
			if _, found := file.find(n); !found && hasText(n) {
				t.Fatalf("%q on line %d is not found", n.Value, n.Line)
			}
		}
		i := int(pick % uint(len(nodes)))
		commentIsNoData(t, file, nodes[i])
		if file.Set(nodes[i], value) != nil {
			return
		}
		out, splices, err := file.result()
		if err != nil {
			if out != nil {
				t.Fatalf("an error and bytes: %q", out)
			}
			return
		}
		want := file.edits[nodes[i]]
		onlyTheSpan(t, file, out, splices)
		seenByOthers(t, src, out, want)
		again := set(t, out, i, value)
		if !bytes.Equal(again, out) {
			t.Fatalf("twice: %q, once: %q", again, out)
		}
		thereAndBack(t, file, nodes[i], out, i)
	})
}

// FuzzWithin sets one scalar in the text of another and holds the same promises.
func FuzzWithin(f *testing.F) {
	for i, src := range seeds(f) {
		f.Add(src, uint(i), uint(i), "v1.2.3")
	}
	for _, o := range outers {
		for _, w := range writers {
			for i, text := range inners {
				if src := o.around(w, text); src != "" {
					f.Add([]byte(src), uint(11), uint(i), "1.20")
					f.Add([]byte(windows(src)), uint(1), uint(i), "it's \"x\"")
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, pick, pickWithin uint, value string) {
		file, i := holding(t, src, pick)
		if file == nil {
			return
		}
		holder := scalars(file)[i]
		inner, err := file.Within(holder)
		if err != nil {
			t.Fatal(err)
		}
		nodes := scalars(inner)
		j := int(pickWithin % uint(len(nodes)))
		if line, last := inner.Line(nodes[j]), file.at.lineOf(len(src)); line < holder.Line || line > last {
			t.Fatalf("line %d, the scalar is on %d, the last is %d", line, holder.Line, last)
		}
		if inner.Set(nodes[j], value) != nil {
			return
		}
		out, splices, err := file.result()
		if err != nil {
			if out != nil {
				t.Fatalf("an error and bytes: %q", out)
			}
			return
		}
		text, within, err := inner.result()
		if err != nil {
			t.Fatal(err)
		}
		onlyTheSpan(t, file, out, splices)
		onlyTheSpan(t, inner, text, within)
		insideOf(t, file, holder, splices)
		seenByOthers(t, src, out, string(text))
		seenByOthers(t, inner.src, text, inner.edits[nodes[j]])
		again := setWithin(t, out, i, j, value)
		if !bytes.Equal(again, out) {
			t.Fatalf("twice: %q, once: %q", again, out)
		}
		if len(splices) == 1 {
			ours, ok := rewritten(t, inner, nodes[j])
			if ok && embedded(style(holder), ours) == string(src[splices[0].from:splices[0].to]) {
				thereAndBackWithin(t, file, nodes[j], out, i, j)
			}
		}
	})
}

// holding picks a scalar that holds a file with scalars, from the picked one on.
func holding(t *testing.T, src []byte, pick uint) (*File, int) {
	file, err := Parse(src)
	if err != nil {
		return nil, 0
	}
	nodes := scalars(file)
	for _, n := range nodes {
		if _, err := file.mapText(n); err != nil && hasText(n) {
			t.Fatalf("%q on line %d is read in another way: %v", n.Value, n.Line, err)
		}
	}
	for k := range nodes {
		i := (int(pick%uint(len(nodes))) + k) % len(nodes)
		if inner, err := file.Within(nodes[i]); err == nil && len(scalars(inner)) > 0 {
			return file, i
		}
	}
	return nil, 0
}

// insideOf wants the splice within the bytes of the scalar.
func insideOf(t *testing.T, file *File, n *yaml.Node, splices []splice) {
	from, err := file.textOf(n)
	if err != nil {
		t.Fatal(err)
	}
	to := len(file.src)
	if style(n)&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		where, err := file.locate(n)
		if err != nil {
			t.Fatal(err)
		}
		from, to = where.from+1, where.to-1
	}
	for _, s := range splices {
		if s.from < from || s.to > to {
			t.Fatalf("%v is not within %d to %d", s.span, from, to)
		}
	}
}

// setWithin makes an edit that must succeed.
func setWithin(t *testing.T, src []byte, i, j int, value string) []byte {
	file, err := Parse(src)
	if err != nil {
		t.Fatalf("the result does not parse: %v", err)
	}
	inner, err := file.Within(scalars(file)[i])
	if err != nil {
		t.Fatal(err)
	}
	if err := inner.Set(scalars(inner)[j], value); err != nil {
		t.Fatal(err)
	}
	out, err := file.Bytes()
	if err != nil {
		t.Fatalf("setting %q again: %v", value, err)
	}
	return out
}

// thereAndBackWithin sets the old value again, which is written as we write it.
func thereAndBackWithin(t *testing.T, file *File, n *yaml.Node, out []byte, i, j int) {
	after, err := Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := after.Within(scalars(after)[i])
	if err != nil {
		t.Fatal(err)
	}
	if style(scalars(inner)[j]) != style(n) {
		return
	}
	if back := setWithin(t, out, i, j, n.Value); !bytes.Equal(back, file.src) {
		t.Fatalf("back: %q, source: %q", back, file.src)
	}
}

// rewritten is how the old value of the edited scalar is written, and whether we
// write it so.
func rewritten(t *testing.T, f *File, n *yaml.Node) (string, bool) {
	changes, err := f.changes()
	if err != nil {
		t.Fatal(err)
	}
	where, err := f.locate(n)
	if err != nil {
		return "", false
	}
	changes[0].value = n.Value
	ours, err := f.write(&changes[0], isJSON(f.src))
	return ours, err == nil && ours == string(f.src[where.from:where.to])
}

// commentIsNoData takes the comment of a scalar away, which must not be missed.
func commentIsNoData(t *testing.T, file *File, n *yaml.Node) {
	comment := file.Comment(n)
	if comment == "" {
		return
	}
	from, _ := file.end(n)
	to := endOfLine(file.src, from)
	if !bytes.Contains(file.src[from:to], []byte(comment)) {
		t.Fatalf("the comment %q is not in %q", comment, file.src[from:to])
	}
	if err := file.prove(slices.Concat(file.src[:from], file.src[to:]), nil); err != nil {
		t.Fatalf("without the comment %q: %v", comment, err)
	}
}

// onlyTheSpan compares the bytes around the splice.
func onlyTheSpan(t *testing.T, file *File, out []byte, splices []splice) {
	if len(splices) > 1 {
		t.Fatalf("%d splices", len(splices))
	}
	if len(splices) == 0 {
		if !bytes.Equal(out, file.src) {
			t.Fatal("no splice, other bytes")
		}
		return
	}
	s := splices[0]
	if !bytes.HasPrefix(out, file.src[:s.from]) || !bytes.HasSuffix(out, file.src[s.to:]) ||
		len(out) != len(file.src)-(s.to-s.from)+len(s.text) {
		t.Fatalf("more than the span changed: %q", out)
	}
}

// set edits the i-th scalar of a file in which that must succeed.
func set(t *testing.T, src []byte, i int, value string) []byte {
	file, err := Parse(src)
	if err != nil {
		t.Fatalf("the result does not parse: %v", err)
	}
	if err := file.Set(scalars(file)[i], value); err != nil {
		t.Fatal(err)
	}
	out, err := file.Bytes()
	if err != nil {
		t.Fatalf("setting %q again: %v", value, err)
	}
	return out
}

// thereAndBack sets the old value again. The source comes back unless it was
// written in another way than ours, or its style could not hold the new value.
func thereAndBack(t *testing.T, before *File, n *yaml.Node, out []byte, i int) {
	after, err := Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := rewritten(t, before, n); !ok || style(scalars(after)[i]) != style(n) {
		return
	}
	if back := set(t, out, i, n.Value); !bytes.Equal(back, before.src) {
		t.Fatalf("back: %q, source: %q", back, before.src)
	}
}

// seenByOthers reads both texts as kubectl and kustomize do, and JSON as JSON.
func seenByOthers(t *testing.T, src, out []byte, value string) {
	var before, after any
	if isJSON(src) && json.Unmarshal(src, &before) == nil {
		if err := json.Unmarshal(out, &after); err != nil {
			t.Fatalf("JSON no more: %v: %q", err, out)
		}
		oneChange(t, before, after, value)
	}
	before, after = nil, nil
	if bytes.Contains(src, []byte("\n---")) || readAsKubernetes(src, &before) != nil {
		return
	}
	if err := readAsKubernetes(out, &after); err != nil {
		t.Fatalf("sigs.k8s.io/yaml read the source, but not the result: %v: %q", err, out)
	}
	oneChange(t, before, after, value)
}

func readAsKubernetes(src []byte, into *any) error {
	j, err := k8syaml.YAMLToJSONStrict(src)
	if err != nil {
		return err
	}
	return json.Unmarshal(j, into)
}

// oneChange wants at most one leaf changed, to the string; or one key renamed.
func oneChange(t *testing.T, before, after any, value string) {
	changes := 0
	var walk func(a, b any)
	walk = func(a, b any) {
		if reflect.DeepEqual(a, b) {
			return
		}
		x, isMap := a.(map[string]any)
		y, stillMap := b.(map[string]any)
		if isMap && stillMap && len(x) == len(y) {
			for k, v := range x {
				if w, ok := y[k]; ok {
					walk(v, w)
					continue
				}
				changes++
				if w, ok := y[value]; !ok || !reflect.DeepEqual(v, w) {
					t.Errorf("the key %q is gone, and %q has not its value", k, value)
				}
			}
			return
		}
		p, isList := a.([]any)
		q, stillList := b.([]any)
		if isList && stillList && len(p) == len(q) {
			for i := range p {
				walk(p[i], q[i])
			}
			return
		}
		changes++
		if s, ok := b.(string); !ok || s != value {
			t.Errorf("%v became %v (%T), want %q", a, b, b, value)
		}
	}
	walk(before, after)
	if changes > 1 {
		t.Errorf("%d changes, want one", changes)
	}
}

// FuzzPlain holds what is written without quotes against two readers.
func FuzzPlain(f *testing.F) {
	for _, s := range strings.Fields("1.20 0123 12e4567 0x1F 1_000 12:30:45 yes null ~ 2024-01-02 .inf +.5 0b1 0o7 << = 1,2 -1 v1 1.2.3 a:b") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || !canBePlain(s, true) || looksTyped(s) {
			return
		}
		for _, text := range []string{"a: " + s, "[" + s + "]"} {
			var v3, v2 any
			if err := yaml.Unmarshal([]byte(text), &v3); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if err := k8syaml.Unmarshal([]byte(text), &v2); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			var want any = map[string]any{"a": s}
			if text[0] == '[' {
				want = []any{s}
			}
			if !reflect.DeepEqual(v3, want) || !reflect.DeepEqual(v2, want) {
				t.Errorf("%q is read as %#v and %#v", s, v3, v2)
			}
		}
	})
}
