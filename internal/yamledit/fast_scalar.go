package yamledit

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// scalar reads a scalar that takes one line.
func (r *reader) scalar() *yaml.Node { return r.oneLine(endsPlain) }

// flowScalar is scalar within [] or {}.
func (r *reader) flowScalar() *yaml.Node { return r.oneLine(endsFlowPlain) }

func (r *reader) oneLine(ends uint8) *yaml.Node {
	n := r.node(yaml.ScalarNode, "!!str", r.here(r.at))
	switch r.text[r.at] {
	case '"':
		n.Style = yaml.DoubleQuotedStyle
		n.Value = r.double()
	case '\'':
		n.Style = yaml.SingleQuotedStyle
		n.Value = r.single()
	default:
		n.Value = r.plain(ends)
		n.Tag = plainTag(n.Value)
	}
	return n
}

// plain reads an unquoted scalar to the end of its text. Whoever asks for it sees
// to it that the next line does not go on with it.
func (r *reader) plain(ends uint8) string {
	text, begin := r.text, r.at
	if c := text[begin]; class[c]&indicator != 0 || c == '-' && class[text[begin+1]]&(gap|ends) != 0 {
		giveUp()
	}
	for i := begin + 1; ; {
		for class[text[i]]&ends == 0 {
			i++
		}
		switch text[i] {
		case '\t':
			giveUp()
		case ':':
			if class[text[i+1]]&gap == 0 {
				i++
				continue
			}
		case ' ':
			j := i + 1
			for text[j] == ' ' {
				j++
			}
			c := text[j]
			if c != '#' && (class[c]&ends == 0 || c == '\t' || c == ':' && class[text[j+1]]&gap == 0) {
				i = j
				continue
			}
		}
		r.at = i
		return text[begin:i]
	}
}

// single reads a scalar in single quotes, in which two stand for one.
func (r *reader) single() string {
	begin := r.at + 1
	doubled := false
	for i := begin; ; i++ {
		for class[r.text[i]]&endsSingle == 0 {
			i++
		}
		if r.text[i] != '\'' {
			giveUp()
		}
		if r.text[i+1] == '\'' {
			doubled = true
			i++
			continue
		}
		r.at = i + 1
		if doubled {
			return strings.ReplaceAll(r.text[begin:i], "''", "'")
		}
		return r.text[begin:i]
	}
}

// double reads a scalar in double quotes.
func (r *reader) double() string {
	begin := r.at + 1
	r.buf = r.buf[:0]
	for i, from := begin, begin; ; {
		for class[r.text[i]]&endsDouble == 0 {
			i++
		}
		switch r.text[i] {
		case '"':
			r.at = i + 1
			if from == begin {
				return r.text[begin:i]
			}
			return string(append(r.buf, r.text[from:i]...))
		case '\\':
			r.buf = append(r.buf, r.text[from:i]...)
			i = r.escape(i + 1)
			from = i
		default:
			giveUp()
		}
	}
}

// escapes are the characters that one after a backslash stands for.
var escapes = map[byte]rune{
	'0': 0, 'a': '\a', 'b': '\b', 't': '\t', 'n': '\n', 'v': '\v', 'f': '\f', 'r': '\r', 'e': 0x1B,
	' ': ' ', '"': '"', '\'': '\'', '\\': '\\', 'N': 0x85, '_': 0xA0, 'L': 0x2028, 'P': 0x2029,
}

// escape reads what follows a backslash and is the offset behind it.
func (r *reader) escape(i int) int {
	digits := 0
	switch c := r.text[i]; c {
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		char, ok := escapes[c]
		if !ok {
			giveUp()
		}
		r.buf = utf8.AppendRune(r.buf, char)
		return i + 1
	}
	var char rune
	for range digits {
		i++
		char = char<<4 | hex(r.text[i])
	}
	if !utf8.ValidRune(char) {
		giveUp()
	}
	r.buf = utf8.AppendRune(r.buf, char)
	return i + 1
}

func hex(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c - 'a' + 10)
	case 'A' <= c && c <= 'F':
		return rune(c - 'A' + 10)
	}
	giveUp()
	return 0
}
