package infra

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// selectFrom is the entries that p selects, in their order. It fails with a
// fault E_INFRA_PATH for each path that selects nothing, and for each that is to
// exclude and matches nothing: what was meant would be written to.
func (p Paths) selectFrom(entries []entry) ([]entry, error) {
	return p.selectKnown(entries, func(string) bool { return true })
}

// selectKnown selects where not every entry is known: holds says whether those
// are that a pattern may match.
func (p Paths) selectKnown(entries []entry, holds func(pattern string) bool) ([]entry, error) {
	chosen := make([]bool, len(entries))
	faults := p.idle(entries, holds)
	for _, pattern := range p.included() {
		found, err := choose(pattern, entries)
		if err == nil {
			err = p.keep(pattern, entries, found, chosen)
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	var selected []entry
	for i, e := range entries {
		if chosen[i] {
			selected = append(selected, e)
		}
	}
	return selected, errors.Join(faults...)
}

// included are the patterns, that of the whole repository where there are none.
func (p Paths) included() []string {
	if len(p.patterns) == 0 {
		return []string{"."}
	}
	return p.patterns
}

// idle are the faults of exclude patterns that match nothing.
func (p Paths) idle(entries []entry, holds func(pattern string) bool) (faults []error) {
	for _, pattern := range p.excluded {
		if holds(pattern) && !slices.ContainsFunc(entries, func(e entry) bool { return below(pattern, e.path) }) {
			faults = append(faults, fault.Newf("E_INFRA_PATH", "take it out of `exclude`, or correct it",
				"excluded path %q matches nothing%s", pattern, suggest(pattern, names(entries))))
		}
	}
	return faults
}

// choose is where the entries are that one pattern matches.
func choose(pattern string, entries []entry) ([]int, error) {
	for i, e := range entries {
		if e.path == pattern && e.regular() {
			return []int{i}, nil
		}
		if e.path == pattern {
			return nil, fault.Newf("E_INFRA_PATH", "name the file that it leads to", "path %q is a symbolic link or a submodule, which are neither read nor written", pattern)
		}
	}
	var found []int
	others := 0
	for i, e := range entries {
		switch {
		case !below(pattern, e.path) || hidden(e.path, pattern):
		case e.regular() && holdsManifests(e.path) && readable(e.path):
			found = append(found, i)
		default:
			others++
		}
	}
	switch {
	case len(found) > 0 || pattern == ".": // a repository without manifests is no mistake in a path
		return found, nil
	case others > 0:
		return nil, fault.Newf("E_INFRA_PATH", "name the file itself: it is then read whatever it is called", "path %q selects no .yaml, .yml or .json file and no Kustomization", pattern)
	}
	return nil, fault.Newf("E_INFRA_PATH", hintPath, "path %q selects nothing%s", pattern, suggest(pattern, names(entries)))
}

// keep marks what a pattern matches and nothing excludes. That this is nothing
// can only be a mistake.
func (p Paths) keep(pattern string, entries []entry, found []int, chosen []bool) error {
	kept := 0
	var removed []string // exclude patterns
	for _, i := range found {
		at := slices.IndexFunc(p.excluded, func(excluded string) bool { return below(excluded, entries[i].path) })
		if at < 0 {
			chosen[i] = true
			kept++
		} else if by := p.excluded[at]; !slices.Contains(removed, by) {
			removed = append(removed, by)
		}
	}
	if kept > 0 || len(removed) == 0 {
		return nil
	}
	if len(p.patterns) == 0 {
		return fault.Newf("E_INFRA_PATH", fmt.Sprintf("take %s out of `exclude`", abridged(removed)), "exclude removes every file that would be read")
	}
	return fault.Newf("E_INFRA_PATH", fmt.Sprintf("take %s out of `exclude`, or the path out of `infra-paths`", abridged(removed)),
		"path %q selects nothing but what exclude removes", pattern)
}

// below reports whether the pattern matches the path or a folder that holds it.
func below(pattern, name string) bool {
	if pattern == "." || pattern == name || strings.HasPrefix(name, pattern+"/") {
		return true
	}
	if !strings.ContainsAny(pattern, "*?[{") {
		return false
	}
	for at := name; at != "."; at = path.Dir(at) {
		if doublestar.MatchUnvalidated(pattern, at) {
			return true
		}
	}
	return false
}

// readable reports whether a name can stand in an fs.FS, an argument and a
// message; a file with another name can only be left alone.
func readable(name string) bool { return fs.ValidPath(name) && checkPath(name) == "" }

func holdsManifests(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return path.Base(name) == "Kustomization"
}

// hidden reports whether a path is in a folder that does not count for this pattern.
func hidden(name, pattern string) bool {
	if strings.HasPrefix(name, ".github/") && !strings.HasPrefix(pattern+"/", ".github/") {
		return true
	}
	return slices.ContainsFunc(strings.Split(path.Dir(name), "/"), func(folder string) bool {
		return filled(folder) && !within(folder, []string{pattern})
	})
}

// filled reports whether a folder of this name holds what a tool has downloaded.
func filled(folder string) bool { return folder == "node_modules" || folder == ".terraform" }

// within reports whether one of the paths names the folder or something in it.
func within(folder string, paths []string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return slices.Contains(strings.Split(p, "/"), folder) })
}

// names is every path and every folder of the entries that a user could name.
func names(entries []entry) []string {
	seen := map[string]bool{}
	for _, e := range entries {
		if !readable(e.path) {
			continue
		}
		for at := e.path; at != "." && !seen[at]; at = path.Dir(at) {
			seen[at] = true
		}
	}
	return sortedKeys(seen)
}
