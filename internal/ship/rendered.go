package ship

import (
	"fmt"
	"strings"
	"unicode"
)

// RenderedDiff shows what changes in the objects that kustomizations render, and
// which of them could not be looked at, in the form of a diff: in at most this
// many lines, of which none is empty or begins with a letter or a backtick. left
// is how many changes and kustomizations had no place.
func (b *Bumped) RenderedDiff(lines int) (text string, left int) {
	var entries []string
	for _, c := range b.Rendered {
		entries = append(entries, fmt.Sprintf("@@ %s: %s %s @@\n-%s\n+%s\n",
			line(c.Kustomization), line(c.Object), line(c.Field), line(c.Old), line(c.New)))
	}
	for _, u := range b.Unverified {
		entries = append(entries, fmt.Sprintf("! %s was not rendered: %s\n", line(u.Kustomization), line(u.Reason)))
	}
	for i, entry := range entries {
		if lines -= strings.Count(entry, "\n"); lines < 0 {
			return text, len(entries) - i
		}
		text += entry
	}
	return text, 0
}

// line is a text on one line, cut where it is longer than people read.
func line(text string) string {
	const most = 300
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}
