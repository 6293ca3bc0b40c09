package registry_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// A push that is refused at its second tag has moved the first, and does not say
// otherwise.
func TestRefusedAtTheSecondTag(t *testing.T) {
	for name, test := range map[string]struct {
		failure testkit.RegistryFailure
		code    string
		hint    string
	}{
		"full":      {testkit.RegistryFailure{Status: 507}, "E_REGISTRY_FULL", "except for the tags told above, none was moved"},
		"read-only": {testkit.RegistryFailure{Status: 405}, "E_REGISTRY_READONLY", "Except for the tags told above, none was moved"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			reg.Put("acme/web", "latest", randomImage(t, 100, 1))
			r := request(t, repository(t, reg.Host+"/acme/web"))
			r.Tags = []registry.Tag{{Name: "latest"}, {Name: "v0.0.7", Rule: registry.Fixed}}
			test.failure.Method, test.failure.Path = "PUT", "/manifests/latest"
			reg.Fail(test.failure)
			pushed, err := newClient().Push(t.Context(), r)
			check(t, err, test.code, "", test.hint)
			if diff := cmp.Diff([]string{"acme/web v0.0.7 pushed"}, short(pushed)); diff != "" || reg.Digest("acme/web", "v0.0.7") != string(r.Digest) {
				t.Error(diff)
			}
		})
	}
}

// A registry that stores another manifest than it was given leaves a version on that:
// to run again is no way out, and the hint does not say so.
func TestAVersionThatTheRegistryRewrote(t *testing.T) {
	for name, test := range map[string]struct {
		rule   registry.Rule
		hint   string
		second string
	}{
		"a version": {registry.Fixed, "once more with `suffix`", "E_TAG_TAKEN"},
		"a commit":  {registry.First, "remove v0.0.7 from", ""},
		"a branch":  {registry.Moves, "run again", "E_PUSH_VERIFY"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, testkit.RegistryRewrites())
			r := request(t, repository(t, reg.Host+"/acme/web"))
			r.Tags = []registry.Tag{{Name: "v0.0.7", Rule: test.rule}}
			_, err := newClient().Push(t.Context(), r)
			check(t, err, "E_PUSH_VERIFY", string(r.Digest), test.hint)
			stored := reg.Digest("acme/web", "v0.0.7")
			if stored == "" || stored == string(r.Digest) {
				t.Fatalf("v0.0.7 is %q", stored)
			}
			pushed, err := newClient().Push(t.Context(), r)
			if test.second != "" {
				check(t, err, test.second, stored, "")
			} else if kept := (registry.Pushed{Repository: r.Repositories[0], Tag: "v0.0.7", Digest: ref.Digest(stored), Status: registry.StatusKept}); err != nil || !slices.Equal(pushed, []registry.Pushed{kept}) {
				t.Errorf("the second run: %v, %v", pushed, err)
			}
		})
	}
}
