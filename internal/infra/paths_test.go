package infra

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
)

func TestParsePathsReportsEveryMistake(t *testing.T) {
	bad := map[string]string{
		"":                  "is empty",
		" ":                 "is empty",
		"/etc":              "is absolute",
		"~/infra":           "is absolute",
		"C:/infra":          "drive letter",
		`apps\web`:          "backslash",
		"../other":          "leads out",
		"apps/../../x":      "leads out",
		".git/config":       "git's own",
		"apps/.Git":         "git's own",
		"apps/[a":           "no valid glob",
		"a\nb":              "control character",
		"\xff.yaml":         "not in UTF-8",
		"clusters/{eu,us/x": "no valid glob",
	}
	values := []string{"apps/web"}
	for value := range bad {
		values = append(values, value)
	}
	_, err := ParsePaths(values, values)
	if got := fault.All(err); len(got) != 2*len(bad) {
		t.Errorf("%d faults, want %d", len(got), 2*len(bad))
	}
	for value, want := range bad {
		for input, lists := range map[string][2][]string{"infra-paths": {{value}, nil}, "exclude": {nil, {value}}} {
			_, err := ParsePaths(lists[0], lists[1])
			f := fault.All(err)[0]
			if f.Code != "E_INFRA_PATH" || !strings.Contains(f.Error(), want) || !strings.HasPrefix(f.Hint, "in `"+input+"`, ") {
				t.Errorf("%s %q: got %v, hint %s, want %q", input, value, err, f.Hint, want)
			}
			if strings.HasPrefix(f.Error(), "excluded path ") != (input == "exclude") {
				t.Errorf("got %v", err)
			}
		}
	}
}

func TestPathsSelect(t *testing.T) {
	var entries []entry
	for _, name := range []string{
		".argocd/app.yaml", ".github/workflows/ci.yaml", "Dockerfile", "apps/[x]/a.yaml", "apps/api/prod/values.yaml", "apps/api/values.yml",
		"apps/web/Kustomization", "apps/web/notes.txt", "apps/web/prod/values.yaml", "apps/web2/x.json", "charts/values.yaml.gotmpl",
		"tf/.terraform/m.yaml", "ui/a.yaml", "ui/node_modules/x/b.yaml", "new\nline.yaml", "\xff.yaml", `a\b.yaml`, "C:x.yaml",
	} {
		entries = append(entries, entry{path: name, mode: 0o644})
	}
	entries = append(entries, entry{path: "link.yaml", mode: fs.ModeSymlink}, entry{path: "sub.yaml", mode: fs.ModeIrregular})
	cases := map[string]struct {
		paths []string
		want  []string
		err   string
	}{
		"whole": {nil, []string{".argocd/app.yaml", "apps/[x]/a.yaml", "apps/api/prod/values.yaml", "apps/api/values.yml", "apps/web/Kustomization", "apps/web/prod/values.yaml", "apps/web2/x.json", "ui/a.yaml"}, ""},
		"dot and file": {[]string{".", "Dockerfile"}, []string{".argocd/app.yaml", "Dockerfile", "apps/[x]/a.yaml", "apps/api/prod/values.yaml",
			"apps/api/values.yml", "apps/web/Kustomization", "apps/web/prod/values.yaml", "apps/web2/x.json", "ui/a.yaml"}, ""},
		"folder":            {[]string{"./apps/web/"}, []string{"apps/web/Kustomization", "apps/web/prod/values.yaml"}, ""},
		"file of any name":  {[]string{"charts/values.yaml.gotmpl", "apps/web/notes.txt"}, []string{"apps/web/notes.txt", "charts/values.yaml.gotmpl"}, ""},
		"glob of files":     {[]string{"apps/**/values.y*ml"}, []string{"apps/api/prod/values.yaml", "apps/api/values.yml", "apps/web/prod/values.yaml"}, ""},
		"glob of folders":   {[]string{"apps/*/prod"}, []string{"apps/api/prod/values.yaml", "apps/web/prod/values.yaml"}, ""},
		"alternatives":      {[]string{"apps/{api,web2}/*"}, []string{"apps/api/prod/values.yaml", "apps/api/values.yml", "apps/web2/x.json"}, ""},
		"file like a glob":  {[]string{"apps/[x]/a.yaml"}, []string{"apps/[x]/a.yaml"}, ""},
		"twice":             {[]string{"apps/web2", "apps/web2", "apps/web2/x.json"}, []string{"apps/web2/x.json"}, ""},
		".github itself":    {[]string{".github"}, []string{".github/workflows/ci.yaml"}, ""},
		".github by a glob": {[]string{"**/*.yaml"}, []string{".argocd/app.yaml", "apps/[x]/a.yaml", "apps/api/prod/values.yaml", "apps/web/prod/values.yaml", "ui/a.yaml"}, ""},
		"node_modules":      {[]string{"ui"}, []string{"ui/a.yaml"}, ""},
		"named itself":      {[]string{"ui/node_modules/x"}, []string{"ui/node_modules/x/b.yaml"}, ""},
		"named by a glob":   {[]string{"ui/**/node_modules/**"}, []string{"ui/node_modules/x/b.yaml"}, ""},
		"other modules":     {[]string{"ui/[n]ode_modules"}, nil, "selects nothing"},
		"a file there":      {[]string{"tf/.terraform/m.yaml"}, []string{"tf/.terraform/m.yaml"}, ""},
		"only a filled one": {[]string{"tf"}, nil, `"tf" selects nothing`},
		"no manifests":      {[]string{"charts"}, nil, "selects no .yaml"},
		"misspelt":          {[]string{"app/web/prod/values.yaml"}, nil, "did you mean apps/web/prod/values.yaml"},
		"nothing like it":   {[]string{"zzzzzz"}, nil, `"zzzzzz" selects nothing`},
		"a link":            {[]string{"link.yaml"}, nil, "symbolic link"},
		"a submodule":       {[]string{"sub.yaml"}, nil, "submodule"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			selected, err := mustParse(t, c.paths...).selectFrom(entries)
			if c.err != "" {
				if fault.Code(err) != "E_INFRA_PATH" || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got %v, want %q", err, c.err)
				}
				return
			}
			var got []string
			for _, e := range selected {
				got = append(got, e.path)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestPathsExclude(t *testing.T) {
	var entries []entry
	for _, name := range []string{"README.md", "apps/[x]/a.yaml", "apps/api/prod/values.yaml", "apps/api/values.yml", "apps/web/Kustomization", "apps/web/prod/values.yaml", "top.yaml"} {
		entries = append(entries, entry{path: name, mode: 0o644})
	}
	cases := map[string]struct {
		include, exclude []string
		want             []string
		err, hint        string
	}{
		"a folder":         {nil, []string{"./apps/"}, []string{"top.yaml"}, "", ""},
		"a file":           {[]string{"apps/web"}, []string{"apps/web/Kustomization"}, []string{"apps/web/prod/values.yaml"}, "", ""},
		"a glob of files":  {nil, []string{"**/values.y*ml", "apps/[[]x]"}, []string{"apps/web/Kustomization", "top.yaml"}, "", ""},
		"globs of folders": {[]string{"apps"}, []string{"apps/*/prod", "apps/{web,[[]x]}/**"}, []string{"apps/api/values.yml"}, "", ""},
		"like a glob":      {[]string{"apps"}, []string{"apps/[x]", "apps/api", "apps/web/prod"}, []string{"apps/web/Kustomization"}, "", ""},
		"of the root":      {nil, []string{"*.yaml", "apps/a*", "apps/web"}, []string{"apps/[x]/a.yaml"}, "", ""},
		"nothing":          {[]string{"top.yaml"}, []string{"top.yml"}, []string{"top.yaml"}, `excluded path "top.yml" matches nothing; did you mean top.yaml?`, "correct it"},
		"by two":           {[]string{"apps/web", "apps/api/values.yml"}, []string{"**/prod", "**/prod"}, []string{"apps/api/values.yml", "apps/web/Kustomization"}, "", ""},
		"a file named itself": {[]string{"top.yaml", "README.md"}, []string{"README.md"}, []string{"top.yaml"},
			`path "README.md" selects nothing but what exclude removes`, "take README.md out of `exclude`, or the path out of `infra-paths`"},
		"all of a path": {[]string{"apps/**/values.y*ml", "top.yaml"}, []string{"**/prod", "README.md", "**/api"}, []string{"top.yaml"},
			`path "apps/**/values.y*ml" selects nothing but what exclude removes`, "take **/prod, **/api out of"},
		"all":                   {nil, []string{"**"}, nil, "exclude removes every file that would be read", "take ** out of `exclude`"},
		"all by the root":       {nil, []string{"."}, nil, "exclude removes every file", "take . out of"},
		"all of the root":       {[]string{"."}, []string{"apps", "**/*.yaml"}, nil, `path "." selects nothing but`, "take apps, **/*.yaml out of"},
		"and what is not there": {[]string{"gone"}, []string{"top.yaml"}, nil, `path "gone" selects nothing`, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p, err := ParsePaths(c.include, c.exclude)
			if err != nil {
				t.Fatal(err)
			}
			selected, err := p.selectFrom(entries)
			var got []string
			for _, e := range selected {
				got = append(got, e.path)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || (err == nil) != (c.err == "") {
				t.Errorf("%v\n%s", err, diff)
			}
			if c.err == "" {
				return
			}
			if f := fault.All(err); len(f) != 1 || f[0].Code != "E_INFRA_PATH" || !strings.Contains(f[0].Error(), c.err) || !strings.Contains(f[0].Hint, c.hint) {
				t.Errorf("got %v, hint %s, want %s, %s", err, f[0].Hint, c.err, c.hint)
			}
		})
	}
}

func TestSuggest(t *testing.T) {
	names := []string{"main", "production", "staging", "deploy/web", "deploy/api"}
	for name, want := range map[string]string{
		"prodution":  "; did you mean production?",
		"mian":       "; did you mean main?",
		"deploy/wep": "; did you mean deploy/web, deploy/api?",
		"web":        "; did you mean deploy/web?",
		"unheard-of": "",
	} {
		if got := suggest(name, names); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
