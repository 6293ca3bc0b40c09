package yamledit

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// textBlock reads a literal or folded block scalar.
func (r *reader) textBlock(outer int) *yaml.Node {
	n := r.node(yaml.ScalarNode, "!!str", r.here(r.at))
	n.Style = yaml.LiteralStyle
	if r.text[r.at] == '>' {
		n.Style = yaml.FoldedStyle
	}
	chomp, indent := r.header()
	switch {
	case indent == 0:
		indent = max(r.widest(), outer+1, 1)
	case outer > 0:
		indent += outer
	}
	n.Value = r.lines(indent, n.Style == yaml.FoldedStyle, chomp)
	r.content()
	return n
}

// header reads the line on which a block scalar begins: how its last line breaks
// are treated, '+', '-' or 0, and its indentation, or 0.
func (r *reader) header() (chomp byte, indent int) {
	r.at++
	for range 2 {
		switch c := r.text[r.at]; {
		case (c == '+' || c == '-') && chomp == 0:
			chomp = c
		case '1' <= c && c <= '9' && indent == 0:
			indent = int(c - '0')
		default:
			continue
		}
		r.at++
	}
	if !r.lineEnds() {
		giveUp()
	}
	r.skipLine()
	return chomp, indent
}

// widest is the indentation of the first line with text, or of a blank one
// before it that is wider.
func (r *reader) widest() (widest int) {
	for i := r.at; ; i++ {
		begin := i
		for r.text[i] == ' ' {
			i++
		}
		widest = max(widest, i-begin)
		if r.text[i] == '\r' {
			i++
		}
		switch r.text[i] {
		case '\n':
		case '\t':
			giveUp()
		default:
			return widest
		}
	}
}

// lines reads the lines of a block scalar and stops at the first that is none.
// It joins them as the parser does.
func (r *reader) lines(indent int, folded bool, chomp byte) string {
	r.buf = r.buf[:0]
	blanks := 0                      // lines without text since the last one with text
	broken, indented := false, false // that one ended with a line break; it began with a blank
	for {
		line, ok := r.textLine(indent)
		switch {
		case !ok:
			return r.chomped(broken, blanks, chomp)
		case line == "":
			blanks++
			continue
		}
		wasIndented := indented
		indented = line[0] == ' ' || line[0] == '\t'
		switch {
		case !broken:
		case !folded || wasIndented || indented:
			r.breaks(1)
		case blanks == 0:
			r.buf = append(r.buf, ' ')
		}
		r.breaks(blanks)
		blanks = 0
		r.buf = append(r.buf, line...)
		broken = r.at == r.start
	}
}

// textLine reads a line of a block scalar without its indentation and break.
func (r *reader) textLine(indent int) (line string, ok bool) {
	i := r.at
	for i < r.at+indent && r.text[i] == ' ' {
		i++
	}
	switch c := r.text[i]; {
	case c == '\n' || c == '\r':
		r.skipLine()
		return "", true
	case c == 0:
		return "", false
	case i < r.at+indent:
		if c == '\t' {
			giveUp()
		}
		return "", false
	}
	r.at = i
	r.skipLine()
	line = r.text[i:r.at]
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), true
}

// chomped is the text with the line breaks at its end that are kept.
func (r *reader) chomped(broken bool, blanks int, chomp byte) string {
	if broken && chomp != '-' {
		r.breaks(1)
	}
	if chomp == '+' {
		r.breaks(blanks)
	}
	return string(r.buf)
}

func (r *reader) breaks(n int) {
	for range n {
		r.buf = append(r.buf, '\n')
	}
}
