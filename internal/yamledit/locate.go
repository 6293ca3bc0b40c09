package yamledit

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// span is a part of the source in bytes.
type span struct{ from, to int }

// cursor turns the parser's positions into byte offsets. The parser counts
// lines by all the breaks of YAML 1.1 and columns in characters, and leaves a
// leading byte order mark out. Asked in the order of the source, it reads the
// source once, however long the lines.
type cursor struct {
	src          []byte
	off          int
	line, column int // 1-based position of off
}

func newCursor(src []byte) cursor {
	c := cursor{src: src, line: 1, column: 1}
	if bytes.HasPrefix(src, []byte("\uFEFF")) {
		c.off = len("\uFEFF")
	}
	return c
}

// seek moves to a position, and reports whether there is such a place.
func (c *cursor) seek(line, column int) bool {
	if line < c.line || line == c.line && column < c.column {
		*c = newCursor(c.src)
	}
	for c.off < len(c.src) && (c.line < line || c.line == line && c.column < column) {
		if w := lineBreak(c.src[c.off:]); w > 0 {
			c.off += w
			c.line, c.column = c.line+1, 1
			continue
		}
		w := 1
		if c.src[c.off] >= utf8.RuneSelf {
			_, w = utf8.DecodeRune(c.src[c.off:])
		}
		c.off += w
		c.column++
	}
	return c.line == line && c.column == column
}

// lineBreak is the width of the line break at the beginning of b, 0 for none.
func lineBreak(b []byte) int {
	switch {
	case b[0] > '\r' && b[0] < utf8.RuneSelf:
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
func locate(at *cursor, n *yaml.Node) (span, error) {
	if n.Value == "" && style(n) == 0 {
		return span{}, errorf(n.Line, `the value is empty; write "" in its place once`)
	}
	if !at.seek(n.Line, n.Column) {
		return span{}, errorf(n.Line, "the value is not where the parser says")
	}
	from := skipProperties(at.src, at.off)
	switch style(n) {
	case yaml.DoubleQuotedStyle:
		return quoted(at.src, from, n, doubleEnd)
	case yaml.SingleQuotedStyle:
		return quoted(at.src, from, n, singleEnd)
	case yaml.LiteralStyle, yaml.FoldedStyle:
		return blockLine(at.src, from, n)
	}
	// The parser joins the lines of a plain scalar, so a value that stands in
	// the source as it is takes one line.
	if !bytes.HasPrefix(at.src[from:], []byte(n.Value)) {
		return span{}, errorf(n.Line, "the unquoted value takes several lines; write it on one line, or in quotes")
	}
	return span{from, from + len(n.Value)}, nil
}

// style is the way a scalar is written, without its tag; 0 is plain.
func style(n *yaml.Node) yaml.Style { return n.Style &^ (yaml.TaggedStyle | yaml.FlowStyle) }

// skipProperties goes past the anchor and the tag of a node, and what may stand
// between them and its content: blanks, line breaks, comments. No plain scalar
// begins with one of their characters.
func skipProperties(src []byte, off int) int {
	for off < len(src) {
		switch c := src[off]; {
		case c == ' ' || c == '\t':
			off++
		case lineBreak(src[off:]) > 0:
			off += lineBreak(src[off:])
		case c == '#':
			off = endOfLine(src, off)
		case c == '&' || c == '!':
			for off < len(src) && src[off] != ' ' && src[off] != '\t' && lineBreak(src[off:]) == 0 {
				off++
			}
		default:
			return off
		}
	}
	return off
}

// endOfLine is the offset of the next line break, or of the end.
func endOfLine(src []byte, off int) int {
	for off < len(src) && lineBreak(src[off:]) == 0 {
		off++
	}
	return off
}

func quoted(src []byte, from int, n *yaml.Node, end func([]byte) int) (span, error) {
	to := from + end(src[from:])
	if to <= from {
		return span{}, errorf(n.Line, "the end of the quoted value is not where the parser says")
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
func blockLine(src []byte, from int, n *yaml.Node) (span, error) {
	text := strings.TrimRight(n.Value, "\n")
	if text == "" || strings.Contains(text, "\n") {
		return span{}, errorf(n.Line, "the value is a block of several lines; only a block of a single line can be changed")
	}
	line := endOfLine(src, from)
	if line < len(src) {
		line += lineBreak(src[line:])
	}
	for line < len(src) && src[line] == ' ' {
		line++
	}
	if to := line + len(text); bytes.HasPrefix(src[line:], []byte(text)) && to == endOfLine(src, line) {
		return span{line, to}, nil
	}
	return span{}, errorf(n.Line, "the value is a block whose text is not on the line after its header")
}
