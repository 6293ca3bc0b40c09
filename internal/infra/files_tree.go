package infra

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// folderTree is every regular file of a plain folder, as it is when it is opened:
// an fs.FS without symbolic links, what is git's own, and names that are not
// readable.
type folderTree struct{ root *os.Root }

// Open implements fs.FS.
func (t folderTree) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	info, err := t.find(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return t.root.Open(name)
	}
	entries, err := fs.ReadDir(t.root.FS(), name)
	entries = slices.DeleteFunc(entries, func(d fs.DirEntry) bool {
		return !d.IsDir() && !d.Type().IsRegular() || !readable(path.Join(name, d.Name()))
	})
	if err != nil {
		return nil, err
	}
	return &openDir{info: info, path: name, entries: entries}, nil
}

// find is the folder or regular file of a name. A root keeps what it opens inside
// but follows the links there, so each folder on the way is looked at.
func (t folderTree) find(name string) (info fs.FileInfo, err error) {
	absent := &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	if !readable(name) {
		return nil, absent
	}
	at := "."
	for part := range strings.SplitSeq(name, "/") {
		if info != nil && !info.IsDir() {
			return nil, absent
		}
		at = path.Join(at, part)
		if info, err = t.root.Lstat(at); err != nil {
			return nil, err
		}
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return nil, absent
	}
	return info, nil
}
