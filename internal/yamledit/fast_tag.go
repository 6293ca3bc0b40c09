package yamledit

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// plainTag is the tag that the parser gives an unquoted scalar. Of what looks
// like a number or a time in other than its simplest form, the parser says it itself.
func plainTag(s string) string {
	switch c := s[0]; {
	case '0' <= c && c <= '9', c == '-', c == '+', c == '.':
		if tag := numberTag(s); tag != "" {
			return tag
		}
		return (&yaml.Node{Kind: yaml.ScalarNode, Value: s}).ShortTag()
	}
	switch s {
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return "!!bool"
	case "~", "null", "Null", "NULL":
		return "!!null"
	case "<<":
		return "!!merge"
	}
	return "!!str"
}

// numberTag is the tag of a decimal number in its simplest forms, and of what no
// number, time or infinity is made of. It is empty for the rest.
func numberTag(s string) string {
	digits := strings.TrimPrefix(s, "-")
	dots, others := 0, false
	for i := range len(digits) {
		switch c := digits[i]; {
		case '0' <= c && c <= '9':
		case c == '.':
			dots++
		case strings.IndexByte("abcdefABCDEFxXoOiInN_+-:,tTzZ ", c) >= 0:
			others = true
		default:
			return "!!str"
		}
	}
	switch n := len(digits); {
	case others, n == 0, n > 15:
	case dots > 1:
		return "!!str"
	case dots == 1 && digits[0] != '.' && digits[n-1] != '.':
		return "!!float"
	case dots == 0 && (digits[0] != '0' || n == 1):
		return "!!int"
	}
	return ""
}
