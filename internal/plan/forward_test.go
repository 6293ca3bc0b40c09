package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/runner"
)

func TestWhatMovesToNewerVersionsOnly(t *testing.T) {
	cases := map[string]struct {
		rule, version, existing string
		want                    ref.Tag // "" lets it move
	}{
		"an empty repository":              {"raw=latest", "v1.2.3", "", ""},
		"a newer one":                      {"raw=latest", "v1.2.3", "latest v1.2.2 v1.2.3 1.2 1", ""},
		"an older one":                     {"raw=latest", "v1.2.3", "latest v1.2.4 v1.10.0 v1.9.0", "v1.10.0"},
		"written without v":                {"raw=latest", "v1.2.3", "1.3.0", "1.3.0"},
		"the same":                         {"raw=latest", "v1.2.3", "1.2.3 v1.2.3", ""},
		"pre-releases count for nothing":   {"raw=latest", "v1.2.3", "v1.3.0-rc.1 v1.2.3-rc.1", ""},
		"a later build does":               {"raw=latest", "v0.0.417", "v0.0.417-1", "v0.0.417-1"},
		"a later build of an older one":    {"raw=latest", "v0.0.417-1", "v0.0.418", "v0.0.418"},
		"what is no version":               {"raw=latest", "v1.2.3", "pr-9 sha-0123456789ab main 20260131 2.0 v9", ""},
		"a line is about its own versions": {"semver-major-minor", "v1.2.4", "1.2 v1.2.3 v1.3.0 v1.20.0 v2.0.0", ""},
		"a line that is ahead":             {"semver-major-minor", "v1.2.4", "v1.2.10 v1.3.0", "v1.2.10"},
		"a line of majors":                 {"semver-major", "v1.2.4", "v1.3.0 v10.0.0 v2.0.0", "v1.3.0"},
		"a line with a v":                  {"type=semver,pattern=v{{major}}.{{minor}}", "v1.2.4", "v1.2.5", "v1.2.5"},
		"a variant":                        {"type=raw,value=latest,suffix=-alpine", "v1.2.3", "1.2.4-alpine latest-alpine", "1.2.4-alpine"},
		"a variant's line":                 {"type=semver,pattern={{major}}.{{minor}},prefix=web-", "v1.2.3", "web-1.2.4", "web-1.2.4"},
		"a date that is new":               {"date", "v1.2.3", "v1.2.4 20260130", ""},
		"a date that has an image":         {"date", "v1.2.3", "v1.2.4 20260131", "v1.2.4"},
		"a date that moves on":             {"date", "v1.2.3", "v1.2.2 20260131", ""},
		"a release with metadata":          {"raw=latest", "v1.2.3+4", "v2.0.0 latest", "v2.0.0"},
		"behind one with metadata":         {"raw=latest", "v1.2.3", "v2.0.0_1 latest", "v2.0.0_1"},
		"metadata makes nothing newer":     {"raw=latest", "v1.2.3+4", "v1.2.3 v1.2.3_5", ""},
		"a later build, with metadata":     {"raw=latest", "v1.2.3+4", "v1.2.3-1_1", "v1.2.3-1_1"},
		"beyond what is counted":           {"raw=latest", "v0.0.3", "v0.0.9999999999999999999", ""},
		"a prefix with the line's digits":  {"type=semver,pattern={{major}},prefix=py3-", "v3.1.0", "py3-3.2.0 py3-3", "py3-3.2.0"},
		"a suffix with the line's digits":  {"type=semver,pattern={{major}}.{{minor}},suffix=-py3.1", "v3.1.0", "3.2.0-py3.1 3.1.1-py3.1 3.1.2", "3.1.1-py3.1"},
		"another variant's":                {"type=raw,value=latest,suffix=-alpine", "v1.2.3", "1.2.4 1.2.3-alpine web-1.2.4-alpine", ""},
		"a variant's pre-release":          {"type=raw,value=latest,suffix=-alpine", "v1.2.3", "1.2.4-rc.1-alpine", ""},
		"a name that is no version's":      {"raw=edge", "v1.2.3", "v1.2.4 edge", ""},
		"a version itself":                 {"version", "v1.2.3", "v1.2.4", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := inputs(t)
			in.Tags, in.Committed = rules(t, c.rule), "2026-01-31T00:00:00Z"
			p, err := plan.Make(in, runner.Event{Name: "push", Ref: "refs/tags/" + c.version})
			if err != nil {
				t.Fatal(err)
			}
			var existing []ref.Tag
			for _, tag := range strings.Fields(c.existing) {
				existing = append(existing, ref.Tag(tag))
			}
			if got := p.Tags[0].Outdone(existing); got != c.want {
				t.Errorf("%+v: got %q, want %q", p.Tags[0], got, c.want)
			}
		})
	}
}

// A tag is compared with versions as the rules of its run write them, in any order.
func TestVersionsAreThoseThatTheRulesWrite(t *testing.T) {
	web, alpine := "type=semver,pattern={{version}},prefix=web-", "type=semver,pattern={{version}},suffix=-alpine"
	cases := map[string]struct {
		rules    string // apart from latest
		existing string
		want     ref.Tag // what keeps latest from moving to v1.2.3
		among    []string
	}{
		"as they are":            {"version", "v1.3.0 web-1.4.0", "v1.3.0", nil},
		"with a prefix":          {web, "web-1.3.0 1.4.0 web-latest", "web-1.3.0", []string{"web-*"}},
		"with a suffix":          {alpine, "1.3.0-alpine 1.4.0 1.4.0-rc.1-alpine", "1.3.0-alpine", []string{"*-alpine"}},
		"both":                   {web + "\n" + alpine, "web-1.3.0 1.4.0-alpine 1.5.0", "1.4.0-alpine", []string{"web-*", "*-alpine"}},
		"with a v":               {"type=semver,pattern=v{{version}}", "v1.3.0 1.4.0", "1.4.0", nil},
		"with a prefix and a v":  {"type=semver,pattern=web-v{{version}}", "web-v1.3.0 web-1.2.9 1.4.0", "web-v1.3.0", []string{"web-*"}},
		"as latest, and another": {"version\n" + alpine, "1.3.0 1.4.0-alpine", "1.3.0", nil},
		"not of another event":   {"version\n" + web + ",enable=false", "web-1.3.0", "", nil},
		"by no rule":             {"sha", "v1.3.0 web-1.4.0", "v1.3.0", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := inputs(t)
			in.Tags = rules(t, append([]string{"raw=latest"}, strings.Split(c.rules, "\n")...)...)
			p, err := plan.Make(in, runner.Event{Name: "push", Ref: "refs/tags/v1.2.3"})
			if err != nil {
				t.Fatal(err)
			}
			var existing []ref.Tag
			for _, tag := range strings.Fields(c.existing) {
				existing = append(existing, ref.Tag(tag))
			}
			latest := p.Tags[0]
			if got := latest.Outdone(existing); got != c.want || !slices.Equal(latest.Among, c.among) {
				t.Errorf("%+v: got %q among %q, want %q among %q", latest, got, latest.Among, c.want, c.among)
			}
		})
	}
}

// In a run that claims a number, the forms stay while it is filled in.
func TestFormsOfVersionsWithoutANumber(t *testing.T) {
	p := made(t, "push.main", "type=semver,pattern={{version}},prefix=web-", "raw=latest")
	if by := p.Names("v0.0.7")[1].Outdone([]ref.Tag{"web-0.0.8", "0.0.9", "web-0.0.7"}); by != "web-0.0.8" {
		t.Errorf("%+v gives way to %q", p.Tags[1], by)
	}
}
