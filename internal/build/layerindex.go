package build

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// whiteout marks, in a layer, that a file of a lower layer is gone; opaque marks
// that all of a folder's are. See image-spec, "Representing Changes".
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// apply reads the headers of a layer, in the order of the tar stream, and changes
// the tree by them.
func (t *tree) apply(ctx context.Context, l *layer) error {
	t.layer++
	r, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	entries := tar.NewReader(r)
	for number := 0; ; number++ {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("layer %s: %w", l.Digest, err)
		}
		if err := t.entry(h, stored{l, number}); err != nil {
			return fmt.Errorf("layer %s: %w", l.Digest, err)
		}
	}
}

// entry applies one header. Links in the path are followed, as the programs that
// unpack images do.
func (t *tree) entry(h *tar.Header, c content) error {
	name := path.Clean("/" + h.Name)
	if name == "/" {
		t.root.mode, t.root.uid, t.root.gid = h.Mode&0o7777, h.Uid, h.Gid
		return nil
	}
	folder, err := resolve(t, path.Dir(name))
	if err != nil {
		return err
	}
	base := path.Base(name)
	if strings.HasPrefix(base, whiteout) {
		t.remove(folder, base)
		return nil
	}
	n, err := t.fromHeader(h, c, "/")
	if err != nil || n == nil {
		return err
	}
	at := "/"
	for part := range parts(folder) { // a layer need not name the folders that its files are in
		at = path.Join(at, part)
		if there, err := t.lookup(at); err == nil && there.isFolder() {
			continue
		}
		if err := t.put(at, &node{kind: tar.TypeDir, mode: 0o755}); err != nil {
			return err
		}
	}
	return t.put(path.Join(folder, base), n)
}

// fromHeader makes the node for an entry of a tar file that is unpacked at root,
// or nil for an entry that is no file.
func (t *tree) fromHeader(h *tar.Header, c content, root string) (*node, error) {
	n := &node{kind: h.Typeflag, mode: h.Mode & 0o7777, uid: h.Uid, gid: h.Gid, major: h.Devmajor, minor: h.Devminor}
	for key, value := range h.PAXRecords {
		if strings.HasPrefix(key, "SCHILY.xattr.") {
			if n.attributes == nil {
				n.attributes = map[string]string{}
			}
			n.attributes[key] = value
		}
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
		n.kind, n.size, n.content = tar.TypeReg, h.Size, c
	case tar.TypeSymlink:
		n.link = h.Linkname
	case tar.TypeDir, tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
	case tar.TypeLink:
		folder, err := resolve(t, path.Join(root, path.Dir(path.Clean("/"+h.Linkname))))
		if err != nil {
			return nil, err
		}
		target, err := t.lookup(path.Join(folder, path.Base(h.Linkname)))
		if err != nil || target.isFolder() {
			return nil, fmt.Errorf("%s is a hard link to %s, which is no file", h.Name, h.Linkname)
		}
		same := *target
		return &same, nil
	default:
		return nil, nil
	}
	return n, nil
}

// remove carries out a whiteout: it hides what lower layers have, never what the
// layer that is being read has itself, wherever in the layer it stands.
func (t *tree) remove(folder, base string) {
	n, err := t.lookup(folder)
	if err != nil {
		return
	}
	if base == opaque {
		for name, child := range n.children {
			if !t.keep(child) {
				delete(n.children, name)
			}
		}
		return
	}
	name := strings.TrimPrefix(base, whiteout)
	if child := n.children[name]; child != nil && !t.keep(child) {
		delete(n.children, name)
	}
}

// keep drops what lower layers have in n and says whether anything is left.
func (t *tree) keep(n *node) bool {
	left := n.layer == t.layer
	for name, child := range n.children {
		if t.keep(child) {
			left = true
		} else {
			delete(n.children, name)
		}
	}
	return left
}
