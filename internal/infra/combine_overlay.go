package infra

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
)

// overlay is a tree in which some files have another content. What is new in it
// can be opened, and is not listed; without added it is not there at all.
type overlay struct {
	base  fs.FS
	files map[string][]byte
	added bool
}

// find is the file with the other content; nil where the base answers.
func (o overlay) find(name string) (*node, error) {
	data, ok := o.files[name]
	if !ok {
		return nil, nil
	}
	mode := fs.FileMode(0o644)
	info, err := fs.Stat(o.base, name)
	switch {
	case err == nil:
		mode = info.Mode()
	case !o.added || !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	n := &node{path: name, mode: mode}
	n.data.Store(&data)
	return n, nil
}

// Open implements fs.FS.
func (o overlay) Open(name string) (fs.File, error) {
	n, err := o.find(name)
	switch {
	case err != nil:
		return nil, err
	case n != nil:
		return &openFile{Reader: bytes.NewReader(n.bytes()), node: n}, nil
	}
	file, err := o.base.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil || !info.IsDir() {
		return file, err
	}
	entries, err := o.ReadDir(name)
	return &openDir{info: info, path: name, entries: entries}, errors.Join(err, file.Close())
}

// ReadFile implements fs.ReadFileFS; the bytes are the caller's.
func (o overlay) ReadFile(name string) ([]byte, error) {
	n, err := o.find(name)
	switch {
	case err != nil:
		return nil, err
	case n != nil:
		return bytes.Clone(n.bytes()), nil
	}
	return fs.ReadFile(o.base, name)
}

// Stat implements fs.StatFS.
func (o overlay) Stat(name string) (fs.FileInfo, error) {
	n, err := o.find(name)
	switch {
	case err != nil:
		return nil, err
	case n != nil:
		return n, nil
	}
	return fs.Stat(o.base, name)
}

// ReadDir implements fs.ReadDirFS.
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.base, name)
	for i, e := range entries {
		n, err := o.find(path.Join(name, e.Name()))
		if err != nil {
			return nil, err
		}
		if n != nil {
			entries[i] = n
		}
	}
	return entries, err
}
