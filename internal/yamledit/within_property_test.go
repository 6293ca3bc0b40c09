package yamledit

import (
	"regexp"
	"strings"
	"testing"
)

// writer writes a text as the value of a key on a line with an indentation, or
// says that it cannot.
type writer func(text string, indent int) (string, bool)

var writers = map[string]writer{
	"literal":  literal,
	"folded":   folded,
	"single":   single,
	"double":   func(text string, _ int) (string, bool) { return doubleQuoted(text), true },
	"escaped":  escaped,
	"continue": continued,
	"plain":    func(text string, _ int) (string, bool) { return text, canBePlain(text, true) && !looksTyped(text) },
}

func literal(text string, indent int) (string, bool) {
	header, body := chomping(text)
	lines := strings.Split(body, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = strings.Repeat(" ", indent+2) + line
		}
	}
	return "|2" + header + " # in: old\n" + strings.Join(lines, "\n"), body != ""
}

// folded knows no lines that are indented beside blank ones.
func folded(text string, indent int) (string, bool) {
	header, body := chomping(text)
	var b strings.Builder
	b.WriteString(">2" + header)
	more := true
	for i, line := range strings.Split(body, "\n") {
		if line == "" {
			return "", false
		}
		indented := isBlank(line[0])
		if i > 0 && !more && !indented {
			b.WriteString("\n")
		}
		b.WriteString("\n" + strings.Repeat(" ", indent+2) + line)
		more = indented
	}
	return b.String(), true
}

// chomping is the block's indicator, and what stands before its last break.
func chomping(text string) (header, body string) {
	switch {
	case strings.HasSuffix(text, "\n\n"):
		return "+", text[:len(text)-1]
	case strings.HasSuffix(text, "\n"):
		return "", text[:len(text)-1]
	}
	return "-", text
}

var breakRuns = regexp.MustCompile(`\n+`)

func single(text string, indent int) (string, bool) {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.Trim(line, " ") != line {
			return "", false
		}
	}
	text = breakRuns.ReplaceAllString(text, "\n$0"+strings.Repeat(" ", indent+1))
	return "'" + strings.ReplaceAll(text, "'", "''") + "'", allPrintable(strings.ReplaceAll(text, "\n", ""))
}

// escaped escapes every line break, and every letter that nobody edits.
func escaped(text string, _ int) (string, bool) {
	return strings.NewReplacer("é", `\u00e9`, "🚢", `\U0001F6A2`).Replace(doubleQuoted(text)), true
}

// continued goes on in a new line after every line break.
func continued(text string, indent int) (string, bool) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		quoted := doubleQuoted(line)
		lines[i] = quoted[1 : len(quoted)-1]
		if i > 0 && strings.HasPrefix(line, " ") {
			lines[i] = `\` + lines[i]
		}
	}
	return `"` + strings.Join(lines, "\\n\\\n"+strings.Repeat(" ", indent+1)) + `"`, true
}

// outer is a file around a text.
type outer struct {
	before string
	indent int
	after  string
	never  string // the first characters of what cannot stand in it
}

var outers = []outer{
	{"in: ", 0, "\n", ""},
	{"# é\na:   'x' # é\n\nb:\n  - c: [1, \"2\"]\n    in: &a !!str ", 4, "\n# c\nd:\t\"y\" # 🚢", ""},
	{"%YAML 1.1\n--- # c\nx: |\n  in: old\nin:   ", 0, "\n---\nin: old\n...\n", ""},
	{"{日本: [é, old], in: ", 1, "   , z: \"🚢\"} # c\n", "|>"},
	{`[{"x": ["é", null], "in": `, 0, `}]`, "|>'aginot"},
}

// around is the file with a text in it, or "" where it cannot hold that.
func (o outer) around(w writer, text string) string {
	in, ok := w(text, o.indent)
	if text == "" || !ok || strings.ContainsAny(in[:1], o.never) {
		return ""
	}
	return o.before + in + o.after
}

var inners = []string{
	"old", "old\n", "{a: old}", "a: old # é\nb: 'old'\n", "- x: \"old\" # c\n-   old\n\n- é: {ü: [old, old]}\n\n",
	`[{"op": "replace", "path": "/a~1b", "value": "old"}, {"é": ["old", 1]}]`, "a: &x\n   b: it's\n   c: \"\\\"\" #\told\nold: !!str old",
	"---\n# old\n--- old\n---\na: |\n  old\nb: >-\n    old\n", "a: 'o\n\n  ld'\nb: \"o\\\n  ld\"\nold: x\n", "🚢: old\nk: C:\\old\n",
	" a: x\n b: old\n",
}

var newValues = []string{"new", "old", "1.20", "it's", `a "b" \c`, "ghcr.io/ü@sha256:0", "a: b #c", "two\nlines"}

// An edit within a text is the same as writing the edited text: in every style,
// one level and two levels deep, with line feeds alone or after carriage returns.
func TestWithinIsAsWritten(t *testing.T) {
	var alone []edited
	for _, text := range inners {
		alone = append(alone, editAlone(t, text))
	}
	for name, w := range writers {
		t.Run(name, func(t *testing.T) {
			done := 0
			for i, outer := range outers {
				write := func(text string) string { return outer.around(w, text) }
				crlf := func(text string) string { return windows(outer.around(w, text)) }
				for j := range alone {
					done += asWritten(t, alone[j], []func(string) string{write, crlf}[(i+j)%2])
				}
				for _, other := range writers {
					deep := func(text string) string { return crlf(outers[i%2].around(other, text)) }
					done += asWritten(t, alone[i], deep) + asWritten(t, alone[i+3], deep)
				}
			}
			if done == 0 {
				t.Error("nothing was edited")
			}
		})
	}
}

func windows(text string) string {
	if text == "" {
		return ""
	}
	return "\uFEFF" + strings.ReplaceAll(text, "\n", "\r\n")
}

// asWritten makes the edits of an inner file, and counts them.
func asWritten(t *testing.T, alone edited, write func(string) string) (done int) {
	t.Helper()
	src := write(alone.text)
	if src == "" {
		return 0
	}
	_, inner := open(t, src)
	if string(inner.src) != alone.text {
		t.Fatalf("%q holds %q, want %q", src, inner.src, alone.text)
	}
	for _, e := range alone.edits {
		if sameAs(t, src, e.i, e.value, write(e.text)) {
			done++
		}
	}
	return done
}

// edited is a text, and what it becomes by every edit that is possible.
type edited struct {
	text  string
	edits []oneEdit
}

// oneEdit sets the i-th scalar.
type oneEdit struct {
	i           int
	value, text string
}

// editAlone edits every scalar of a text that stands alone.
func editAlone(t *testing.T, text string) edited {
	all := edited{text: text}
	f, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for i := range scalars(f) {
		for _, value := range newValues {
			f, _ := Parse([]byte(text))
			if f.Set(scalars(f)[i], value) != nil {
				continue
			}
			if out, err := f.Bytes(); err == nil {
				all.edits = append(all.edits, oneEdit{i, value, string(out)})
			}
		}
	}
	return all
}

// sameAs sets the i-th scalar of the inner file and wants these bytes, or a
// refusal, and reports whether there are any.
func sameAs(t *testing.T, src string, i int, value, want string) bool {
	t.Helper()
	file, inner := open(t, src)
	if err := inner.Set(scalars(inner)[i], value); err != nil {
		t.Fatal(err)
	}
	got, err := file.Bytes()
	switch {
	case want != "" && (err != nil || string(got) != want):
		t.Errorf("%q to %q: %v\n got %q\nwant %q", src, value, err, got, want)
	case want == "" && err == nil && string(got) != src:
		t.Errorf("%q to %q, which the style cannot hold: %q", src, value, got)
	}
	return want != ""
}

func open(t *testing.T, src string) (file, inner *File) {
	t.Helper()
	file, err := Parse([]byte(src))
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	inner, err = innermost(file)
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	return file, inner
}
