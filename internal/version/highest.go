package version

import (
	"path"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Highest is the highest version among the tags of an image, by the rules of
// Newer. glob, in the syntax of path.Match, says which tags count; "" is all. A
// pre-release counts only where the glob has a - of its own, as in *-rc.* and
// v1.*-alpine, and not in v1.*; a version with build metadata only where it has a
// _. Tags that are no versions never count. Of two spellings of one version
// (1.2.3, v1.2.3) it is the one with v.
//
// It fails with E_VERSION_NONE where none is left, and with E_INPUT for a glob
// that is none.
func Highest(tags []ref.Tag, glob string) (ref.Tag, error) {
	if _, err := path.Match(glob, ""); err != nil {
		return "", fault.Newf("E_INPUT", "write a glob of what the whole tag looks like, such as v1.* or *-alpine", "%q is no pattern of tags", glob)
	}
	highest, found := ref.Tag(""), false
	for _, tag := range slices.Backward(slices.Sorted(slices.Values(tags))) { // v1.2.3 is before 1.2.3 this way round
		if !counts(tag, glob) {
			continue
		}
		if newer, _ := Newer(tag, highest); !found || newer {
			highest, found = tag, true
		}
	}
	if !found {
		which := "that is no pre-release"
		if glob != "" {
			which = "that looks like " + glob
		}
		return "", fault.Newf("E_VERSION_NONE", "see which tags the image has; a pattern may name pre-releases, too, such as v1.2.3-*",
			"none of %d tags is a version %s", len(tags), which)
	}
	return highest, nil
}

// counts reports whether a tag is one of the versions that are looked for.
func counts(tag ref.Tag, glob string) bool {
	_, ok := Newer(tag, tag)
	match, _ := path.Match(glob, string(tag)) // the pattern was seen to be one
	if !ok || glob != "" && !match || !IsRelease(tag) && !names(glob, "-") {
		return false
	}
	return names(glob, "_") || !strings.Contains(string(tag), "_")
}

// special is what does not stand for itself in a glob: a class, in which - is for
// a range, and what is escaped.
var special = pattern.New(`\\.|\[(\\.|[^\]\\])*\]`)

// names reports whether a glob has a character of its own.
func names(glob, char string) bool {
	return strings.Contains(special.ReplaceAllString(glob, ""), char) || strings.Contains(glob, `\`+char)
}
