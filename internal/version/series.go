// Package version gives commits their numbers in a series: v0.0.1, v0.0.2, and so
// on. A number is claimed by creating a git tag, which only one can do, and never
// guessed from what was seen.
//
// The rules are pure; a Store is where tags are listed and created. The package
// builds nothing, pushes no image, and never moves or deletes a tag.
package version

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Series is the fixed part of versions that are counted: v0.0 for v0.0.1,
// v0.0.2 and so on. The zero value is v0.0. Two series are the same if they are ==.
type Series struct {
	bare         bool // written without v
	major, minor uint32
}

var seriesForm = pattern.New(`^(v?)(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$`)

// ParseSeries reads vX.Y, or X.Y for versions without v; "" is v0.0. It fails
// with E_SERIES.
func ParseSeries(s string) (Series, error) {
	if s == "" {
		return Series{}, nil
	}
	parts := seriesForm.FindStringSubmatch(s)
	if parts == nil {
		return Series{}, fault.Newf("E_SERIES", "write vX.Y, such as v0.0 or v2.1; the third number is the one that is counted", "%q is no series of versions", s)
	}
	major, _ := strconv.ParseUint(parts[2], 10, 32) // nine digits fit
	minor, _ := strconv.ParseUint(parts[3], 10, 32)
	return Series{bare: parts[1] == "", major: uint32(major), minor: uint32(minor)}, nil
}

// String is the series as it is written: v0.0.
func (s Series) String() string {
	v := "v"
	if s.bare {
		v = ""
	}
	return fmt.Sprintf("%s%d.%d", v, s.major, s.minor)
}

// Number is N in v0.0.N. Numbers that are given begin with 1.
type Number uint64

// Tag is the version with this number.
func (s Series) Tag(n Number) ref.Tag {
	return ref.Tag(fmt.Sprintf("%s.%d", s, n))
}

// Number is N of a tag that is exactly v0.0.N. Anything else is no member of the
// series: v0.0, v0.0.08, and numbers beyond 63 bits.
func (s Series) Number(tag string) (n Number, member bool) {
	digits, ok := strings.CutPrefix(tag, s.String()+".")
	if !ok || digits == "" || len(digits) > 1 && digits[0] == '0' || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	value, err := strconv.ParseUint(digits, 10, 63)
	return Number(value), err == nil
}

// suffixForm is what semver allows behind a number: v0.0.417-1 is an emergency
// build that somebody numbered by hand.
var suffixForm = pattern.New(`^-[0-9A-Za-z][0-9A-Za-z.-]*$`)

// uses is the number that a tag takes out of the series: that of a member, of
// v0.0.417-1, and of v0.0.417/x, beside which git cannot hold a tag v0.0.417.
func (s Series) uses(tag string) (n Number, ok bool) {
	if folder, _, below := strings.Cut(tag, "/"); below {
		return s.Number(folder)
	}
	if cut := strings.IndexByte(tag, '-'); cut >= 0 && suffixForm.MatchString(tag[cut:]) {
		tag = tag[:cut]
	}
	return s.Number(tag)
}

// after is the version that comes after a number. It fails with E_SERIES where that
// is the highest that there can be.
func (s Series) after(n Number) (ref.Tag, error) {
	next := s.Tag(n + 1)
	if _, member := s.Number(string(next)); !member {
		return "", fault.Newf("E_SERIES", hintUsedUp, "no number of series %s comes after %d", s, n)
	}
	return next, nil
}

const hintUsedUp = "choose another `series`, or delete the tag with that number if it was a mistake"
