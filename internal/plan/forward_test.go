package plan_test

import (
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
