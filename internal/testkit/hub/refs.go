package hub

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// ref is a name and what it points to.
type ref struct{ name, oid string }

// reader is a state of a repository's refs.
type reader interface {
	get(name string) string   // "" where there is none
	list(prefix string) []ref // by name
}

// files are the refs of a repository on disk, read and written as git does, with
// git's own locks: what is written here, git sees, and the other way round.
type files struct {
	dir    string
	packs  *packedRefs
	loosed *looseRefs
}

func newFiles(dir string) files {
	return files{dir, &packedRefs{path: filepath.Join(dir, "packed-refs")}, &looseRefs{known: map[string]looseRef{}}}
}

func (d files) get(name string) string {
	if oid := d.loosed.read(filepath.Join(d.dir, name)); oid != "" {
		return oid
	}
	return d.packs.now().get(name)
}

func (d files) list(prefix string) []ref {
	packed := d.packs.now().list(prefix)
	loose := d.loose(prefix)
	if len(loose) == 0 {
		return packed
	}
	// Both are in order; a loose one of the same name wins.
	all := make([]ref, 0, len(packed)+len(loose))
	for len(packed) > 0 && len(loose) > 0 {
		switch order := strings.Compare(packed[0].name, loose[0].name); {
		case order < 0:
			all, packed = append(all, packed[0]), packed[1:]
		case order == 0:
			packed = packed[1:]
		default:
			all, loose = append(all, loose[0]), loose[1:]
		}
	}
	return append(append(all, packed...), loose...)
}

// loose are the refs that have a file of their own, by name.
func (d files) loose(prefix string) (all []ref) {
	root := filepath.Join(d.dir, filepath.FromSlash(prefix))
	if !strings.HasSuffix(prefix, "/") {
		root = filepath.Dir(root)
	}
	filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(path, ".lock") {
			return nil // a ref that goes away meanwhile is none
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, d.dir+string(filepath.Separator)))
		if strings.HasPrefix(name, prefix) && strings.HasPrefix(name, "refs/") {
			if oid := d.loosed.read(path); oid != "" {
				all = append(all, ref{name, oid})
			}
		}
		return nil
	})
	slices.SortFunc(all, func(a, b ref) int { return strings.Compare(a.name, b.name) })
	return all
}

// any reports whether a folder holds a ref.
func (d files) any(folder string) (found bool) {
	if len(d.packs.now().list(folder)) > 0 {
		return true
	}
	filepath.WalkDir(filepath.Join(d.dir, filepath.FromSlash(folder)), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || d.loosed.read(path) == "" {
			return nil
		}
		found = true
		return fs.SkipAll
	})
	return found
}

// memory is a state of refs that has passed.
type memory []ref

func (m memory) get(name string) string {
	if i, ok := slices.BinarySearchFunc(m, name, func(r ref, name string) int { return strings.Compare(r.name, name) }); ok {
		return m[i].oid
	}
	return ""
}

func (m memory) list(prefix string) []ref {
	from, _ := slices.BinarySearchFunc(m, prefix, func(r ref, prefix string) int { return strings.Compare(r.name, prefix) })
	upTo := from
	for upTo < len(m) && strings.HasPrefix(m[upTo].name, prefix) {
		upTo++
	}
	return slices.Clone(m[from:upTo])
}
