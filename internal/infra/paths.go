package infra

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Paths select the files of a repository that are read: files, folders and
// globs. The zero value selects in the whole repository.
//
// Of a folder, a glob or the whole repository only files that can hold manifests
// count: .yaml, .yml, .json, and those named Kustomization. A file that is named
// itself always counts. What is below .github counts only for a path that begins
// with it, and what is in a folder node_modules or .terraform, at any depth, only
// for a path that names such a folder: workflows name images too, and so do the charts
// and modules that tools download, but nobody deploys from there.
type Paths struct {
	patterns []string
	whole    bool // the whole repository was asked for beside the patterns
}

const hintPath = "name files, folders or globs from the root of the infra repository, with slashes: apps/web, apps/*/values.yaml, clusters/**"

// ParsePaths checks the user's paths; none, and ".", mean the whole repository.
// It fails with a fault E_INFRA_PATH for each mistake.
func ParsePaths(values []string) (Paths, error) {
	var p Paths
	var faults []error
	for _, value := range values {
		if wrong := checkPath(value); wrong != "" {
			faults = append(faults, fault.Newf("E_INFRA_PATH", hintPath, "path %q %s", value, wrong))
			continue
		}
		if !doublestar.ValidatePattern(value) {
			faults = append(faults, fault.Newf("E_INFRA_PATH", hintPath, "path %q is no valid glob", value))
			continue
		}
		clean := path.Clean(value)
		if clean == "." {
			p.whole = true
		} else if !slices.Contains(p.patterns, clean) {
			p.patterns = append(p.patterns, clean)
		}
	}
	return p, errors.Join(faults...)
}

var drive = regexp.MustCompile(`^[A-Za-z]:`)

// checkPath says what is wrong with a path below the repository's root.
func checkPath(value string) string {
	parts := strings.Split(value, "/")
	switch {
	case strings.TrimSpace(value) == "":
		return "is empty"
	case !utf8.ValidString(value):
		return "is not in UTF-8"
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "holds a control character"
	case drive.MatchString(value):
		return "begins with a drive letter"
	case strings.Contains(value, `\`):
		return "has a backslash"
	case parts[0] == "" || parts[0] == "~":
		return "is absolute"
	case slices.Contains(parts, ".."):
		return "leads out of the repository"
	case slices.ContainsFunc(parts, func(part string) bool { return strings.EqualFold(part, ".git") }):
		return "is git's own"
	}
	return ""
}

// selectFrom is the entries that p selects, in their order. It fails with a
// fault E_INFRA_PATH for each path that selects nothing.
func (p Paths) selectFrom(entries []entry) ([]entry, error) {
	chosen := make([]bool, len(entries))
	if p.whole || len(p.patterns) == 0 {
		for i, e := range entries {
			chosen[i] = e.regular() && holdsManifests(e.path) && !hidden(e.path, "") && readable(e.path)
		}
	}
	var faults []error
	for _, pattern := range p.patterns {
		if err := choose(pattern, entries, chosen); err != nil {
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

// choose marks what one pattern selects.
func choose(pattern string, entries []entry, chosen []bool) error {
	for i, e := range entries {
		if e.path == pattern && e.regular() {
			chosen[i] = true
			return nil
		}
		if e.path == pattern {
			return fault.Newf("E_INFRA_PATH", "name the file that it leads to", "path %q is a symbolic link or a submodule, which are neither read nor written", pattern)
		}
	}
	count, others := 0, 0
	for i, e := range entries {
		switch {
		case !below(pattern, e.path) || hidden(e.path, pattern):
		case e.regular() && holdsManifests(e.path) && readable(e.path):
			chosen[i] = true
			count++
		default:
			others++
		}
	}
	if count > 0 {
		return nil
	}
	if others > 0 {
		return fault.Newf("E_INFRA_PATH", "name the file itself: it is then read whatever it is called", "path %q selects no .yaml, .yml or .json file and no Kustomization", pattern)
	}
	return fault.Newf("E_INFRA_PATH", hintPath, "path %q selects nothing%s", pattern, suggest(pattern, names(entries)))
}

// below reports whether the pattern matches the path or a folder that holds it.
func below(pattern, name string) bool {
	if !strings.ContainsAny(pattern, "*?[{") {
		return strings.HasPrefix(name, pattern+"/")
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
