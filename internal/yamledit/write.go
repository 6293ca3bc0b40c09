package yamledit

import (
	"fmt"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// write is the text of a value in the style its scalar has, or in double quotes
// where that style cannot hold it as a string.
func write(w wanted, value string, mustBeJSON bool) (string, error) {
	switch style(w.node) {
	case yaml.LiteralStyle, yaml.FoldedStyle:
		return blockText(w.node, value)
	case yaml.SingleQuotedStyle:
		if allPrintable(value) {
			return "'" + strings.ReplaceAll(value, "'", "''") + "'", nil
		}
	case 0:
		if !mustBeJSON && canBePlain(value, w.inFlow) && readsAsString(w.node, value) {
			return value, nil
		}
	}
	return doubleQuoted(value), nil
}

// blockText is the one line of a block scalar. A leading blank would become
// indentation.
func blockText(n *yaml.Node, value string) (string, error) {
	text := strings.TrimRight(value, "\n")
	if text == "" || text[0] == ' ' || !allPrintable(text) {
		return "", errorf(n.Line, "the new value %q cannot stand in a block scalar", value)
	}
	return text, nil
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
