package infra

import (
	"errors"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
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
//
// What is excluded, by files, folders and globs as well, is never selected.
type Paths struct {
	patterns []string // "." is the whole repository
	excluded []string
}

const hintPath = "name files, folders or globs from the root of the infra repository, with slashes: apps/web, apps/*/values.yaml, clusters/**"

// ParsePaths checks the user's paths, those of the inputs infra-paths and
// exclude. Nothing to include, and ".", mean the whole repository. It fails with
// a fault E_INFRA_PATH for each mistake.
func ParsePaths(include, exclude []string) (Paths, error) {
	patterns, wrong := parseList("path", "infra-paths", include)
	excluded, alsoWrong := parseList("excluded path", "exclude", exclude)
	return Paths{patterns: patterns, excluded: excluded}, errors.Join(wrong, alsoWrong)
}

// parseList checks the paths of one input; what is one of them, for messages.
func parseList(what, input string, values []string) ([]string, error) {
	var patterns []string
	var faults []error
	for _, value := range values {
		wrong := checkPath(value)
		if wrong == "" && !doublestar.ValidatePattern(value) {
			wrong = "is no valid glob"
		}
		if wrong != "" {
			faults = append(faults, fault.Newf("E_INFRA_PATH", "in `"+input+"`, "+hintPath, "%s %q %s", what, value, wrong))
			continue
		}
		if clean := path.Clean(value); !slices.Contains(patterns, clean) {
			patterns = append(patterns, clean)
		}
	}
	return patterns, errors.Join(faults...)
}

var drive = pattern.New(`^[A-Za-z]:`)

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
