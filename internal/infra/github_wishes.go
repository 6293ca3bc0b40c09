package infra

import (
	"path"
	"slices"
	"strings"
)

// wish is a file or folder that a query asks for.
type wish struct {
	path  string // "." is the root
	depth int    // of a folder: how many levels of folders are listed; 0 for a file
	lean  bool   // names and modes alone, no text
}

// deepest is how many levels of folders one query lists. What lies deeper takes
// another one.
const deepest = 5

// wishes are what has to be known for the paths to be selected and for what a
// kustomization may take in: the folders of files, the part of a pattern in front
// of its first wildcard with what is below, and the kustomizations that may stand
// above. What is to be excluded is looked at to see that it is there.
func (p Paths) wishes() []wish {
	var all []wish
	add := func(w wish) {
		if !slices.ContainsFunc(all, func(other wish) bool { return other.covers(w) }) {
			all = append(slices.DeleteFunc(all, w.covers), w)
		}
	}
	for _, pattern := range p.included() {
		base, depth := reach(pattern)
		if depth == 0 && holdsManifests(pattern) { // most likely a file, whose neighbours matter
			add(wish{path.Dir(pattern), 1, false})
			continue
		}
		add(wish{base, max(depth, 1), false})
	}
	for _, pattern := range p.excluded {
		base, depth := reach(pattern)
		if base == pattern {
			depth = 1 // that it is there is enough
		}
		if !slices.ContainsFunc(all, func(w wish) bool { return below(w.path, base) }) && base != "." {
			add(wish{base, depth, true})
		}
	}
	for _, w := range slices.Clone(all) {
		if w.lean {
			continue
		}
		for dir := w.path; dir != "."; {
			dir = path.Dir(dir)
			for _, name := range kustomizations {
				add(wish{path.Join(dir, name), 0, false})
			}
		}
	}
	return all
}

// kustomizations are the names under which kustomize looks for its own file.
var kustomizations = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// reach is the part of a pattern without wildcards, and how many levels below it
// the rest may match; 0 for a path without any, which may be a file.
func reach(pattern string) (base string, depth int) {
	parts := strings.Split(pattern, "/")
	wild := slices.IndexFunc(parts, func(part string) bool { return strings.ContainsAny(part, "*?[{") })
	switch {
	case wild < 0 && holdsManifests(pattern):
		return pattern, 0
	case wild < 0:
		return pattern, deepest
	}
	depth = len(parts) - wild
	if slices.Contains(parts, "**") {
		depth = deepest
	}
	// A folder that the whole pattern matches counts with all that it holds.
	return path.Join(".", strings.Join(parts[:wild], "/")), min(depth+1, deepest)
}

// covers reports whether w brings all of what other asks for.
func (w wish) covers(other wish) bool {
	if w.lean && !other.lean || w.depth == 0 && w != other {
		return false
	}
	below := 0
	at := other.path
	for at != w.path && at != "." {
		at = path.Dir(at)
		below++
	}
	return at == w.path && below+other.depth <= w.depth
}

// everywhere reports whether the paths reach through the whole repository, so
// that its folders cannot be listed in a few requests whatever its size.
func (p Paths) everywhere() bool {
	return len(p.patterns) == 0 || slices.ContainsFunc(p.patterns, func(pattern string) bool {
		base, depth := reach(pattern)
		return base == "." && depth > 0 && (pattern == "." || strings.Contains(pattern, "**"))
	})
}
