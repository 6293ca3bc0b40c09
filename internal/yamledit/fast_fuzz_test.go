package yamledit

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// FuzzFast holds fast to what the parser reads.
func FuzzFast(f *testing.F) {
	for _, src := range fastSeeds(f) {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) { sameAsParser(t, src) })
}

func fastSeeds(tb testing.TB) [][]byte {
	all := seeds(tb)
	for _, texts := range []map[string]string{ours, theirs} {
		for _, src := range texts {
			all = append(all, []byte(src))
		}
	}
	slices.SortFunc(all, slices.Compare)
	return all
}

// TestFastOfGenerated reads texts as people write them, with few mistakes.
func TestFastOfGenerated(t *testing.T) {
	const all = 1000
	taken := 0
	for i := range all {
		g := &generator{rng: rand.New(rand.NewPCG(uint64(i), 7)), lineEnd: "\n"}
		if sameAsParser(t, []byte(g.text())) {
			taken++
		}
	}
	if taken < all*2/3 {
		t.Errorf("of %d texts fast read %d", all, taken)
	}
}

// TestFastOfMutated reads texts with a few characters changed.
func TestFastOfMutated(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	texts := fastSeeds(t)
	texts = slices.DeleteFunc(texts, func(src []byte) bool { return len(src) > 2000 })
	for range 10_000 {
		sameAsParser(t, mutate(rng, texts[rng.IntN(len(texts))]))
	}
}

var pieces = strings.Split("a|b|: |:|\n|\n|\n|\n  |\n    |\r\n| |  |- |-|# |#|\t|[|]|{|}|,|, |\"|'|&x |*x|\n- |\n---\n|\n...\n|!|%|?|? |>|>-\n|<<: |é|~|1|.|0x|\uFEFF|\u0085|\\|\\n|\n# c\n|@", "|")

func mutate(rng *rand.Rand, src []byte) []byte {
	src = slices.Clone(src)
	for range 1 + rng.IntN(4) {
		i := rng.IntN(len(src) + 1)
		j := min(i+rng.IntN(4), len(src))
		switch rng.IntN(4) {
		case 0:
			src = slices.Delete(src, i, j)
		case 1:
			src = slices.Insert(src, rng.IntN(len(src)+1), src[i:j]...)
		case 2:
			src = append(src[:i:i], src[j:]...)
		default:
			src = slices.Insert(src, i, []byte(pieces[rng.IntN(len(pieces))])...)
		}
	}
	return src
}

// generator writes YAML texts.
type generator struct {
	rng     *rand.Rand
	b       strings.Builder
	lineEnd string
	tab     string // in flows, where tabs may stand
	anchors int
}

func (g *generator) one(n int) bool { return g.rng.IntN(n) == 0 }

func (g *generator) pick(from ...string) string { return from[g.rng.IntN(len(from))] }

func (g *generator) text() string {
	if g.one(8) {
		g.lineEnd = "\r\n"
	}
	if g.one(10) {
		g.b.WriteString("\uFEFF")
	}
	for i := range 1 + g.rng.IntN(3) {
		if i > 0 || g.one(4) {
			g.fill()
			g.b.WriteString("---")
			g.end()
		}
		g.fill()
		g.top()
	}
	return strings.TrimSuffix(g.b.String(), g.pick("", "", g.lineEnd))
}

func (g *generator) top() {
	switch g.rng.IntN(8) {
	case 0:
		g.tab = "\t"
		g.b.WriteString(g.flow(3))
		g.end()
		g.tab = ""
	case 1:
		g.sequence(g.rng.IntN(3), 4, true)
	case 2:
		g.b.WriteString(g.scalar(false))
		g.end()
	default:
		g.mapping(g.rng.IntN(2), 4, true)
	}
}

// end writes the rest of a line, and what may stand below it.
func (g *generator) end() {
	g.b.WriteString(g.pick("", "", "", "", " ", "   ", " # c", "  # é: \t\"[ 'x", " #"))
	g.b.WriteString(g.lineEnd)
	if g.one(6) {
		g.fill()
	}
}

func (g *generator) fill() {
	for range g.rng.IntN(3) {
		g.b.WriteString(g.pick("", "", "  ", "# c", "    # - c", " # c: |", "#"))
		g.b.WriteString(g.lineEnd)
	}
}

// pad writes an indentation; rarely another one.
func (g *generator) pad(n int) {
	if g.one(1000) {
		n += g.rng.IntN(4) - 1
	}
	g.b.WriteString(strings.Repeat(" ", max(n, 0)))
}

// mapping writes entries at a column; the first line may be begun already.
func (g *generator) mapping(column, depth int, first bool) {
	for i := range 1 + g.rng.IntN(4) {
		if i > 0 || first {
			g.pad(column)
		}
		g.b.WriteString(g.pick("a", "key", "k e y", "'it''s'", `"q\n"`, "é日", "1", "name", "~", "true", "<<", "x-y", "a#b", "a:b"))
		g.b.WriteString(g.pick(":", ":", ":", ":", " :"))
		g.value(column, depth, true)
	}
}

func (g *generator) sequence(column, depth int, first bool) {
	for i := range 1 + g.rng.IntN(4) {
		if i > 0 || first {
			g.pad(column)
		}
		g.b.WriteString("-")
		if depth > 0 && g.one(3) {
			blanks := g.pick(" ", " ", "   ")
			g.b.WriteString(blanks)
			if g.one(3) {
				g.sequence(column+1+len(blanks), depth-1, false)
			} else {
				g.mapping(column+1+len(blanks), depth-1, false)
			}
			continue
		}
		g.value(column, depth, false)
	}
}

// value writes what follows a colon or a dash.
func (g *generator) value(column, depth int, ofKey bool) {
	choice := g.rng.IntN(12)
	if depth == 0 {
		choice = 4 + g.rng.IntN(8)
	}
	if anchor := g.anchor(); choice != 4 && choice != 5 {
		g.b.WriteString(anchor)
	}
	switch choice {
	case 0, 1:
		g.end()
		g.mapping(column+1+g.rng.IntN(4), depth-1, true)
	case 2:
		g.end()
		g.sequence(column+1+g.rng.IntN(4), depth-1, true)
	case 3:
		g.end()
		if !ofKey {
			column++
		}
		g.sequence(column, depth-1, true)
	case 4:
		g.end()
	case 5:
		if g.anchors == 0 {
			g.end()
			return
		}
		fmt.Fprintf(&g.b, " *x%d", g.rng.IntN(g.anchors))
		g.end()
	case 6:
		g.textBlock(column)
	case 7, 8:
		g.b.WriteString(" " + g.flow(3))
		g.end()
	case 9:
		g.end()
		g.pad(column + 1 + g.rng.IntN(3))
		g.b.WriteString(g.scalar(false))
		g.end()
	default:
		g.b.WriteString(g.pick(" ", " ", "    ") + g.scalar(false))
		g.end()
	}
}

func (g *generator) anchor() string {
	if !g.one(20) {
		return ""
	}
	g.anchors++
	return fmt.Sprintf(" &x%d", g.anchors-1)
}

func (g *generator) textBlock(column int) {
	column += 1 + g.rng.IntN(3)
	g.b.WriteString(g.pick(" |", " |-", " |+", " >", " >-", " >+", " |1", " >2-"))
	g.b.WriteString(g.pick("", "", " # c", "  ") + g.lineEnd)
	for range g.rng.IntN(6) {
		if g.one(4) {
			g.b.WriteString(strings.Repeat(" ", g.rng.IntN(column+2)))
		} else {
			g.pad(column)
			g.b.WriteString(g.pick("text", "# no comment", " more", "a: b", "- c", "é\tx ", "---", "\"q"))
		}
		g.b.WriteString(g.lineEnd)
	}
}

func (g *generator) scalar(inFlow bool) string {
	if inFlow {
		return g.pick("a", "b c", "1", "true", "null", `"q\t,"`, `'s ]'`, "é", "a:b", "-1", "x#y", "1.5")
	}
	return g.pick("a", "b c", "1", "-2.5", "true", "null", "~", "2024-01-02", "0x1F", "1.2.3", `"q\u00e9"`, `'it''s'`, "é x", "a:b",
		"reg:5000/a@sha256:00", "-x", "100m", ".5", "<<", "y", `""`, "''", "a, b", "x [y] {z}", "+1", "1e3", "0o7", "12:30:45", "1_000", "=", "a#b")
}

// flow writes [] or {}, on one line or several.
func (g *generator) flow(depth int) string {
	space := func() string {
		return g.pick("", "", "", " ", "  ", g.lineEnd, g.lineEnd+"  ", " # c"+g.lineEnd, g.lineEnd+g.tab)
	}
	var items []string
	mapping := g.one(2)
	for range g.rng.IntN(4) {
		item := g.scalar(true)
		if depth > 0 && g.one(3) {
			item = g.flow(depth - 1)
		}
		if mapping {
			item = g.pick("a: ", "\"k\":"+g.tab, "'k' : ", "é:  ", "\"k\":"+g.lineEnd, "1: ") + g.pick(item, item, item, "")
		}
		items = append(items, space()+item+space())
	}
	body := strings.Join(items, ",")
	if len(items) > 0 && g.one(5) {
		body += ","
	}
	if mapping {
		return "{" + body + space() + "}"
	}
	return "[" + body + space() + "]"
}
