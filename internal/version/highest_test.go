package version_test

import (
	"math/rand/v2"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/version"
)

func TestHighest(t *testing.T) {
	for name, test := range map[string]struct {
		tags []ref.Tag
		glob string
		want ref.Tag
		code string
	}{
		"by number, not name":       {tags: []ref.Tag{"v0.0.9", "v0.0.10", "v0.0.1"}, want: "v0.0.10"},
		"a later build":             {tags: []ref.Tag{"v0.0.9", "v0.0.9-1", "v0.0.8-7"}, want: "v0.0.9-1"},
		"no pre-release":            {tags: []ref.Tag{"v1.0.0", "v1.1.0-rc.1"}, want: "v1.0.0"},
		"unless it is asked for":    {tags: []ref.Tag{"v1.0.0", "v1.1.0-rc.1", "v1.1.0-rc.2"}, glob: "*-rc.*", want: "v1.1.0-rc.2"},
		"a pattern":                 {tags: []ref.Tag{"v1.4.0", "v1.20.1", "v2.0.0"}, glob: "v1.*", want: "v1.20.1"},
		"not all are versions":      {tags: []ref.Tag{"latest", "pr-99", "sha-0123", "v1", "v1.2", "v0.0.08", "0.3.0"}, want: "0.3.0"},
		"two spellings":             {tags: []ref.Tag{"1.2.3", "v1.2.3"}, want: "v1.2.3"},
		"what others keep there":    {tags: []ref.Tag{"sha256-abc.sig", "v0.0.1", "v0.0.2_build"}, want: "v0.0.1"},
		"none":                      {code: "E_VERSION_NONE"},
		"none that is a version":    {tags: []ref.Tag{"latest"}, code: "E_VERSION_NONE"},
		"none of that look":         {tags: []ref.Tag{"v1.0.0"}, glob: "v2.*", code: "E_VERSION_NONE"},
		"a pattern that is none":    {tags: []ref.Tag{"v1.0.0"}, glob: "v[1", code: "E_INPUT"},
		"pre-releases and nothing":  {tags: []ref.Tag{"v1.0.0-alpha"}, code: "E_VERSION_NONE"},
		"beyond what is counted":    {tags: []ref.Tag{"v0.0.9999999999999999999", "v0.0.3"}, want: "v0.0.3"},
		"a pattern asks for none":   {tags: []ref.Tag{"v1.2.0", "v1.3.0-rc.1"}, glob: "v1.*", want: "v1.2.0"},
		"nor does one for all":      {tags: []ref.Tag{"1.2.0", "1.3.0-alpine"}, glob: "*", want: "1.2.0"},
		"nor does a range":          {tags: []ref.Tag{"v1.2.0", "v1.3.0-rc.1"}, glob: "v1.[0-9].*", want: "v1.2.0"},
		"a range, and pre-releases": {tags: []ref.Tag{"v1.2.0", "v1.3.0-rc.1"}, glob: "v1.[0-9].*-rc.*", want: "v1.3.0-rc.1"},
		"an escaped one is named":   {tags: []ref.Tag{"v1.2.0", "v1.3.0-rc.1"}, glob: `v1.*[\-]*`, want: "v1.3.0-rc.1"},
		"a pattern of a variant":    {tags: []ref.Tag{"1.2.0-alpine", "1.10.0-alpine", "1.11.0"}, glob: "1.*-alpine", want: "1.10.0-alpine"},
		"later builds of a pattern": {tags: []ref.Tag{"v1.2.0", "v1.2.0-3", "v1.2.0-rc.1"}, glob: "v1.*", want: "v1.2.0-3"},
		"none but pre-releases":     {tags: []ref.Tag{"v1.3.0-rc.1"}, glob: "v1.*", code: "E_VERSION_NONE"},
		"build metadata":            {tags: []ref.Tag{"v1.2.0", "v1.3.0_4", "v1.2.1_9"}, glob: "v1.*_*", want: "v1.3.0_4"},
		"no build metadata":         {tags: []ref.Tag{"v1.2.0", "v1.3.0_4"}, glob: "v1.*", want: "v1.2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			for range 4 { // in any order
				rand.Shuffle(len(test.tags), func(i, j int) { test.tags[i], test.tags[j] = test.tags[j], test.tags[i] })
				got, err := version.Highest(test.tags, test.glob)
				if got != test.want || test.code == "" && err != nil || test.code != "" && !fault.Is(err, test.code) {
					t.Fatalf("of %v got %q and %v", test.tags, got, err)
				}
			}
		})
	}
}
