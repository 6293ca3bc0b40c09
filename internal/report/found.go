package report

import (
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/ship"
)

// Found is the summary of a look at a registry for an image: s has the digest and
// the reference of what is there. err is what ended it, or nil.
func Found(asked string, s *ship.State, err error) string {
	result := "found"
	switch {
	case err != nil:
		result = "failed"
	case s.Digest == "":
		result = "not there"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "### tagboat resolve: %s\n\n", result)
	failures(&b, err)
	b.WriteString("| image | digest | reference |\n|---|---|---|\n")
	fmt.Fprintf(&b, "| %s | %s | %s |\n", code(asked), code(string(s.Digest)), code(s.Ref.String()))
	return b.String()
}

// found is the image that a run has looked for, and what named it.
func found(b *strings.Builder, s *ship.State) {
	if s.Found.Digest == "" {
		return
	}
	b.WriteString(code(s.Found.String()))
	if s.FoundIn != "" {
		fmt.Fprintf(b, ", from %s", code(s.FoundIn))
	}
	b.WriteString("\n\n")
}
