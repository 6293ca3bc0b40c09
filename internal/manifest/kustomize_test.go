package manifest

import (
	"strings"
	"testing"
	"testing/fstest"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/seed-96940006/tagboat/internal/ref"
)

const (
	newDigest = "sha256:abababababababababababababababababababababababababababababababab"
	oldDigest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
)

// What kustomize makes of an edited kustomization is what the pin says.
func TestKustomizeRendersTheNewImage(t *testing.T) {
	tests := map[string]struct {
		image, entry string
		to           string
		pin          Pin
		want         string
	}{
		"tag":              {"ghcr.io/acme/web", "{name: ghcr.io/acme/web, newTag: v1}", "ghcr.io/acme/web:v2", PinTag, "ghcr.io/acme/web:v2"},
		"number":           {"ghcr.io/acme/web", "{name: ghcr.io/acme/web, newTag: v1}", "ghcr.io/acme/web:1.20", PinTag, "ghcr.io/acme/web:1.20"},
		"digits":           {"ghcr.io/acme/web", "{name: ghcr.io/acme/web, newTag: v1}", "ghcr.io/acme/web:0123456", PinTag, "ghcr.io/acme/web:0123456"},
		"short commit":     {"ghcr.io/acme/web", "{name: ghcr.io/acme/web, newTag: v1}", "ghcr.io/acme/web:12e4567", PinTag, "ghcr.io/acme/web:12e4567"},
		"a word":           {"ghcr.io/acme/web", "{name: ghcr.io/acme/web, newTag: v1}", "ghcr.io/acme/web:on", PinTag, "ghcr.io/acme/web:on"},
		"a date":           {"ghcr.io/acme/web", "{name: ghcr.io/acme/web, newTag: v1}", "ghcr.io/acme/web:2024-01-02", PinTag, "ghcr.io/acme/web:2024-01-02"},
		"was a number":     {"ghcr.io/acme/web", "{name: ghcr.io/acme/web, newTag: 1.10}", "ghcr.io/acme/web:1.10", PinTag, "ghcr.io/acme/web:1.10"},
		"new name":         {"web", "{name: web, newName: ghcr.io/acme/web, newTag: v1}", "ghcr.io/acme/web:v2", PinTag, "ghcr.io/acme/web:v2"},
		"renamed key":      {"ghcr.io/acme/web:v1", "{name: ghcr.io/acme/web, newTag: v1}", "ghcr.io/acme/web:v2@" + newDigest, PinDigest, "ghcr.io/acme/web@" + newDigest},
		"digest kept":      {"ghcr.io/acme/web", "{name: ghcr.io/acme/web, digest: '" + oldDigest + "'}", "ghcr.io/acme/web:v2@" + newDigest, PinTag, "ghcr.io/acme/web@" + newDigest},
		"both":             {"ghcr.io/acme/web", "{name: ghcr.io/acme/web, newTag: v1, digest: '" + oldDigest + "'}", "ghcr.io/acme/web:v2@" + newDigest, PinBoth, "ghcr.io/acme/web:v2@" + newDigest},
		"registry port":    {"host:5000/web", "{name: 'host:5000/web', newTag: v1}", "host:5000/web:v2", PinTag, "host:5000/web:v2"},
		"other entry only": {"ghcr.io/acme/web", "{name: ghcr.io/acme/web-admin, newTag: v1}", "ghcr.io/acme/web:v2", PinTag, "ghcr.io/acme/web:v2"},
		"other spelling":   {"docker.io/library/nginx", "{name: nginx, newTag: v1}", "nginx:v2", PinTag, "docker.io/library/nginx:v2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			to, err := ref.ParseImage(tt.to)
			if err != nil {
				t.Fatal(err)
			}
			files := fstest.MapFS{
				"pod.yaml":           {Data: []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    image: " + tt.image + "\n")},
				"kustomization.yaml": {Data: []byte("resources: [pod.yaml]\nimages:\n- " + tt.entry + "\n")},
			}
			r, err := Edit(files, Target{Image: to, Pin: tt.pin})
			if err != nil {
				t.Fatal(err)
			}
			if got := build(t, overlay(t, files, r.Files)); !strings.Contains(got, "image: "+tt.want+"\n") {
				t.Errorf("want %s in\n%s", tt.want, got)
			}
		})
	}
}

// A bare reference is left alone exactly where kustomize gives it the new tag.
func TestKustomizeSetsWhatItReaches(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    image: ghcr.io/acme/web\n"
	const sets = "images: [{name: ghcr.io/acme/web, newTag: v1}]\n"
	const component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
	for name, test := range map[string]struct {
		files map[string]string
		bare  bool // pod.yaml stays so
	}{
		"resource":            {map[string]string{"kustomization.yaml": "resources: [../pod.yaml]\n" + sets}, true},
		"not listed":          {map[string]string{"kustomization.yaml": "resources: [../other]\n", "set/kustomization.yaml": sets}, false},
		"base":                {map[string]string{"kustomization.yaml": "resources: [../other]\n" + sets}, true},
		"base without":        {map[string]string{"kustomization.yaml": "resources: [../other]\n", "set/kustomization.yaml": "resources: [../x.yaml]\n" + sets}, false},
		"component":           {map[string]string{"kustomization.yaml": "resources: [../other]\ncomponents: [set]\n", "set/kustomization.yaml": component + sets}, true},
		"component of one":    {map[string]string{"kustomization.yaml": "resources: [../other]\ncomponents: [a]\n", "a/kustomization.yaml": component + "components: [../set]\n", "set/kustomization.yaml": component + sets}, true},
		"component elsewhere": {map[string]string{"kustomization.yaml": "resources: [../other]\n", "x/kustomization.yaml": "components: [../set]\n", "set/kustomization.yaml": component + sets}, false},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{
				"pod.yaml":                 {Data: []byte(pod)},
				"other/kustomization.yaml": {Data: []byte("resources: [../pod.yaml]\n")},
			}
			for file, text := range test.files {
				files["top/"+file] = &fstest.MapFile{Data: []byte(text)}
			}
			r, err := Edit(files, Target{Image: mustImage(t, "ghcr.io/acme/web:v2")})
			if err != nil {
				t.Fatal(err)
			}
			if bare := r.Files["pod.yaml"] == nil; bare != test.bare || len(r.Warnings) > 0 {
				t.Errorf("bare: %t, warnings: %v", bare, r.Warnings)
			}
			if got := buildAt(t, overlay(t, files, r.Files), "top"); !strings.Contains(got, "image: ghcr.io/acme/web:v2\n") {
				t.Errorf("rendered\n%s", got)
			}
		})
	}
}

// build is what kustomize makes of the files.
func build(t *testing.T, files fstest.MapFS) string {
	t.Helper()
	return buildAt(t, files, ".")
}

// buildAt is build from a folder, which may take in files of any other.
func buildAt(t *testing.T, files fstest.MapFS, folder string) string {
	t.Helper()
	disk := filesys.MakeFsInMemory()
	for name, f := range files {
		if err := disk.WriteFile(name, f.Data); err != nil {
			t.Fatal(err)
		}
	}
	options := krusty.MakeDefaultOptions()
	options.LoadRestrictions = types.LoadRestrictionsNone
	built, err := krusty.MakeKustomizer(options).Run(disk, folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
