package hub

import (
	"io/fs"
	"os"
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
type files struct{ dir string }

func (d files) get(name string) string {
	if data, err := os.ReadFile(filepath.Join(d.dir, name)); err == nil {
		if oid := strings.TrimSpace(string(data)); isOID(oid) {
			return oid
		}
	}
	return d.packed()[name]
}

// packed are the refs of the file packed-refs; a loose one of the same name wins.
func (d files) packed() map[string]string {
	data, err := os.ReadFile(filepath.Join(d.dir, "packed-refs"))
	if err != nil {
		return nil
	}
	refs := map[string]string{}
	for line := range strings.Lines(string(data)) {
		oid, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && isOID(oid) {
			refs[name] = oid
		}
	}
	return refs
}

func (d files) list(prefix string) []ref {
	refs := map[string]string{}
	for name, oid := range d.packed() {
		if strings.HasPrefix(name, prefix) {
			refs[name] = oid
		}
	}
	root := filepath.Join(d.dir, filepath.FromSlash(prefix))
	if !strings.HasSuffix(prefix, "/") {
		root = filepath.Dir(root)
	}
	filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(path, ".lock") {
			return nil // a ref that goes away meanwhile is none
		}
		name, _ := filepath.Rel(d.dir, path)
		if name = filepath.ToSlash(name); strings.HasPrefix(name, prefix) && strings.HasPrefix(name, "refs/") {
			if data, err := os.ReadFile(path); err == nil && isOID(strings.TrimSpace(string(data))) {
				refs[name] = strings.TrimSpace(string(data))
			}
		}
		return nil
	})
	all := make([]ref, 0, len(refs))
	for name, oid := range refs {
		all = append(all, ref{name, oid})
	}
	slices.SortFunc(all, func(a, b ref) int { return strings.Compare(a.name, b.name) })
	return all
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
	return slices.DeleteFunc(slices.Clone(m), func(r ref) bool { return !strings.HasPrefix(r.name, prefix) })
}
