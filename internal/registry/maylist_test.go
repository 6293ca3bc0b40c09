package registry_test

import (
	"errors"
	"testing"

	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

func TestMayList(t *testing.T) {
	for name, test := range map[string]struct {
		options []testkit.RegistryOption
		failure *testkit.RegistryFailure
		code    string
		hidden  bool
	}{
		"it may":             {},
		"no repository":      {options: []testkit.RegistryOption{testkit.RegistryLacks("acme/")}},
		"it may be hidden":   {options: []testkit.RegistryOption{testkit.RegistryHidesNew()}, code: "E_PULL_DENIED", hidden: true},
		"no login":           {options: []testkit.RegistryOption{testkit.RegistryLogin("a", "b")}, code: "E_REGISTRY_AUTH"},
		"it knows no lists":  {failure: &testkit.RegistryFailure{Method: "GET", Path: "/tags/list", Status: 404, Body: "404 page not found"}, code: "E_REGISTRY_LIST"},
		"a page for people":  {failure: &testkit.RegistryFailure{Method: "GET", Path: "/tags/list", Status: 200, Body: "<html>"}, code: "E_REGISTRY_LIST"},
		"what goes by again": {failure: &testkit.RegistryFailure{Method: "GET", Path: "/tags/list", Status: 503, Times: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, append(test.options, testkit.RegistryPages(100))...)
			if test.code == "" {
				reg.Fill("acme/web", randomImage(t, 10, 1), versions(300)...)
			}
			if test.failure != nil {
				reg.Fail(*test.failure)
			}
			err := newClient().MayList(t.Context(), repository(t, reg.Host+"/acme/web"))
			if test.code == "" {
				if n := reg.Count("GET", "/tags/list"); err != nil || n > 2 {
					t.Errorf("%d pages were read, and %v", n, err)
				}
				return
			}
			check(t, err, test.code, reg.Host+"/acme/web", "")
			if errors.Is(err, registry.ErrHidden) != test.hidden {
				t.Errorf("got %v", err)
			}
		})
	}
}
