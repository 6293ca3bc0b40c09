package yamledit

import (
	"fmt"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// write is the new text of a scalar in the style that it has, or in double quotes
// where that style cannot hold the value as a string.
func (f *File) write(c *change, mustBeJSON bool) (string, error) {
	switch style(c.node) {
	case yaml.LiteralStyle, yaml.FoldedStyle:
		return f.blockText(c)
	case yaml.SingleQuotedStyle:
		if allPrintable(c.value) {
			return "'" + embedded(yaml.SingleQuotedStyle, c.value) + "'", nil
		}
	case 0:
		if !mustBeJSON && canBePlain(c.value, c.inFlow) && !looksTyped(c.value) {
			return c.value, nil
		}
	}
	return doubleQuoted(c.value), nil
}

// blockText is the one line of a block scalar. A leading blank would become
// indentation, and one at the end is lost on goccy/go-yaml.
func (f *File) blockText(c *change) (string, error) {
	text := strings.TrimRight(c.value, "\n")
	if text == "" || text != strings.Trim(text, " ") || !allPrintable(text) {
		return "", f.errorf(c.node, "the new value %q cannot stand in a block scalar", c.value)
	}
	return text, nil
}

// embedded is text as it stands within a scalar of a style.
func embedded(in yaml.Style, text string) string {
	switch in {
	case yaml.SingleQuotedStyle:
		return strings.ReplaceAll(text, "'", "''")
	case yaml.DoubleQuotedStyle:
		quoted := doubleQuoted(text)
		return quoted[1 : len(quoted)-1]
	}
	return text
}

// doubleQuoted writes a value with the escapes that JSON and YAML share.
func doubleQuoted(value string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range value {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x10000 && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// allPrintable reports that no character needs an escape, nor is folded away.
func allPrintable(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
