package version

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// CheckSuffix holds a suffix to its form: v0.0.417, or v0.0.417-2; "" is none. It
// fails with E_SERIES.
func (s Series) CheckSuffix(suffix string) error {
	if _, _, ok := s.build(suffix); suffix != "" && !ok {
		return fault.Newf("E_SERIES", fmt.Sprintf("write the number that is built once more, such as %s.417, or the very version, such as %s.417-2", s, s),
			"suffix: %q is no number of the series %s", suffix, s)
	}
	return nil
}

// build reads v0.0.417-2, the second further build of v0.0.417; of v0.0.417 itself
// the build is 0.
func (s Series) build(tag string) (of ref.Tag, build Number, ok bool) {
	base, digits, suffixed := strings.Cut(tag, "-")
	if _, member := s.Number(base); !member {
		return "", 0, false
	}
	if !suffixed {
		return ref.Tag(base), 0, true
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	return ref.Tag(base), Number(n), err == nil && n > 0 && strconv.FormatUint(n, 10) == digits
}

// ownBuild is the further build of a number that the commit has: the one that is
// asked for, or else the newest.
func (c *claim) ownBuild(versions map[ref.Tag]held) (mine held, found bool) {
	base, wanted, _ := c.request.Series.build(c.request.Suffix)
	newest := Number(0)
	for tag, h := range versions {
		of, build, ok := c.request.Series.build(string(tag))
		if !ok || of != base || h.commit != c.request.Commit || wanted != 0 && build != wanted {
			continue
		}
		if build > newest {
			mine, newest, found = h, build, true
		}
	}
	return mine, found
}

// nextBuild claims the next further build of an old number. It moves no series:
// the number has to be there.
func (c *claim) nextBuild(versions map[ref.Tag]held) ([]git.Update, error) {
	base, build, _ := c.request.Series.build(c.request.Suffix)
	_, known := versions[base]
	taken := map[Number]string{} // by whom
	highest := Number(0)
	note := func(tag ref.Tag, by string) {
		of, n, ok := c.request.Series.build(string(tag))
		if ok && of == base {
			known = true
			if n > 0 {
				highest, taken[n] = max(highest, n), by
			}
		}
	}
	for _, tag := range c.request.Existing {
		note(tag, "an image in a registry")
	}
	for tag, h := range versions {
		note(tag, "commit "+h.commit)
	}
	switch by := taken[build]; {
	case !known:
		return nil, fault.Newf("E_VERSION_UNKNOWN", "a suffix is for a number that there is; leave it out for a new one",
			"%s cannot be built once more: neither the repository nor a registry has it", base)
	case build == 0:
		build = highest + 1
	case by != "":
		return nil, fault.Newf("E_VERSION_TAKEN", fmt.Sprintf("ask for `suffix: %s`, which takes the next one", base),
			"%s-%d is that of %s", base, build, by)
	}
	c.tried = ref.Tag(fmt.Sprintf("%s-%d", base, build))
	return []git.Update{{Ref: c.request.ref(c.tried, c.request.Hidden), New: c.request.Commit}}, nil
}
