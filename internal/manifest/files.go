package manifest

import (
	"fmt"
	"io/fs"
	slash "path"
	"slices"
)

// eachFile gives do every file, in sorted order, one at a time, whatever it is
// called: who gives the files has chosen them. It does not follow symbolic links
// and stays out of .git.
func eachFile(files fs.FS, do func(name string, src []byte) error) error {
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read the manifests: %w", err)
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		src, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("read the manifests: %w", err)
		}
		return do(name, src)
	})
}

// kustomizationNames are those that kustomize looks for in a folder.
var kustomizationNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

func isKustomizationName(name string) bool {
	return slices.Contains(kustomizationNames, slash.Base(name))
}
