package yamledit

import (
	"sort"

	"go.yaml.in/yaml/v3"
)

// sourceMap says where in the source every part of a scalar's value stands. Its
// pieces are in order and cover the value. Between them the source may hold
// more: the indentation of a block.
type sourceMap struct {
	pieces []piece
	end    int // of the scalar in the source, before the closing quote
}

// piece is a part of a value that stands in the source as it is, or as a whole:
// an escape, a pair of quotes, the end of a line.
type piece struct{ value, source span }

// goesOn reports that two pieces are one for whoever counts bytes.
func (p piece) goesOn(next piece) bool {
	return p.source.to == next.source.from &&
		p.value.to-p.value.from == p.source.to-p.source.from &&
		next.value.to-next.value.from == next.source.to-next.source.from
}

// start is where the text from an offset of the value on begins in the source.
func (m sourceMap) start(off int) int {
	i := sort.Search(len(m.pieces), func(i int) bool { return m.pieces[i].value.to > off })
	if i == len(m.pieces) {
		return m.end
	}
	return m.pieces[i].source.from + off - m.pieces[i].value.from
}

// source is where a part of the value, at least a character, stands.
func (m sourceMap) source(part span) span {
	i := sort.Search(len(m.pieces), func(i int) bool { return m.pieces[i].value.to >= part.to })
	last := m.pieces[i]
	return span{m.start(part.from), last.source.to - (last.value.to - part.to)}
}

// mapText maps the value of a scalar. What does not read as the value by the
// rules of its style is refused.
func (f *File) mapText(n *yaml.Node) (sourceMap, error) {
	from, err := f.textOf(n)
	if err != nil {
		return sourceMap{}, err
	}
	m := mapper{src: f.src, value: n.Value, s: from}
	switch style(n) {
	case yaml.LiteralStyle, yaml.FoldedStyle:
		m.s = nextLine(f.src, from)
		m.block(style(n) == yaml.FoldedStyle)
	case yaml.DoubleQuotedStyle:
		m.s++
		m.flow('"')
	case yaml.SingleQuotedStyle:
		m.s++
		m.flow('\'')
	default:
		m.flow(0)
	}
	if m.lost || m.v < len(n.Value) {
		return sourceMap{}, f.errorf(n, "the text of the value is not where the parser says")
	}
	return sourceMap{m.pieces, m.s}, nil
}
