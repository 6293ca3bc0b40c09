package yamledit

import (
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// canBePlain reports that a value can be written without quotes: that the text
// is one scalar, the whole of it. It says nothing about its type.
func canBePlain(s string, inFlow bool) bool {
	switch {
	case s == "" || !allPrintable(s):
		return false
	case strings.ContainsRune("?:,[]{}#&*!|>'\"%@` ", rune(s[0])), s[0] == '-' && !isFlag(s):
		return false
	case s[len(s)-1] == ':' || s[len(s)-1] == ' ':
		return false
	case strings.HasPrefix(s, "..."):
		return false
	case strings.Contains(s, ": ") || strings.Contains(s, " #"):
		return false
	}
	return !inFlow || !strings.ContainsAny(s, ",?[]{}")
}

// isFlag reports a flag, as it stands among a command's arguments: --image=x.
func isFlag(s string) bool {
	return len(s) > 2 && s[1] == '-' && (s[2] >= 'a' && s[2] <= 'z' || s[2] >= 'A' && s[2] <= 'Z')
}

var (
	// numberForm covers the integers, floats and base 60 numbers of YAML 1.1 and
	// 1.2, underscores aside; what it covers beyond them costs two quotes.
	numberForm = pattern.New(`(?i)^[-+]*(` +
		`0x[0-9a-f.p+-]*|0o[-+]*[0-7]*|0b[-+]*[01]*` +
		`|[0-9][0-9,]*(:[0-9]+)*(\.[0-9]*)?(e[-+]?[0-9]+)?` +
		`|\.[0-9]*(e[-+]?[0-9]+)?` +
		`|\.inf|\.nan)$`)

	dateForm = pattern.New(`^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t]|$)`)

	// typedWords are read as a boolean, null, merge or value key by some reader,
	// in lower case.
	typedWords = map[string]bool{
		"": true, "~": true, "null": true, "true": true, "false": true,
		"yes": true, "no": true, "on": true, "off": true, "y": true, "n": true,
		"<<": true, "=": true,
	}
)

// looksTyped reports that some reader takes the plain text for something other
// than a string: gopkg.in/yaml.v3 and its heirs, goccy/go-yaml, sigs.k8s.io/yaml,
// or one that goes by the letter of YAML 1.1. A tag does not help: goccy/go-yaml
// makes 1.2 of !!str 1.20.
func looksTyped(s string) bool {
	return typedWords[strings.ToLower(s)] ||
		numberForm.MatchString(strings.ReplaceAll(s, "_", "")) ||
		dateForm.MatchString(s)
}
