package cli

import (
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/version"
)

// commitTag is the tag of a commit, as Tagboat gives it.
var commitTag = pattern.New(`^sha-[0-9a-f]{7,64}$`)

// promotedTags are tags by their names, with what may become of them; had is the
// tag that the image has already, or "".
func promotedTags(names []ref.Tag, had ref.Tag) (all []plan.Tag) {
	release := ""
	for _, name := range append(names[:len(names):len(names)], had) {
		if release == "" && version.IsRelease(name) {
			release = string(name)
		}
	}
	for _, name := range names {
		all = append(all, promotedTag(name, release))
	}
	return all
}

// promotedTag tells a tag's kind by its looks; release is the version that the
// image is, or "".
func promotedTag(name ref.Tag, release string) plan.Tag {
	t := plan.Tag{Name: name, Kind: "raw", Reason: "asked for"}
	line, of := strings.TrimPrefix(string(name), "v"), strings.TrimPrefix(release, "v")
	_, comparable := version.Newer(name, name)
	switch {
	case comparable:
		t.Kind, t.Immutable, t.Reason = "version", true, "a version, which is never overwritten"
	case commitTag.MatchString(string(name)):
		t.Kind, t.Immutable, t.Reason = "sha", true, "that of a commit, which stays with the image that had it first"
	case release == "":
	case name == "latest":
		t.Follows = release
	case strings.HasPrefix(of, line+".") && strings.Count(line, ".") == 1:
		t.Kind, t.Follows = "semver-major-minor", release
	case strings.HasPrefix(of, line+"."):
		t.Kind, t.Follows = "semver-major", release
	}
	if t.Follows != "" {
		t.Reason = "moves to newer versions only"
	}
	return t
}
