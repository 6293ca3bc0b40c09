package manifest

import (
	"io/fs"
	slash "path"
	"testing/fstest"
)

// tree is a MapFS that knows its folders: a MapFS looks through all its files
// to list one, which with ten thousand of them is all that a benchmark measures.
type tree struct {
	fstest.MapFS
	folders map[string][]fs.DirEntry
}

func newTree(files fstest.MapFS) tree {
	t := tree{files, map[string][]fs.DirEntry{}}
	grouped := map[string]fstest.MapFS{".": {}}
	for name, f := range files {
		dir, base := slash.Split(name)
		dir = slash.Clean(dir)
		if grouped[dir] == nil {
			grouped[dir] = fstest.MapFS{}
		}
		grouped[dir][base] = f
		for dir != "." {
			parent := slash.Dir(dir)
			if grouped[parent] == nil {
				grouped[parent] = fstest.MapFS{}
			}
			grouped[parent][slash.Base(dir)] = &fstest.MapFile{Mode: fs.ModeDir}
			dir = parent
		}
	}
	for dir, entries := range grouped {
		t.folders[dir], _ = fs.ReadDir(entries, ".")
	}
	return t
}

// ReadDir makes the tree an fs.ReadDirFS.
func (t tree) ReadDir(name string) ([]fs.DirEntry, error) { return t.folders[name], nil }
