package version

import "slices"

// Lines are what is known of commits' ancestors: of a commit the nearest ones,
// without itself, children before their parents, cut off anywhere.
type Lines map[string][]string

// Before reports whether commit a is an ancestor of commit b; known is false
// where the lines do not tell.
//
// Where b's line has an ancestor of a, and has not a, a is none of b's: a child
// would stand before its parents.
func (l Lines) Before(a, b string) (before, known bool) {
	lineA, lineB := l[a], l[b]
	switch {
	case a == b || slices.Contains(lineA, b):
		return false, true
	case slices.Contains(lineB, a):
		return true, true
	}
	seen := make(map[string]bool, len(lineB))
	for _, commit := range lineB {
		seen[commit] = true
	}
	return false, slices.ContainsFunc(lineA, func(commit string) bool { return seen[commit] })
}
