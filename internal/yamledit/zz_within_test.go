package yamledit

import (
	"math/rand"
	"strings"
	"testing"
	"time"
	"bytes"
)

func TestZZStress(t *testing.T) {
	atoms := []string{"a", "b", "old", " ", " ", "  ", "\n", "\n", "\n  ", "\n  ", "\n   ", "\t", "\\n", "\\\n", "\\\"", "''", "\\u0041", "\\ ", "\r\n  ", "\u2028  ", "\u0085  ", "é", "#", " #", ": ", "- ", "{", "}", "[", "]", ",", "\\x0a", "🚢", "\\t", "\\N", "-", "?"}
	heads := []struct{ h, e string }{{"in: |\n  ", "\n"}, {"in: |2\n  ", "\n"}, {"in: |+\n", "\n"}, {"in: >-\n  ", "\nz: y"}, {"in: >\n  ", ""}, {"- in: >1+ # c\n   ", "\n"}, {"in: '", "' # c\n"}, {"in: \"", "\"\n"}, {"{in: \"", "\", b: c}"}, {"[{in: '", "'}]"}, {"in: ", "\nb: c\n"}, {"{in: ", ",b: c}"}, {"in: &x !!str\n  ", "\n"}, {"--- |\n ", "\n"}, {"--- \"", "\"\n...\n"}}
	r := rand.New(rand.NewSource(time.Now().UnixNano()))
	end := time.Now().Add(60 * time.Second)
	parsed, mapped, edits, refused := 0, 0, 0, 0
	for time.Now().Before(end) {
		h := heads[r.Intn(len(heads))]
		var b strings.Builder
		b.WriteString(h.h)
		for range r.Intn(14) {
			b.WriteString(atoms[r.Intn(len(atoms))])
		}
		b.WriteString(h.e)
		src := []byte(b.String())
		f, err := Parse(src)
		if err != nil {
			continue
		}
		parsed++
		for i, n := range scalars(f) {
			if !hasText(n) {
				continue
			}
			m, err := f.mapText(n)
			if err != nil {
				t.Fatalf("%q: %q: %v", src, n.Value, err)
			}
			mapped++
			for k, p := range m.pieces {
				if p.value.to < p.value.from || p.source.to < p.source.from || k > 0 && (m.pieces[k-1].value.to != p.value.from || m.pieces[k-1].source.to > p.source.from) {
					t.Fatalf("%q %v", src, m)
				}
			}
			if n.Tag != "!!str" {
				continue
			}
			inner, err := f.Within(n)
			if err != nil {
				continue
			}
			for j, s := range scalars(inner) {
				f2, _ := Parse(src)
				in2, _ := f2.Within(scalars(f2)[i])
				inner.Line(s)
				if in2.Set(scalars(in2)[j], []string{"new", "1", "it's", "a: b"}[r.Intn(4)]) != nil {
					continue
				}
				if _, err := in2.Bytes(); err != nil {
					continue
				}
				out, sp, err := f2.result()
				if err != nil {
					refused++
					if style(n) != 0 && refused < 40 {
						t.Logf("%q: %v", src, err)
					}
					continue
				}
				edits++
				if len(sp) == 1 && (!bytes.HasPrefix(out, src[:sp[0].from]) || !bytes.HasSuffix(out, src[sp[0].to:])) {
					t.Fatal("more")
				}
			}
		}
	}
	t.Log(parsed, mapped, edits, refused)
}
