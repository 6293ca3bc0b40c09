package version

import (
	"path"
	"slices"

	"golang.org/x/mod/semver"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Highest is the highest version among the tags of an image, by the rules of
// Newer. glob, in the syntax of path.Match, says which tags count; "" is all that
// are no pre-releases. Tags that are no versions never count. Of two spellings of
// one version (1.2.3, v1.2.3) it is the one with v.
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
	if _, ok := Newer(tag, tag); !ok {
		return false
	}
	if glob != "" {
		match, _ := path.Match(glob, string(tag)) // the pattern was seen to be one
		return match
	}
	canonical, _ := complete(string(tag))
	_, again := rebuild(canonical)
	return again || semver.Prerelease(canonical) == ""
}
