package version_test

import (
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/version"
)

// A claim that waits, but whose place a view does not show (GitHub shows the 100
// oldest, and may lag behind), gets a number by another one and by itself.
func TestPlaceThatIsNotShownIsLeftAllTheSame(t *testing.T) {
	m := withTags(creation{"v0.0.5", commit(5)})
	m.room = true
	earlier := func() time.Time { return time.Now().Add(-time.Minute) } // it waits longer
	store := &scripted{memory: m}
	store.read = func(call int, v *version.View) (*version.View, error) {
		for name := range v.Refs { // its own place never
			if len(name) > len("refs/tagboat/claims/") && name[:len("refs/tagboat/claims/")] == "refs/tagboat/claims/" {
				delete(v.Refs, name)
			}
		}
		return v, nil
	}
	store.write = func(call int, u git.Update) (bool, error) {
		switch call {
		case 1: // its first number is taken, so that it waits
			if err := m.Write(t.Context(), git.Update{Ref: "refs/tags/v0.0.6", New: commit(6)}); err != nil {
				t.Fatal(err)
			}
			return false, version.ErrTaken
		case 3: // between its look and its write another one, with a higher floor, writes for both
			if _, err := version.Allocate(t.Context(), m, version.Request{Commit: commit(2), Existing: []ref.Tag{"v0.0.100"}, AllowOlder: true, Pause: atOnce, Now: earlier}); err != nil {
				t.Fatal(err)
			}
		}
		return true, nil
	}
	if _, err := version.Allocate(t.Context(), store, version.Request{Commit: commit(1), AllowOlder: true, Pause: atOnce}); err != nil {
		t.Fatal(err)
	}
	has := map[string][]string{}
	for tag, by := range m.tags() {
		has[by] = append(has[by], tag)
	}
	if len(has[commit(1)]) > 1 {
		t.Errorf("one commit has %v", has[commit(1)])
	}
}
