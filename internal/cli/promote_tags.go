package cli

import (
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/version"
)

// commitTag is the tag of a commit, as Tagboat gives it.
var commitTag = pattern.New(`^sha-[0-9a-f]{7,64}$`)

// promotedTags are tags by their names, with what may become of them; had is the
// tag that the image has already, or "". The versions of the image, which others
// follow, are those among the names, or else that one.
func promotedTags(names []ref.Tag, had ref.Tag) (all []plan.Tag) {
	versions := slices.DeleteFunc(slices.Clone(names), func(name ref.Tag) bool { return !isVersion(name) })
	if len(versions) == 0 && isVersion(had) {
		versions = []ref.Tag{had}
	}
	for _, name := range names {
		all = append(all, promotedTag(name, versions))
	}
	return all
}

// promotedTag tells a tag's kind by its looks.
func promotedTag(name ref.Tag, versions []ref.Tag) plan.Tag {
	t := plan.Tag{Name: name, Kind: "raw", Reason: "asked for"}
	line := strings.TrimPrefix(string(name), "v") + "."
	switch {
	case isVersion(name):
		t.Kind, t.Immutable, t.Reason = "version", true, "a version, which is never overwritten"
	case commitTag.MatchString(string(name)):
		t.Kind, t.Immutable, t.Reason = "sha", true, "that of a commit, which is never overwritten"
	case name == "latest":
		t.Follows = newest(versions, "")
	default:
		if t.Follows = newest(versions, line); t.Follows != "" {
			t.Kind = "semver-major"
			if strings.Count(line, ".") == 2 {
				t.Kind = "semver-major-minor"
			}
		}
	}
	if t.Follows != "" {
		t.Reason = "moves to newer versions only"
	}
	return t
}

// newest is the newest of the versions that begin with a line, such as 1.2. with
// or without a v; "" where none does.
func newest(versions []ref.Tag, line string) (found string) {
	for _, v := range versions {
		if !strings.HasPrefix(strings.TrimPrefix(string(v), "v"), line) {
			continue
		}
		if newer, _ := version.Newer(v, ref.Tag(found)); found == "" || newer {
			found = string(v)
		}
	}
	return found
}

// promotedRule is what a tag's kind means for a registry: one that means one image
// is never another one, also that of a commit, since it is this very image that is
// asked for.
func promotedRule(t plan.Tag) registry.Rule {
	if t.Immutable {
		return registry.Fixed
	}
	return registry.Moves
}
