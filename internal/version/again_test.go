package version_test

import (
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/version"
)

func TestSuffix(t *testing.T) {
	for name, test := range map[string]struct {
		suffix   string
		git      []creation
		registry []ref.Tag
		want     ref.Tag
		already  bool
		code     string
	}{
		"first":                 {suffix: "v0.0.417", git: []creation{{"v0.0.417", commit(9)}, {"v0.0.500", commit(8)}}, want: "v0.0.417-1"},
		"second":                {suffix: "v0.0.417", git: []creation{{"v0.0.417", commit(9)}, {"v0.0.417-1", commit(8)}}, want: "v0.0.417-2"},
		"by version, not name":  {suffix: "v0.0.417", git: []creation{{"v0.0.417-9", commit(9)}, {"v0.0.417-10", commit(8)}}, want: "v0.0.417-11"},
		"again":                 {suffix: "v0.0.417", git: []creation{{"v0.0.417", commit(9)}, {"v0.0.417-1", commit(1)}}, want: "v0.0.417-1", already: true},
		"of the commit's own":   {suffix: "v0.0.417", git: []creation{{"v0.0.417", commit(1)}}, want: "v0.0.417-1"},
		"that very one":         {suffix: "v0.0.417-2", git: []creation{{"v0.0.417", commit(1)}, {"v0.0.417-1", commit(1)}}, want: "v0.0.417-2"},
		"that one again":        {suffix: "v0.0.417-1", git: []creation{{"v0.0.417-2", commit(1)}, {"v0.0.417-1", commit(1)}}, want: "v0.0.417-1", already: true},
		"that one is another's": {suffix: "v0.0.417-1", git: []creation{{"v0.0.417-1", commit(2)}}, code: "E_VERSION_TAKEN"},
		"in a registry alone":   {suffix: "v0.0.417", registry: []ref.Tag{"v0.0.417", "v0.0.417-1"}, want: "v0.0.417-2"},
		"taken in a registry":   {suffix: "v0.0.417-1", registry: []ref.Tag{"v0.0.417", "v0.0.417-1"}, code: "E_VERSION_TAKEN"},
		"no such number":        {suffix: "v0.0.417", git: []creation{{"v0.0.41", commit(9)}}, code: "E_VERSION_UNKNOWN"},
		"another series":        {suffix: "v1.0.417", code: "E_SERIES"},
		"a word":                {suffix: "next", code: "E_SERIES"},
		"a zero":                {suffix: "v0.0.417-0", code: "E_SERIES"},
		"a zero in front":       {suffix: "v0.0.417-01", code: "E_SERIES"},
		"a letter":              {suffix: "v0.0.417-a", code: "E_SERIES"},
	} {
		t.Run(name, func(t *testing.T) {
			store := withTags(test.git...)
			request := version.Request{Commit: commit(1), Suffix: test.suffix, Existing: test.registry, Pause: atOnce}
			next, errBefore := version.Peek(t.Context(), store, version.Request{Commit: commit(99), Pause: atOnce})
			got, err := version.Allocate(t.Context(), store, request)
			if test.code != "" {
				if !fault.Is(err, test.code) {
					t.Errorf("got %s and %v, want %s", got.Tag, err, test.code)
				}
				return
			}
			if err != nil || got.Tag != test.want || got.Already != test.already || store.tags()[string(got.Tag)] != commit(1) {
				t.Errorf("got %+v and %v, want %s", got, err, test.want)
			}
			after, errAfter := version.Peek(t.Context(), store, version.Request{Commit: commit(99), Pause: atOnce})
			if errBefore != nil || errAfter != nil || test.registry == nil && next.Tag != after.Tag {
				t.Errorf("the series moved from %s to %s: %v %v", next.Tag, after.Tag, errBefore, errAfter)
			}
		})
	}
}
