package plan

import (
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/version"
)

// Outdone is the newest version among the tags of a repository that keeps this
// tag from moving to the version that it follows; "" where it may move. 1.2 gives
// way to versions 1.2.x only, and nothing does to a pre-release. A date that no
// image has yet is given in any case.
func (t Tag) Outdone(existing []ref.Tag) (by ref.Tag) {
	if t.Follows == "" || t.Kind == "date" && !slices.Contains(existing, t.Name) {
		return ""
	}
	before, line, after := t.parts()
	newest := ref.Tag(t.Follows)
	for _, tag := range existing {
		text := strings.TrimSuffix(strings.TrimPrefix(string(tag), before), after)
		_, prerelease, ok := version.ParseRelease(text, "")
		if !ok || prerelease || !strings.HasPrefix(strings.TrimPrefix(text, "v"), line) {
			continue
		}
		if newer, _ := version.Newer(ref.Tag(text), newest); newer {
			by, newest = tag, ref.Tag(text)
		}
	}
	return by
}

// parts are what stands around a tag that follows versions, since 1.2.3-alpine
// stands beside latest-alpine, and how the versions begin that it may hold.
func (t Tag) parts() (before, line, after string) {
	numbers := strings.SplitN(strings.TrimPrefix(t.Follows, "v"), ".", 3)
	core := "latest"
	switch t.Kind {
	case "date":
		return "", "", ""
	case "semver-major":
		core, line = numbers[0], numbers[0]+"."
	case "semver-major-minor":
		core = strings.Join(numbers[:min(len(numbers), 2)], ".")
		line = core + "."
	}
	before, after, _ = strings.Cut(string(t.Name), core)
	return before, line, after
}
