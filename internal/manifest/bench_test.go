package manifest

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// deployment is a manifest of about as many lines, with the image in its middle.
func deployment(lines int, image string) []byte {
	var b strings.Builder
	b.WriteString("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n")
	env := func(n int) {
		for i := range n / 2 {
			fmt.Fprintf(&b, "        - name: VARIABLE_%04d # comment\n          value: \"some value %d\"\n", i, i)
		}
	}
	b.WriteString("      - name: first\n        image: nginx:1.27\n        env:\n")
	env(lines / 2)
	fmt.Fprintf(&b, "      - name: web\n        image: %s\n        env:\n", image)
	env(lines / 2)
	return []byte(b.String())
}

func BenchmarkEdit2000Lines(b *testing.B) {
	to := Target{Image: mustImage(b, "ghcr.io/acme/web:v1.2.3")}
	for name, image := range map[string]string{"named": "ghcr.io/acme/web:v1", "screened": "ghcr.io/acme/api:v1"} {
		src := deployment(2000, image)
		files := fstest.MapFS{"a.yaml": {Data: src}}
		if name == "screened" {
			files["b.yaml"] = &fstest.MapFile{Data: deployment(1, "ghcr.io/acme/web:v1")}
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if r, err := Edit(files, to); err != nil || !r.Changed() {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTree edits 100 of 10,000 manifests, 100 MB of them.
func BenchmarkTree(b *testing.B) {
	to := Target{Image: mustImage(b, "ghcr.io/acme/web:v1.2.3")}
	files := fstest.MapFS{}
	size := 0
	for i := range 10_000 {
		image := fmt.Sprintf("ghcr.io/acme/web-%d:v1", i)
		if i%100 == 0 {
			image = "ghcr.io/acme/web:v1"
		}
		src := deployment(290, image)
		size += len(src)
		files[fmt.Sprintf("apps/app-%02d/%03d/deploy.yaml", i%100, i/100)] = &fstest.MapFile{Data: src}
	}
	tree := newTree(files)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		if r, err := Edit(tree, to); err != nil || len(r.Files) != 100 {
			b.Fatal(err)
		}
	}
}
