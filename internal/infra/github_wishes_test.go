package infra

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWishesOfPaths(t *testing.T) {
	kustomizationsIn := func(folders ...string) (all []wish) {
		for _, folder := range folders {
			for _, name := range kustomizations {
				all = append(all, wish{path: folder + name})
			}
		}
		return all
	}
	for name, c := range map[string]struct {
		include, exclude []string
		want             []wish
	}{
		"a manifest with its neighbours":     {[]string{"apps/web/deploy.yaml"}, nil, append([]wish{{"apps/web", 1, false}}, kustomizationsIn("apps/", "")...)},
		"two in one folder":                  {[]string{"apps/web/a.yaml", "apps/web/b.yaml"}, nil, append([]wish{{"apps/web", 1, false}}, kustomizationsIn("apps/", "")...)},
		"a manifest at the root":             {[]string{"values.yaml"}, nil, []wish{{".", 1, false}}},
		"a folder, or a file without a type": {[]string{"apps"}, nil, append([]wish{{"apps", 5, false}}, kustomizationsIn("")...)},
		"a folder with a file in it":         {[]string{"apps/web/a.yaml", "apps"}, nil, append([]wish{{"apps", 5, false}}, kustomizationsIn("")...)},
		"a glob of one level":                {[]string{"apps/*/values.yaml"}, nil, append([]wish{{"apps", 3, false}}, kustomizationsIn("")...)},
		"a glob of any":                      {[]string{"apps/**/values.yaml"}, nil, append([]wish{{"apps", 5, false}}, kustomizationsIn("")...)},
		"what is excluded is only looked at": {[]string{"apps"}, []string{"apps/old", "lib/x.yaml", "**/*.json"}, append([]wish{{"apps", 5, false}, {"lib/x.yaml", 1, true}}, kustomizationsIn("")...)},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := ParsePaths(c.include, c.exclude)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, p.wishes(), cmp.AllowUnexported(wish{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEverywhere(t *testing.T) {
	for pattern, want := range map[string]bool{"": true, ".": true, "**": true, "**/values.yaml": true, "apps": false, "apps/**": false, "*/values.yaml": false, "*.yaml": false} {
		var include []string
		if pattern != "" {
			include = []string{pattern}
		}
		p, err := ParsePaths(include, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.everywhere(); got != want {
			t.Errorf("%q: got %v", pattern, got)
		}
	}
}
