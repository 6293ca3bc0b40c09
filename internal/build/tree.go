package build

import (
	"archive/tar"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// node is one file, folder or link in a file system that is known by its
// headers; what is in a file stays on disk until it is asked for.
type node struct {
	kind         byte  // a tar.Type…, or 0 for what no image can hold, such as a socket
	mode         int64 // permission bits, setuid, setgid and sticky as tar counts them
	uid, gid     int
	size         int64
	link         string // target of a symbolic link
	major, minor int64
	attributes   map[string]string // extended attributes, as PAX records
	content      content           // of a file; hard links share it
	layer        int               // the layer that holds it, counted as in tree.layer
	children     map[string]*node  // of a folder
}

func (n *node) isFolder() bool { return n.kind == tar.TypeDir }

// files is where COPY takes files from: the context, or a tree. Paths are
// absolute, clean and slash-separated; "/" is the root.
type files interface {
	// lookup does not follow a link at the end of name. It fails with
	// fs.ErrNotExist where there is nothing.
	lookup(name string) (*node, error)
	// list names what a folder holds, sorted.
	list(name string) ([]string, error)
	// confined says that links must not lead out of the root; otherwise the root
	// is the root for them too, as in a running container.
	confined() bool
}

// tree is the file system of a stage: what its layers add up to.
type tree struct {
	root  *node
	layer int // the layer being written; nodes of lower layers are older
}

func newTree() *tree {
	return &tree{root: &node{kind: tar.TypeDir, mode: 0o755, children: map[string]*node{}}}
}

// clone is a tree that changes on its own; what is in the files is shared.
func (t *tree) clone() *tree { return &tree{root: t.root.clone(), layer: t.layer} }

func (n *node) clone() *node {
	c := *n
	if n.children != nil {
		c.children = make(map[string]*node, len(n.children))
		for name, child := range n.children {
			c.children[name] = child.clone()
		}
	}
	return &c
}

func (t *tree) confined() bool { return false }

func (t *tree) lookup(name string) (*node, error) {
	n := t.root
	for part := range parts(name) {
		if n = n.children[part]; n == nil {
			return nil, &fs.PathError{Op: "lookup", Path: name, Err: fs.ErrNotExist}
		}
	}
	return n, nil
}

func (t *tree) list(name string) ([]string, error) {
	n, err := t.lookup(name)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(n.children)), nil
}

// put sets what is at name, whose folder must exist. A folder keeps what it holds.
func (t *tree) put(name string, n *node) error {
	n.layer = t.layer
	if n.isFolder() && n.children == nil {
		n.children = map[string]*node{}
	}
	if name == "/" {
		n.children, t.root = t.root.children, n
		return nil
	}
	folder, err := t.lookup(path.Dir(name))
	if err != nil || !folder.isFolder() {
		return fmt.Errorf("%s is not a folder", path.Dir(name))
	}
	if old := folder.children[path.Base(name)]; old != nil && old.isFolder() && n.isFolder() {
		n.children = old.children
	}
	folder.children[path.Base(name)] = n
	return nil
}

// makeFolders makes the folder name and those above it that are missing, each
// like model. Links in name must have been resolved.
func (t *tree) makeFolders(name string, model node) error {
	at := "/"
	for part := range parts(name) {
		at = path.Join(at, part)
		n, err := t.lookup(at)
		if err != nil {
			folder := model
			folder.kind, folder.children = tar.TypeDir, nil
			if err := t.put(at, &folder); err != nil {
				return err
			}
		} else if !n.isFolder() {
			return fmt.Errorf("%s is not a folder", at)
		}
	}
	return nil
}

// walk visits what the layer being written holds, folders before what is in
// them, names sorted: the order of a layer's entries.
func (t *tree) walk(visit func(name string, n *node) error) error {
	var below func(name string, n *node) error
	below = func(name string, n *node) error {
		if n.layer == t.layer && name != "/" {
			if err := visit(name, n); err != nil {
				return err
			}
		}
		for _, child := range slices.Sorted(maps.Keys(n.children)) {
			if err := below(path.Join(name, child), n.children[child]); err != nil {
				return err
			}
		}
		return nil
	}
	return below("/", t.root)
}

// parts are the names between the slashes of a clean absolute path.
func parts(name string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(name, "/") {
			if part != "" && !yield(part) {
				return
			}
		}
	}
}

// errOutside is a link that leads out of the context.
var errOutside = errors.New("leads out of the context")

// resolve follows every link in name, also the last. What does not exist is
// taken as it is written, so that a path that is still to be made has a place.
func resolve(in files, name string) (string, error) {
	const most = 255 // links, as in Docker
	done, todo, links := "/", slices.Collect(parts(name)), 0
	for len(todo) > 0 {
		part := todo[0]
		todo = todo[1:]
		if part == ".." {
			if done == "/" && in.confined() {
				return "", errOutside
			}
			done = path.Dir(done)
			continue
		}
		at := path.Join(done, part)
		n, err := in.lookup(at)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if err != nil || n.kind != tar.TypeSymlink {
			done = at
			continue
		}
		if links++; links > most {
			return "", fmt.Errorf("%s: too many links", name)
		}
		if path.IsAbs(n.link) {
			if in.confined() {
				return "", fmt.Errorf("%s is a link to %s, which %w", at, n.link, errOutside)
			}
			done = "/"
		}
		todo = append(slices.DeleteFunc(strings.Split(n.link, "/"), func(s string) bool { return s == "" || s == "." }), todo...)
	}
	return done, nil
}
