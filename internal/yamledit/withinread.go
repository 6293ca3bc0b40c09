package yamledit

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// mapper reads a scalar by the rules of its style, and compares with the value
// that the parser read.
type mapper struct {
	src    []byte
	value  string
	s, v   int // how far the source and the value have been read
	pieces []piece
	lost   bool // the two differ
}

// take reads the source up to an offset as text.
func (m *mapper) take(end int, text string) {
	if end > len(m.src) || !strings.HasPrefix(m.value[m.v:], text) {
		m.lost = true
		return
	}
	next := piece{span{m.v, m.v + len(text)}, span{m.s, end}}
	if n := len(m.pieces); n > 0 && m.pieces[n-1].goesOn(next) {
		m.pieces[n-1].value.to, m.pieces[n-1].source.to = next.value.to, next.source.to
	} else {
		m.pieces = append(m.pieces, next)
	}
	m.s, m.v = next.source.to, next.value.to
}

// same reads the source up to an offset as it is.
func (m *mapper) same(end int) {
	text := m.value[m.v:min(m.v+end-m.s, len(m.value))]
	if string(m.src[m.s:end]) != text {
		m.lost = true
		return
	}
	m.take(end, text)
}

// flow reads a plain scalar, or a quoted one up to its closing quote.
func (m *mapper) flow(quote byte) {
	for !m.lost && m.s < len(m.src) {
		switch c := m.src[m.s]; {
		case quote == 0 && m.v == len(m.value):
			return
		case isBlank(c), lineBreak(m.src[m.s:]) > 0:
			m.gap(skipBlank(m.src, m.s), true)
		case quote == '"' && c == '\\':
			m.escape()
		case quote == '\'' && bytes.HasPrefix(m.src[m.s:], []byte("''")):
			m.take(m.s+2, "'")
		case quote != 0 && c == quote:
			return
		default:
			m.same(m.wordEnd(quote))
		}
	}
}

// wordEnd is the end of what stands for itself: at least the next byte. A plain
// scalar ends where its value does.
func (m *mapper) wordEnd(quote byte) int {
	last := len(m.src)
	if quote == 0 {
		last = min(last, m.s+len(m.value)-m.v)
	}
	for end := m.s + 1; end < last; end++ {
		c := m.src[end]
		if isBlank(c) || quote != 0 && c == quote || quote == '"' && c == '\\' || lineBreak(m.src[end:]) > 0 {
			return end
		}
	}
	return last
}

// escape reads a backslash and what belongs to it: a line break with the blanks
// around it, or one character.
func (m *mapper) escape() {
	if lineBreak(m.src[m.s+1:]) > 0 {
		m.breaks(skipBlank(m.src, m.s+1), "")
		return
	}
	width := 2
	if m.s+1 < len(m.src) {
		switch m.src[m.s+1] {
		case 'x':
			width = 4
		case 'u':
			width = 6
		case 'U':
			width = 10
		}
	}
	_, size := utf8.DecodeRuneInString(m.value[m.v:])
	m.take(m.s+width, m.value[m.v:m.v+size])
}

// skipBlank goes past blanks and line breaks.
func skipBlank(src []byte, off int) int {
	for off < len(src) {
		switch w := lineBreak(src[off:]); {
		case w > 0:
			off += w
		case isBlank(src[off]):
			off++
		default:
			return off
		}
	}
	return off
}

// gap reads blanks and line breaks up to an offset. Where lines fold, a break
// alone is a space, and the first of several is nothing.
func (m *mapper) gap(end int, folds bool) {
	src := m.src[:end]
	first := endOfLine(src, m.s)
	if first == end {
		m.same(end)
		return
	}
	text := breakText(src[first:])
	if folds && text == "\n" {
		text = ""
		if endOfLine(src, nextLine(src, first)) == end {
			text = " "
		}
	}
	m.breaks(end, text)
}

// breaks reads the line breaks up to an offset, the first of them as a text of
// its own, and the blanks around them as nothing.
func (m *mapper) breaks(end int, text string) {
	src := m.src[:end]
	after := nextLine(src, m.s)
	for {
		next := endOfLine(src, after)
		if next == end {
			break
		}
		m.take(after, text)
		text = breakText(src[next:])
		after = nextLine(src, next)
	}
	m.take(end, text)
}

// breakText is what the parser makes of a line break.
func breakText(b []byte) string {
	switch lineBreak(b) {
	case 0:
		return ""
	case 3:
		return string(b[:3])
	}
	return "\n"
}

// block reads a block scalar from the line after its header. Its first line with
// text tells the indentation: by as much it begins later than in the value.
func (m *mapper) block(folded bool) {
	m.blankLines()
	indent := spaces(m.src[m.s:]) - spaces(m.value[m.v:])
	m.lost = m.lost || indent < 0
	m.s += max(indent, 0)
	for !m.lost && m.v < len(m.value) && m.s < len(m.src) {
		blank := isBlank(m.src[m.s])
		m.same(endOfLine(m.src, m.s))
		if m.lost || strings.TrimLeft(m.value[m.v:], "\n\u2028\u2029") == "" {
			break
		}
		next := nextText(m.src, m.s, indent)
		m.gap(next, folded && !blank && next < len(m.src) && !isBlank(m.src[next]))
	}
	m.blankLines()
}

// blankLines reads a line without text for every break that the value goes on with.
func (m *mapper) blankLines() {
	for !m.lost && lineBreak([]byte(m.value[m.v:min(m.v+3, len(m.value))])) > 0 {
		end := m.s + spaces(m.src[m.s:])
		text := breakText(m.src[end:])
		m.lost = text == ""
		m.take(nextLine(m.src, end), text)
	}
}

// nextText is where the text of the next line begins that has any, after the
// indentation; the end of the source where there is none.
func nextText(src []byte, off, indent int) int {
	for off < len(src) {
		off = nextLine(src, off)
		off += min(spaces(src[off:]), indent)
		if lineBreak(src[off:]) == 0 {
			break
		}
	}
	return off
}

// spaces is how many of them a text begins with.
func spaces[T string | []byte](text T) int {
	n := 0
	for n < len(text) && text[n] == ' ' {
		n++
	}
	return n
}
