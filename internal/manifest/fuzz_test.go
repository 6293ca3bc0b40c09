package manifest

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// seeds are the archives of testdata/manifests.
func seeds(f *testing.F) (all []*txtar.Archive) {
	f.Helper()
	names, err := filepath.Glob("../../testdata/manifests/*.txtar")
	if err != nil || len(names) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, archive)
	}
	return all
}

// FuzzTree edits any two files: it ends in a fault, or in a result that a second
// edit leaves alone, in which every change is in a file that names the image.
func FuzzTree(f *testing.F) {
	for _, archive := range seeds(f) {
		for i, file := range archive.Files {
			other := archive.Files[(i+1)%len(archive.Files)]
			f.Add([]byte(real.Replace(string(file.Data))), []byte(real.Replace(string(other.Data))), uint(i))
		}
	}
	image := mustImage(f, "ghcr.io/acme/web:1.20@"+newDigest)
	f.Fuzz(func(t *testing.T, object, kustomization []byte, pin uint) {
		files := fstest.MapFS{"a/pod.yaml": {Data: object}, "kustomization.yaml": {Data: kustomization}}
		to := Target{Image: image, Pin: []Pin{PinTag, PinDigest, PinBoth}[pin%3]}
		r, err := Edit(files, to)
		if err != nil {
			for _, fault := range fault.All(err) {
				if fault.Code == "E_UNEXPECTED" || fault.Hint == "" {
					t.Errorf("no code or no hint: %v", err)
				}
			}
			return
		}
		for _, c := range r.Changes {
			moved := strings.Contains(c.New, "1.20") || strings.Contains(c.New, strings.TrimPrefix(newDigest, "sha256:")) || strings.HasSuffix(c.New, "web")
			if c.Line < 1 || c.Field == "" || !moved {
				t.Errorf("%+v", c)
			}
		}
		settled(t, files, to, r)
	})
}
