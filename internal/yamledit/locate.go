package yamledit

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// span is a part of the source in bytes.
type span struct{ from, to int }

// cursor turns the parser's positions into byte offsets, and offsets into lines.
// The parser counts lines by all the breaks of YAML 1.1 and columns in
// characters, and leaves a leading byte order mark out. What lies near the last
// place is found from there, however long the lines.
type cursor struct {
	src   []byte
	lines []int // where lines begin, as far as was asked for
	all   bool  // there are no more lines
	off   int

	line, column int // 1-based position of off
}

func newCursor(src []byte) cursor {
	c := cursor{src: src, line: 1, column: 1}
	if bytes.HasPrefix(src, []byte("\uFEFF")) {
		c.off = len("\uFEFF")
	}
	return c
}

// seek moves to a position, or as near as its line goes, and reports whether
// there is such a place.
func (c *cursor) seek(line, column int) bool {
	if line < 1 || column < 1 || !c.seekLine(line) {
		return false
	}
	for c.column > column {
		_, w := utf8.DecodeLastRune(c.src[:c.off])
		c.off -= w
		c.column--
	}
	for c.column < column && c.off < len(c.src) {
		w := 1
		if !isPlainByte(c.src[c.off]) {
			if lineBreak(c.src[c.off:]) > 0 {
				break
			}
			_, w = utf8.DecodeRune(c.src[c.off:])
		}
		c.off += w
		c.column++
	}
	return c.column == column
}

func (c *cursor) seekLine(line int) bool {
	if line == c.line {
		return true
	}
	for len(c.lines) < line {
		if !c.addLine() {
			return false
		}
	}
	c.off, c.line, c.column = c.lines[line-1], line, 1
	return true
}

// addLine finds the beginning of one more line. The last one is looked through once.
func (c *cursor) addLine() bool {
	if c.all {
		return false
	}
	if len(c.lines) == 0 {
		c.lines = append(c.lines, newCursor(c.src).off)
		return true
	}
	end := endOfLine(c.src, c.lines[len(c.lines)-1])
	w := lineBreak(c.src[end:])
	if c.all = w == 0; !c.all {
		c.lines = append(c.lines, end+w)
	}
	return !c.all
}

// lineOf is the line that an offset is on.
func (c *cursor) lineOf(off int) int {
	for (len(c.lines) == 0 || c.lines[len(c.lines)-1] <= off) && c.addLine() {
	}
	i, exact := slices.BinarySearch(c.lines, off)
	if exact {
		return i + 1
	}
	return max(i, 1)
}

// lineBreak is the width of the line break at the beginning of b, 0 for none.
func lineBreak(b []byte) int {
	switch {
	case len(b) == 0, isPlainByte(b[0]):
		return 0
	case b[0] == '\n':
		return 1
	case b[0] == '\r':
		if len(b) > 1 && b[1] == '\n' {
			return 2
		}
		return 1
	case bytes.HasPrefix(b, []byte("\u0085")):
		return 2
	case bytes.HasPrefix(b, []byte("\u2028")), bytes.HasPrefix(b, []byte("\u2029")):
		return 3
	}
	return 0
}

// locate finds the bytes of a scalar: its text with its quotes, or the one line
// of a block scalar; never its anchor and tag.
func (f *File) locate(n *yaml.Node) (span, error) {
	if !hasText(n) {
		return span{}, f.errorf(n, `the value is empty; write "" in its place once`)
	}
	from, err := f.textOf(n)
	if err != nil {
		return span{}, err
	}
	switch style(n) {
	case yaml.DoubleQuotedStyle:
		return f.quoted(from, n, doubleEnd)
	case yaml.SingleQuotedStyle:
		return f.quoted(from, n, singleEnd)
	case yaml.LiteralStyle, yaml.FoldedStyle:
		return f.blockLine(from, n)
	}
	if !standsAt(f.src[from:], n.Value) {
		return span{}, f.errorf(n, "the unquoted value takes several lines; write it on one line, or in quotes")
	}
	return span{from, from + len(n.Value)}, nil
}

// textOf is where the text of a scalar begins, after its anchor and tag.
func (f *File) textOf(n *yaml.Node) (int, error) {
	if !f.at.seek(n.Line, n.Column) {
		return 0, f.errorf(n, "the value is not where the parser says")
	}
	return skipProperties(f.src, f.at.off), nil
}

// standsAt reports that src goes on with a plain value as it is. The parser
// joins the lines of a plain scalar, so that such a value takes one line.
func standsAt(src []byte, value string) bool {
	return len(src) >= len(value) && string(src[:len(value)]) == value
}

// style is the way a scalar is written, without its tag; 0 is plain.
func style(n *yaml.Node) yaml.Style { return n.Style &^ (yaml.TaggedStyle | yaml.FlowStyle) }

// hasText reports that a scalar stands somewhere: a plain null may be nothing.
func hasText(n *yaml.Node) bool { return n.Value != "" || style(n) != 0 }

// skipProperties goes past the anchor and the tag of a node, and what may stand
// between them and its content: blanks, line breaks, comments. No plain scalar
// begins with one of their characters.
func skipProperties(src []byte, off int) int {
	for off < len(src) {
		switch c := src[off]; {
		case isBlank(c):
			off++
		case lineBreak(src[off:]) > 0:
			off += lineBreak(src[off:])
		case c == '#':
			off = endOfLine(src, off)
		case c == '&' || c == '!':
			for off < len(src) && !isBlank(src[off]) && lineBreak(src[off:]) == 0 {
				off++
			}
		default:
			return off
		}
	}
	return off
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// endOfLine is the offset of the next line break, or of the end.
func endOfLine(src []byte, off int) int {
	for off < len(src) && (isPlainByte(src[off]) || lineBreak(src[off:]) == 0) {
		off++
	}
	return off
}

// isPlainByte reports that a byte is a character, and begins no line break.
func isPlainByte(c byte) bool { return c > '\r' && c < utf8.RuneSelf }

// nextLine is the offset after the next line break, or of the end.
func nextLine(src []byte, off int) int {
	off = endOfLine(src, off)
	return off + lineBreak(src[off:])
}

func (f *File) quoted(from int, n *yaml.Node, end func([]byte) int) (span, error) {
	to := from + end(f.src[from:])
	if to <= from {
		return span{}, f.errorf(n, "the end of the quoted value is not where the parser says")
	}
	return span{from, to}, nil
}

// doubleEnd is the length of the double-quoted scalar at the beginning of b.
func doubleEnd(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// singleEnd is the length of the single-quoted scalar at the beginning of b.
func singleEnd(b []byte) int {
	if len(b) == 0 || b[0] != '\'' {
		return 0
	}
	for i := 1; i < len(b); i++ {
		if b[i] != '\'' {
			continue
		}
		if i+1 == len(b) || b[i+1] != '\'' {
			return i + 1
		}
		i++
	}
	return 0
}

// blockLine is the text of a block scalar that holds a single line, without
// the indentation.
func (f *File) blockLine(from int, n *yaml.Node) (span, error) {
	text := strings.TrimRight(n.Value, "\n")
	if text == "" || strings.Contains(text, "\n") {
		return span{}, f.errorf(n, "the value is a block of several lines; only a block of a single line can be changed")
	}
	line := nextLine(f.src, from)
	for line < len(f.src) && f.src[line] == ' ' {
		line++
	}
	if to := line + len(text); standsAt(f.src[line:], text) && to == endOfLine(f.src, line) {
		return span{line, to}, nil
	}
	return span{}, f.errorf(n, "the value is a block whose text is not on the line after its header")
}
