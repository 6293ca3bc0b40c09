package plan_test

import (
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
)

func TestAForbiddenTagIsNeverDeployed(t *testing.T) {
	cases := map[string]struct {
		event, rules, globs string
		forbidden           bool
	}{
		"a name":                            {"push.main", "raw=latest", "main latest", true},
		"a glob":                            {"push.main", "raw=edge-2", "edge-*", true},
		"a branch":                          {"push.main", "branch", "main", true},
		"a part of it is another tag":       {"push.main", "raw=latest-2", "latest", false},
		"what is pushed beside the version": {"push.main", "version raw=latest", "latest", false},
		"a pull request deploys nothing":    {"pull_request.opened", "pr", "pr-*", false},
		"a number that is not claimed yet":  {"push.main", "version", "v0.*", true},
		"a set, of the number":              {"push.main", "version", "v0.0.[0-9]", true},
		"another series":                    {"push.main", "version", "v1.*", false},
		"a version that is given":           {"push.tag-version", "version", "v1.2.*", true},
		"the letter N is no number":         {"push.main", "version", "v0.0.N", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := inputs(t)
			var err error
			if in.Tags, err = plan.ParseRules(strings.Fields(c.rules)); err != nil {
				t.Fatal(err)
			}
			in.Bump.ForbidTags = strings.Fields(c.globs)
			if err := plan.CheckGlobs(in.Bump.ForbidTags); err != nil {
				t.Fatal(err)
			}
			p, err := plan.Make(in, event(t, c.event))
			if fault.Is(err, "E_TAG_FORBIDDEN") != c.forbidden || !c.forbidden && err != nil {
				t.Errorf("tags %v: got %v", p.Tags, err)
			}
		})
	}
}

func TestAForbiddenBuildOfAnOldNumber(t *testing.T) {
	for suffix, globs := range map[string]map[string]bool{
		"v0.0.417":   {"v0.0.417-*": true, "v0.0.417-[0-9]": true, "v0.0.417-N": false, "v0.0.[0-9]": false},
		"v0.0.417-2": {"v0.0.417-*": true, "v0.0.417-2": true, "v0.0.417-1": false, "v0.0.417-2?": false},
	} {
		for glob, forbidden := range globs {
			in := inputs(t)
			in.Claim.Suffix, in.Bump.ForbidTags = suffix, []string{glob}
			if _, err := plan.Make(in, event(t, "push.main")); fault.Is(err, "E_TAG_FORBIDDEN") != forbidden || !forbidden && err != nil {
				t.Errorf("%s, and %s is forbidden: got %v", suffix, glob, err)
			}
		}
	}
}

func TestForbiddenTagsWithoutAnInfraRepository(t *testing.T) {
	in := inputs(t)
	in.Bump = plan.Bump{ForbidTags: []string{"*"}}
	if _, err := plan.Make(in, event(t, "push.main")); err != nil {
		t.Error(err)
	}
}

func TestPermits(t *testing.T) {
	b := plan.Bump{Repository: "acme/infra", ForbidTags: []string{"pr-*", "v0.0.1?"}}
	for tag, want := range map[ref.Tag]bool{"pr-7": false, "v0.0.13": false, "v0.0.1": true, "v0.0.130": true, "xpr-7": true, "": true} {
		if err := b.Permits(tag); (err == nil) != want || err != nil && !fault.Is(err, "E_TAG_FORBIDDEN") {
			t.Errorf("%q: got %v", tag, err)
		}
	}
}

func TestAGlobThatForbidsNothingIsAMistake(t *testing.T) {
	for _, glob := range []string{"", " ", "[", "[a", "a[]", `a\`, "pr-*,main", "ghcr.io/acme/web:pr-*", "{main,latest}", "[!v]*", "^v0+$", "pr 7"} {
		if err := plan.CheckGlobs([]string{"main", glob}); !fault.Is(err, "E_INPUT") {
			t.Errorf("%q: got %v", glob, err)
		}
	}
	if err := plan.CheckGlobs([]string{"pr-*", "v[0-9].*", "[^v]*", `a\*`, "?", "_x"}); err != nil {
		t.Error(err)
	}
}
