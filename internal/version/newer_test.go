package version_test

import (
	"testing"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/version"
)

func TestNewer(t *testing.T) {
	for name, test := range map[string]struct {
		older, newer ref.Tag
	}{
		"patch, by number":           {"v0.0.9", "v0.0.10"},
		"minor":                      {"v0.9.9", "v0.10.0"},
		"major":                      {"v9.0.0", "v10.0.0"},
		"without v":                  {"1.2.3", "1.2.4"},
		"v of the older alone":       {"v1.2.3", "1.2.4"},
		"v of the newer alone":       {"1.2.3", "v1.2.4"},
		"pre-release and release":    {"v1.2.3-rc.1", "v1.2.3"},
		"pre-releases, by number":    {"v1.2.3-rc.9", "v1.2.3-rc.10"},
		"pre-releases, by name":      {"v1.2.3-alpha", "v1.2.3-beta"},
		"pre-release of a later one": {"v1.2.3", "v1.2.4-rc.1"},
		"rebuild and the next":       {"v0.0.417-1", "v0.0.418"},
		"rebuilds, by number":        {"v0.0.417-2", "v0.0.417-10"},
		"rebuild and what it is of":  {"v0.0.417", "v0.0.417-1"},
		"rebuild numbered 0":         {"v0.0.417", "v0.0.417-0"},
		"rebuild and a pre-release":  {"v0.0.417-rc.1", "v0.0.417-1"},
		"numbers after a point":      {"v0.0.417-1.2", "v0.0.417"},
		"a number and letters":       {"v0.0.417-1a", "v0.0.417"},
		"rebuild beyond 64 bits":     {"v0.0.417-9223372036854775807", "v0.0.417-99999999999999999999"},
		"rebuild without v":          {"v0.0.417", "0.0.417-1"},
		"rebuild and one before":     {"v0.0.416", "v0.0.417-1"},
		"up to 63 bits":              {"v0.0.9223372036854775806", "v0.0.9223372036854775807"},
		"with build metadata":        {"v1.2.3_4", "v1.2.4"},
		"both with build metadata":   {"v1.2.3_9", "v1.2.4_1"},
		"rebuild, with metadata":     {"v1.2.3_9", "v1.2.3-1_1"},
		"rebuilds, with metadata":    {"v1.2.3-2_9", "1.2.3-10_1"},
		"pre-release, with metadata": {"v1.2.3-rc.1_9", "v1.2.3_1"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, pair := range []struct {
				a, b  ref.Tag
				newer bool
			}{
				{test.newer, test.older, true}, {test.older, test.newer, false},
				{test.newer, test.newer, false}, {test.older, test.older, false},
			} {
				if newer, ok := version.Newer(pair.a, pair.b); newer != pair.newer || !ok {
					t.Errorf("%s, %s: got %t, %t", pair.a, pair.b, newer, ok)
				}
			}
		})
	}
}

func TestNewerOfOtherTags(t *testing.T) {
	for _, tag := range []ref.Tag{
		"", "latest", "main", "v1", "v1.2", "1.2", "v1.2.3.4", "v01.2.3", "vv1.2.3", "v1.2.3-", "v1.2.3-01",
		"v1.2.3_", "v1.2_3", "v1.2.3_4_5", "v1.2.3+4", "20260101", "abc1234", "web-1.2.3",
		"v0.0.9223372036854775808", "v0.0.99999999999999999999", "v0.9999999999999999999.1", "9999999999999999999.0.0-rc.1_4",
	} {
		for _, pair := range [][2]ref.Tag{{tag, "v1.2.3"}, {"v1.2.3", tag}, {tag, tag}} {
			if newer, ok := version.Newer(pair[0], pair[1]); newer || ok {
				t.Errorf("%q, %q: got %t, %t", pair[0], pair[1], newer, ok)
			}
		}
	}
}

func TestNeitherIsNewer(t *testing.T) {
	for name, same := range map[string][]ref.Tag{
		"with and without v":               {"v1.2.3", "1.2.3"},
		"what differs by build metadata":   {"v1.2.3", "v1.2.3_4", "v1.2.3_5", "1.2.3_a.b-c"},
		"later builds that differ by it":   {"v1.2.3-1", "v1.2.3-1_4", "1.2.3-1_5"},
		"pre-releases that differ by it":   {"v1.2.3-rc.1", "v1.2.3-rc.1_4"},
		"what is written in the same way":  {"v1.2.3_4", "v1.2.3_4"},
		"metadata that looks like numbers": {"v1.2.3_9.9.9", "v1.2.3_1.2.3"},
	} {
		for _, a := range same {
			for _, b := range same {
				if newer, ok := version.Newer(a, b); newer || !ok {
					t.Errorf("%s: %s, %s: got %t, %t", name, a, b, newer, ok)
				}
			}
		}
	}
}

func TestIsRelease(t *testing.T) {
	for tag, want := range map[ref.Tag]bool{
		"v1.2.3": true, "1.2.3": true, "v1.2.3_4": true, "v0.0.417-1": true, "v0.0.417-1_4": true,
		"v1.2.3-rc.1": false, "v1.2.3-rc.1_4": false, "1.2.3-alpine": false, "1.2": false, "latest": false, "": false,
		"v1.2.3+4": false, "web-1.2.3": false, "v0.0.9223372036854775807": true, "v0.0.9223372036854775808": false,
	} {
		if got := version.IsRelease(tag); got != want {
			t.Errorf("%s: got %t", tag, got)
		}
	}
}

// What comes before the version that it names is a pre-release of it; what comes
// after it is a later build, and a release.
func TestWhatIsAPrereleaseIsOlder(t *testing.T) {
	for tag, prerelease := range map[string]bool{
		"v0.0.417": false, "v0.0.417-1": false, "v0.0.417-0": false, "0.0.417-12": false, "v0.0.417-99999999999999999999": false,
		"v0.0.417-rc.1": true, "v0.0.417-rc1": true, "v0.0.417-alpha": true, "0.0.417-1a": true, "v0.0.417-1.2": true, "v0.0.417--1": true,
	} {
		got, pre, ok := version.ParseRelease("cms/"+tag, "cms/")
		if got != tag || pre != prerelease || !ok {
			t.Errorf("%s is read as %q, %t, %t", tag, got, pre, ok)
		}
		if older, ok := version.Newer("v0.0.417", ref.Tag(tag)); older != prerelease || !ok {
			t.Errorf("v0.0.417 is newer than %s: %t, %t", tag, older, ok)
		}
	}
	for tag, prerelease := range map[string]bool{"v1.2.3-1+abc": false, "v1.2.3-rc.1+1": true, "v1.2.3+1": false} {
		if _, pre, ok := version.ParseRelease(tag, ""); pre != prerelease || !ok {
			t.Errorf("%s: got %t, %t", tag, pre, ok)
		}
	}
}
