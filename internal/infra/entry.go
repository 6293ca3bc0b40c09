package infra

import (
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// entry is one path of a repository that is no folder.
type entry struct {
	path string
	mode fs.FileMode // 0644, 0755, fs.ModeSymlink, or fs.ModeIrregular for a submodule and the like
	id   string      // git's object id; "" in a plain folder
}

func (e entry) regular() bool { return e.mode.IsRegular() }

// checkChange refuses a change set that would write anywhere but to files: its
// paths must stay in the repository, and neither they nor a folder on the way
// may be a symbolic link or a submodule.
func checkChange(entries []entry, c ChangeSet) error {
	at := map[string]entry{}
	folders := map[string]bool{}
	for _, e := range entries {
		at[e.path] = e
		for dir := path.Dir(e.path); dir != "." && !folders[dir]; dir = path.Dir(dir) {
			folders[dir] = true
		}
	}
	for _, name := range sortedKeys(c.Files) {
		if wrong := checkPath(name); wrong != "" {
			return fault.Newf("E_INFRA_PATH", hintPath, "path %q %s", name, wrong)
		}
		if path.Clean(name) != name || folders[name] {
			return fault.Newf("E_INFRA_PATH", hintPath, "path %q is no file", name)
		}
		if e, ok := at[name]; ok && !e.regular() {
			return inTheWay(name, name)
		}
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, ok := at[dir]; ok {
				return inTheWay(name, dir)
			}
		}
	}
	return nil
}

// inTheWay is the fault of a path that cannot be written for what stands at at.
func inTheWay(name, at string) error {
	return fault.Newf("E_INFRA_SYMLINK", "change the file that it leads to, or replace it by a file in the infra repository",
		"%q cannot be written: %q is a symbolic link, a submodule or another thing that is no plain file or folder", name, at).At(name, 0)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
