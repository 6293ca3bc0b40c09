package version_test

import (
	"testing"

	"github.com/seed-96940006/tagboat/internal/version"
)

func TestOwn(t *testing.T) {
	for name, test := range map[string]struct {
		store *memory
		want  string
	}{
		"none":            {withTags(), ""},
		"somebody else's": {withTags(creation{"v0.0.3", commit(3)}), ""},
		"one":             {withTags(creation{"v0.0.3", commit(1)}, creation{"v0.0.4", commit(4)}), "v0.0.3"},
		"several":         {withTags(creation{"v0.0.10", commit(1)}, creation{"v0.0.9", commit(1)}), "v0.0.10"},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(test.store.tags())
			got, ok, err := version.Own(t.Context(), test.store, version.Request{Series: series(t, "v0.0"), Commit: commit(1)})
			if err != nil || ok != (test.want != "") || string(got.Tag) != test.want || got.Already != ok {
				t.Errorf("got %+v, %t, %v", got, ok, err)
			}
			if after := len(test.store.tags()); after != before {
				t.Errorf("%d tags became %d", before, after)
			}
		})
	}
	if _, _, err := version.Own(t.Context(), withTags(), version.Request{Series: series(t, "v0.0")}); err == nil {
		t.Error("a request of no commit has an answer")
	}
}
