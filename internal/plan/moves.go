package plan

import "github.com/seed-96940006/tagboat/internal/pattern"

// Moves reports whether the tags that the rule gives go from one image to another,
// as pr-7 and latest do, and versions do not. glob is what they look like, with *
// for any text; "" where nothing tells them from other tags by their looks.
func (r Rule) Moves() (glob string, moves bool) {
	switch r.Kind {
	case "version", "semver", "sha":
		return "", false
	case "pr":
		return r.around("*"), true
	case "raw":
		name := r.around(r.Value)
		if versionForm.MatchString(r.Value) || versionForm.MatchString(name) {
			return "", false
		}
		return name, true
	}
	return "", true
}

// Moves reports whether the tag may stand for another image tomorrow. A date with
// the time to the second does not in practice.
func (t Tag) Moves() bool {
	return !t.Immutable && !(t.Kind == "date" && toTheSecond.MatchString(t.String()))
}

var toTheSecond = pattern.New(`\d{4}[-_]?\d{2}[-_]?\d{2}[-_]?\d{2}[-_]?\d{2}[-_]?\d{2}`)
