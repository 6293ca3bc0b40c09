package infra

import (
	"bytes"
	"cmp"
	"io"
	"io/fs"
	"path"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// memory is a tree of files that were read: an fs.FS that no later change of
// the repository reaches. What was not read yet is loaded when it is opened.
type memory struct {
	nodes func() map[string]*node // by path; made when they are first asked for
	load  func(*node) error       // gives the node its data; nil where none lacks it
}

// node is a file or a folder; it is its own fs.FileInfo and fs.DirEntry.
type node struct {
	path     string
	mode     fs.FileMode
	data     atomic.Pointer[[]byte] // of a file; nil: not loaded
	children []fs.DirEntry          // of a folder, by name
}

func (n *node) Name() string               { return path.Base(n.path) }
func (n *node) Size() int64                { return int64(len(n.bytes())) }
func (n *node) Mode() fs.FileMode          { return n.mode }
func (n *node) ModTime() time.Time         { return time.Time{} }
func (n *node) IsDir() bool                { return n.mode.IsDir() }
func (n *node) Sys() any                   { return nil }
func (n *node) Type() fs.FileMode          { return n.mode.Type() }
func (n *node) Info() (fs.FileInfo, error) { return n, nil }
func (n *node) String() string             { return fs.FormatDirEntry(n) }

func (n *node) loaded() bool { return n.data.Load() != nil }

// bytes is what was loaded.
func (n *node) bytes() []byte {
	if data := n.data.Load(); data != nil {
		return *data
	}
	return nil
}

// newMemory is the tree of the regular files among the entries that have a
// readable name, with the bytes that read knows.
func newMemory(entries []entry, read func(entry) ([]byte, bool)) *memory {
	return &memory{nodes: sync.OnceValue(func() map[string]*node {
		nodes := map[string]*node{".": {path: ".", mode: fs.ModeDir | 0o555}}
		for _, e := range entries {
			if !e.regular() || !readable(e.path) {
				continue
			}
			file := &node{path: e.path, mode: e.mode}
			if data, ok := read(e); ok {
				file.data.Store(&data)
			}
			plant(nodes, file)
		}
		for _, n := range nodes {
			slices.SortFunc(n.children, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
		}
		return nodes
	})}
}

// plant adds a node and the folders on its way.
func plant(nodes map[string]*node, n *node) {
	nodes[n.path] = n
	dir := path.Dir(n.path)
	if nodes[dir] == nil {
		plant(nodes, &node{path: dir, mode: fs.ModeDir | 0o555})
	}
	nodes[dir].children = append(nodes[dir].children, n)
}

func (m *memory) find(op, name string) (*node, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if n := m.nodes()[name]; n != nil {
		return n, nil
	}
	return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

// content is what a file holds.
func (m *memory) content(op string, n *node) ([]byte, error) {
	if !n.loaded() {
		if err := m.load(n); err != nil {
			return nil, &fs.PathError{Op: op, Path: n.path, Err: err}
		}
	}
	return n.bytes(), nil
}

// Open implements fs.FS.
func (m *memory) Open(name string) (fs.File, error) {
	n, err := m.find("open", name)
	if err != nil {
		return nil, err
	}
	if n.IsDir() {
		return &openDir{info: n, path: name, entries: n.children}, nil
	}
	data, err := m.content("open", n)
	if err != nil {
		return nil, err
	}
	return &openFile{Reader: bytes.NewReader(data), node: n}, nil
}

// ReadFile implements fs.ReadFileFS; the bytes are the caller's.
func (m *memory) ReadFile(name string) ([]byte, error) {
	n, err := m.find("read", name)
	if err != nil {
		return nil, err
	}
	if n.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
	}
	data, err := m.content("read", n)
	return bytes.Clone(data), err
}

// ReadDir implements fs.ReadDirFS.
func (m *memory) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := m.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if !n.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	return slices.Clone(n.children), nil
}

// Stat implements fs.StatFS.
func (m *memory) Stat(name string) (fs.FileInfo, error) {
	n, err := m.find("stat", name)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// openFile is a file that is being read.
type openFile struct {
	*bytes.Reader
	node *node
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *openFile) Close() error               { return nil }

// openDir is a folder that is being listed.
type openDir struct {
	info    fs.FileInfo
	path    string
	entries []fs.DirEntry // those still to come
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.path, Err: fs.ErrInvalid}
}

func (d *openDir) ReadDir(count int) ([]fs.DirEntry, error) {
	next := d.entries
	if count > 0 && len(next) == 0 {
		return nil, io.EOF
	}
	if count > 0 && len(next) > count {
		next = next[:count]
	}
	d.entries = d.entries[len(next):]
	return slices.Clone(next), nil
}
