package cli

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// perLine is how the help of a list says what a line of it is.
var perLine = pattern.New(`, one ([a-z]+ )?a line`)

// helpText adds to an input's help what it must be.
func helpText(value *kong.Value) string {
	text := kong.DefaultHelpValueFormatter(value)
	if found := perLine.FindStringSubmatch(text); found != nil && value.IsSlice() {
		text = strings.Replace(text, found[0], "", 1) + " Repeat the flag for more, or give several lines."
	}
	if value.Tag.HasDefault && value.Tag.PlaceHolder != "" {
		text += fmt.Sprintf(" Default: %q.", value.Tag.Default)
	}
	switch {
	case value.Required:
		text += " (required)"
	case value.Tag.Enum != "":
		text += " One of " + strings.ReplaceAll(value.Tag.Enum, ",", ", ") + "."
	case isSecret(value.Target.Type()):
		text += " Only from $" + secretVariable(value.Name) + "."
	}
	return text
}
