package report

import (
	"strings"

	"github.com/seed-96940006/tagboat/internal/ship"
)

// Link leads to a page.
type Link struct{ Text, URL string }

// Bounds on the text of a pull request, of which GitHub takes 65,536 characters;
// several bumps may share one.
const (
	proposalLimit  = 20_000 // bytes
	proposedFields = 100
	proposedLines  = 300 // of rendered changes
)

// Proposal is the text of the pull request that proposes a bump: what moves, what
// comes out of it, and links to where it comes from. It is cut where it is longer
// than a page holds.
func Proposal(b *ship.Bumped, links []Link) string {
	rows, lines := proposedFields, proposedLines
	for {
		page := proposal(b, links, rows, lines)
		if len(page) <= proposalLimit || rows+lines == 0 {
			return page
		}
		rows, lines = rows/2, lines/2
	}
}

func proposal(b *ship.Bumped, links []Link, rows, lines int) string {
	var page strings.Builder
	fields(&page, b.Changes, rows)
	renderedIn(&page, b, lines)
	var shown []string
	for _, l := range links {
		shown = append(shown, link(l.Text, l.URL))
	}
	if len(shown) > 0 {
		page.WriteString(strings.Join(shown, " · "))
	}
	return strings.TrimRight(page.String(), "\n") + "\n"
}
