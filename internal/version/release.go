package version

import (
	"strconv"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// ParseRelease reads the version that a pushed tag or a release names: v1.2.3 or
// 1.2.3, behind prefix if there is one (cms/v1.2.3). The version comes back as it
// is written, without the prefix; prerelease tells v1.2.3-rc.1 from v1.2.3, and
// from v1.2.3-1, which is a later build of it, as for Newer.
//
// Build metadata begins with +, which image tags cannot hold: it becomes _, as
// in Helm. That is no semver anymore, so v1.2.3+4 cannot be taken for the later
// build v1.2.3-4.
func ParseRelease(tag, prefix string) (version string, prerelease, ok bool) {
	version, ok = strings.CutPrefix(tag, prefix)
	if !ok {
		return "", false, false
	}
	canonical, ok := complete(version)
	if !ok {
		return "", false, false
	}
	_, again := rebuild(canonical)
	return strings.Replace(version, "+", "_", 1), semver.Prerelease(canonical) != "" && !again, true
}

// complete is the version with the v that semver wants. It reports whether all
// three numbers are there: v1 and v1.2 are versions for semver, and are completed
// by Canonical, but as tags they float, and name no release. A number beyond 63
// bits makes no version, as it makes no member of a series: nothing would ever
// come after it.
func complete(version string) (canonical string, ok bool) {
	canonical = "v" + strings.TrimPrefix(version, "v")
	if !semver.IsValid(canonical) || semver.Canonical(canonical)+semver.Build(canonical) != canonical {
		return canonical, false
	}
	numbers, _, _ := strings.Cut(strings.TrimSuffix(canonical[1:], semver.Build(canonical)), "-")
	for number := range strings.SplitSeq(numbers, ".") {
		if _, err := strconv.ParseUint(number, 10, 63); err != nil {
			return canonical, false
		}
	}
	return canonical, true
}

// ofTag is the version that an image's tag names, with the v that semver wants and
// without build metadata, which stands behind _ there.
func ofTag(tag ref.Tag) (v string, ok bool) {
	if strings.Contains(string(tag), "+") {
		return "", false
	}
	canonical, ok := complete(strings.Replace(string(tag), "_", "+", 1))
	return strings.TrimSuffix(canonical, semver.Build(canonical)), ok
}

// IsRelease reports whether an image's tag is a version that is no pre-release,
// with nothing around it.
func IsRelease(tag ref.Tag) bool {
	v, ok := ofTag(tag)
	_, again := rebuild(v)
	return ok && (again || semver.Prerelease(v) == "")
}

// Newer reports whether version a comes after version b, by the precedence of
// semver 2.0.0, but that a number alone behind a version tells a later build of
// it: v0.0.417 is before v0.0.417-1, that before v0.0.417-2, and v0.0.418 after
// them all, while v1.2.3-rc.1 is before v1.2.3. A v in front does not matter, nor
// does build metadata: of v1.2.3, v1.2.3_4 and v1.2.3_5 none is newer. ok is
// false, and newer with it, unless both are vX.Y.Z or X.Y.Z, with or without such
// suffixes: of other tags it cannot be told.
func Newer(a, b ref.Tag) (newer, ok bool) {
	one, oneOK := ofTag(a)
	two, twoOK := ofTag(b)
	if !oneOK || !twoOK {
		return false, false
	}
	oneOf, oneAgain := rebuild(one)
	twoOf, twoAgain := rebuild(two)
	if order := semver.Compare(oneOf, twoOf); order != 0 {
		return order > 0, true
	}
	if oneAgain && twoAgain {
		return semver.Compare(one, two) > 0, true
	}
	return oneAgain && !twoAgain, true
}

// rebuild is the version that v is a later build of, or v itself.
func rebuild(v string) (of string, again bool) {
	suffix := semver.Prerelease(v)
	if suffix == "" || strings.Trim(suffix[1:], "0123456789") != "" {
		return v, false
	}
	return strings.TrimSuffix(v, suffix), true
}
