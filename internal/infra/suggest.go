package infra

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/near"
)

// suggest is "; did you mean a, b?" for the names that a user may have meant,
// at most three of them, or "" where none is close.
func suggest(name string, names []string) string {
	type guess struct {
		name string
		cost int
	}
	var guesses []guess
	for _, candidate := range names {
		if candidate == name {
			continue // it is there, and was asked for already
		}
		cost := near.Distance(name, candidate)
		if path.Base(candidate) == path.Base(name) {
			cost = min(cost, 2) // the right file in another folder
		}
		if cost <= max(2, len(name)/3) {
			guesses = append(guesses, guess{candidate, cost})
		}
	}
	if len(guesses) == 0 {
		return ""
	}
	slices.SortStableFunc(guesses, func(a, b guess) int { return cmp.Compare(a.cost, b.cost) })
	var likely []string
	for _, g := range guesses[:min(3, len(guesses))] {
		likely = append(likely, g.name)
	}
	return fmt.Sprintf("; did you mean %s?", strings.Join(likely, ", "))
}

// abridged is a list of names in a message, which must end somewhere.
func abridged(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
