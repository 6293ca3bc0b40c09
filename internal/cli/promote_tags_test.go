package cli

import (
	"testing"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
)

func TestWhatBecomesOfATagIsToldByItsLooks(t *testing.T) {
	for name, test := range map[string]struct {
		tag, among, had ref.Tag
		rule            registry.Rule
		follows         string
	}{
		"a version":                                {tag: "v0.0.8", rule: registry.Fixed},
		"without v":                                {tag: "1.2.3", rule: registry.Fixed},
		"a pre-release":                            {tag: "v1.2.3-rc.1", rule: registry.Fixed},
		"built once more":                          {tag: "v0.0.417-1", rule: registry.Fixed},
		"a commit":                                 {tag: "sha-1a2b3c4d5e6f", rule: registry.Fixed},
		"a pull request":                           {tag: "pr-7", rule: registry.Moves},
		"an environment":                           {tag: "production", among: "v1.2.3", rule: registry.Moves},
		"latest with a version":                    {tag: "latest", among: "v0.0.8", follows: "v0.0.8"},
		"latest of a version":                      {tag: "latest", had: "v0.0.8", follows: "v0.0.8"},
		"latest of a pre-release":                  {tag: "latest", among: "v1.0.0-rc.1", follows: "v1.0.0-rc.1"},
		"a line of a pre-release":                  {tag: "1.0", among: "v1.0.0-rc.1", follows: "v1.0.0-rc.1"},
		"of a version that a pre-release becomes":  {tag: "latest", among: "v1.0.0", had: "v1.0.0-rc.1", follows: "v1.0.0"},
		"of an older version that another becomes": {tag: "latest", among: "v1.0.0", had: "v2.0.0", follows: "v1.0.0"},
		"latest of anything":                       {tag: "latest", had: "pr-7"},
		"a line":                                   {tag: "1.2", among: "v1.2.3", follows: "v1.2.3"},
		"a line with v":                            {tag: "v1", among: "v1.2.3", follows: "v1.2.3"},
		"another line":                             {tag: "1.1", among: "v1.2.3"},
		"half a number":                            {tag: "1.2", among: "v1.20.3"},
	} {
		t.Run(name, func(t *testing.T) {
			names := []ref.Tag{test.tag}
			if test.among != "" {
				names = append(names, test.among)
			}
			got := promotedTags(names, test.had)[0]
			if got.Name != test.tag || promotedRule(got) != test.rule || got.Follows != test.follows {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestOfSeveralVersionsATagFollowsTheNewestThatFits(t *testing.T) {
	tags := promotedTags([]ref.Tag{"latest", "1", "1.2", "v1.2.0", "v2.0.0", "v1.3.0"}, "v9.0.0")
	for i, want := range []string{"v2.0.0", "v1.3.0", "v1.2.0"} {
		if tags[i].Follows != want {
			t.Errorf("%s follows %q, want %s", tags[i].Name, tags[i].Follows, want)
		}
	}
}

func TestACandidateGivesWayToNewerCandidates(t *testing.T) {
	tag := promotedTags([]ref.Tag{"latest", "v2.0.0-rc.1"}, "")[0]
	if by := tag.Outdone([]ref.Tag{"v2.0.0-rc.2", "v1.0.0"}); by != "v2.0.0-rc.2" {
		t.Errorf("%q keeps latest where it is, want v2.0.0-rc.2", by)
	}
	if by := tag.Outdone([]ref.Tag{"v1.9.0", "v2.0.0-alpha"}); by != "" {
		t.Errorf("%s keeps latest where it is", by)
	}
}

func TestOfALineOnlyItsVersionsCount(t *testing.T) {
	tag := promotedTags([]ref.Tag{"1.2", "v1.2.3"}, "")[0]
	if by := tag.Outdone([]ref.Tag{"v1.3.0", "v2.0.0"}); by != "" {
		t.Errorf("%s keeps 1.2 where it is", by)
	}
	if by := tag.Outdone([]ref.Tag{"v1.2.4"}); by != "v1.2.4" {
		t.Errorf("%q keeps 1.2 where it is, want v1.2.4", by)
	}
}
