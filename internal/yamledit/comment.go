package yamledit

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// Comment is the text of the comment that follows a scalar, or an alias, on its
// last line, without # and the blanks around it; "" for none. Only blanks stand
// between the two. In a block scalar it is the comment on the header's line.
func (f *File) Comment(n *yaml.Node) string {
	end, ok := f.end(n)
	if !ok {
		return ""
	}
	for end < len(f.src) && isBlank(f.src[end]) {
		end++
	}
	if end == len(f.src) || f.src[end] != '#' {
		return ""
	}
	return string(bytes.Trim(f.src[end+1:endOfLine(f.src, end)], " \t"))
}

// end is where a scalar or an alias ends, or the header of a block.
func (f *File) end(n *yaml.Node) (int, bool) {
	if n.Kind != yaml.ScalarNode && n.Kind != yaml.AliasNode || !f.at.seek(n.Line, n.Column) {
		return 0, false
	}
	from := f.at.off
	if n.Kind == yaml.AliasNode {
		return from + len("*") + len(n.Value), true
	}
	if !hasText(n) {
		return from, true
	}
	from = skipProperties(f.src, from)
	switch style(n) {
	case yaml.DoubleQuotedStyle:
		return from + doubleEnd(f.src[from:]), true
	case yaml.SingleQuotedStyle:
		return from + singleEnd(f.src[from:]), true
	case yaml.LiteralStyle, yaml.FoldedStyle:
		afterHeader := bytes.TrimLeft(f.src[from:], "|>+-0123456789")
		return len(f.src) - len(afterHeader), true
	}
	if standsAt(f.src[from:], n.Value) {
		return from + len(n.Value), true
	}
	text, err := f.mapText(n)
	return text.end, err == nil
}
