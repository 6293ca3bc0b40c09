package infra

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
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
		cost := distance(name, candidate)
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

// distance is how many bytes must be inserted, deleted or replaced to make b of
// a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
