package infra

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

// remoteTree is a commit of which parts are known: an fs.FS that asks for what
// it is asked for. What was learned stays.
type remoteTree struct {
	mu     sync.Mutex
	nodes  map[string]*remoteNode   // files and folders by path
	kids   map[string][]fs.DirEntry // of each folder, those that are known
	others map[string]entry         // symbolic links and submodules, which are not there for who reads
	absent map[string]bool

	more func(...wish) error             // learns more of the commit, under mu
	raw  func(id string) ([]byte, error) // the bytes of a file that came without them
}

// remoteNode is a file or folder of the commit.
type remoteNode struct {
	node
	id       string
	listed   bool // of a folder: all that it holds is known
	unwieldy bool // of a file: too long or too odd to travel as text
}

func newRemoteTree() *remoteTree {
	return &remoteTree{
		nodes: map[string]*remoteNode{".": {node: node{path: ".", mode: fs.ModeDir | 0o555}}},
		kids:  map[string][]fs.DirEntry{}, others: map[string]entry{}, absent: map[string]bool{},
	}
}

// node is the one at a path, made with this mode where it is not known yet.
func (t *remoteTree) node(name string, mode fs.FileMode) *remoteNode {
	n := t.nodes[name]
	if n == nil {
		n = &remoteNode{node: node{path: name, mode: mode}}
		t.nodes[name] = n
		t.kids[path.Dir(name)] = append(t.kids[path.Dir(name)], &n.node)
	}
	return n
}

// certain reports whether it is known what stands at a path.
func (t *remoteTree) certain(name string) bool {
	for at := name; ; at = path.Dir(at) {
		_, other := t.others[at]
		n := t.nodes[at]
		switch {
		case t.absent[at], other, n != nil && (at == name || n.mode.IsRegular() || n.listed):
			return true
		case n != nil || at == ".":
			return false
		}
	}
}

// brought reports whether a wish would bring nothing new.
func (t *remoteTree) brought(w wish) bool {
	n := t.nodes[w.path]
	return t.certain(w.path) && (n == nil || n.mode.IsRegular() || n.listed)
}

// holds reports whether all that a pattern may match is known.
func (t *remoteTree) holds(pattern string) bool {
	base, _ := reach(pattern)
	if !t.certain(base) {
		return false
	}
	for name, n := range t.nodes {
		if n.IsDir() && !n.listed && (base == "." || name == base || strings.HasPrefix(name, base+"/")) {
			return false
		}
	}
	return true
}

// known is the content of a file, if it came.
func (t *remoteTree) known(e entry) ([]byte, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.nodes[e.path]
	return n.bytes(), n.loaded()
}

// find is the node at a path; it is asked for where it is not known.
func (t *remoteTree) find(op, name string) (*remoteNode, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if !t.certain(name) && readable(name) {
		w := wish{name, 1, false}
		if parent := path.Dir(name); holdsManifests(name) && t.nodes[parent] != nil {
			w.path = parent // what stands beside a manifest is asked for next
		}
		if err := t.more(w); err != nil {
			return nil, &fs.PathError{Op: op, Path: name, Err: err}
		}
	}
	if n := t.nodes[name]; n != nil {
		return n, nil
	}
	return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

// content is what a file holds.
func (t *remoteTree) content(op string, n *remoteNode) ([]byte, error) {
	if !n.loaded() && !n.unwieldy { // it was listed without its text
		if err := t.more(wish{path.Dir(n.path), 1, false}); err != nil {
			return nil, &fs.PathError{Op: op, Path: n.path, Err: err}
		}
	}
	if !n.loaded() {
		data, err := t.raw(n.id)
		if err == nil && blobID(data) != n.id {
			err = errors.New("the host sent other bytes than the commit holds")
		}
		if err != nil {
			return nil, &fs.PathError{Op: op, Path: n.path, Err: err}
		}
		n.data.Store(&data)
	}
	return n.bytes(), nil
}

// Open implements fs.FS.
func (t *remoteTree) Open(name string) (fs.File, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if n.IsDir() {
		children, err := t.children("open", n)
		return &openDir{info: &n.node, path: name, entries: children}, err
	}
	data, err := t.content("open", n)
	if err != nil {
		return nil, err
	}
	return &openFile{Reader: bytes.NewReader(data), node: &n.node}, nil
}

// ReadFile implements fs.ReadFileFS; the bytes are the caller's.
func (t *remoteTree) ReadFile(name string) ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, err := t.find("read", name)
	if err != nil {
		return nil, err
	}
	if n.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
	}
	data, err := t.content("read", n)
	return bytes.Clone(data), err
}

// ReadDir implements fs.ReadDirFS.
func (t *remoteTree) ReadDir(name string) ([]fs.DirEntry, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, err := t.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if !n.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	return t.children("readdir", n)
}

// children are the files and folders in a folder, by name.
func (t *remoteTree) children(op string, n *remoteNode) ([]fs.DirEntry, error) {
	if !n.listed {
		if err := t.more(wish{n.path, 1, false}); err != nil {
			return nil, &fs.PathError{Op: op, Path: n.path, Err: err}
		}
	}
	all := slices.Clone(t.kids[n.path])
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return all, nil
}

// Stat implements fs.StatFS.
func (t *remoteTree) Stat(name string) (fs.FileInfo, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, err := t.find("stat", name)
	if err != nil {
		return nil, err
	}
	return &n.node, nil
}

// complete lists all folders below a path, this many levels deep.
func (t *remoteTree) complete(ctx context.Context, base string, counts func(folder string) bool) error {
	const most = 2000 // folders; who has more is served better by git
	for asked := 0; ; {
		var unlisted []wish
		for name, n := range t.nodes {
			if n.IsDir() && !n.listed && (name == base || base == "." || strings.HasPrefix(name, base+"/")) && counts(name) {
				unlisted = append(unlisted, wish{name, deepest, false})
			}
		}
		if len(unlisted) == 0 {
			return nil
		}
		if asked += len(unlisted); asked > most {
			return errManyFolders
		}
		slices.SortFunc(unlisted, func(a, b wish) int { return cmp.Compare(a.path, b.path) })
		if err := t.more(unlisted...); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
	}
}

// errManyFolders says that git should read the repository.
var errManyFolders = errors.New("too many folders for single requests")

// entries are all places that are known and no folders, sorted by path.
func (t *remoteTree) entries() []entry {
	var all []entry
	for name, n := range t.nodes {
		if n.mode.IsRegular() {
			all = append(all, entry{path: name, mode: n.mode, id: n.id})
		}
	}
	for _, e := range t.others {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.path, b.path) })
	return all
}
