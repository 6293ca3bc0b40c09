package build

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// errArchive is an archive that cannot be read here, though Docker may do so.
var errArchive = errors.New("cannot be unpacked by the native builder")

// openArchive gives the entries of a tar file that is plain or compressed, or nil
// where r is none: then ADD copies it like any other file.
func openArchive(r io.Reader) (*tar.Reader, error) {
	buffered := bufio.NewReader(r)
	magic, err := buffered.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var plain io.Reader = buffered
	switch {
	case bytes.HasPrefix(magic, []byte("\x1f\x8b")):
		plain, err = gzip.NewReader(buffered)
	case bytes.HasPrefix(magic, []byte("BZh")):
		plain, err = bzip2.NewReader(buffered), nil
	case bytes.HasPrefix(magic, []byte("\x28\xb5\x2f\xfd")):
		plain, err = zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1))
	case bytes.HasPrefix(magic, []byte("\xfd7zXZ\x00")):
		return nil, fmt.Errorf("it is packed with xz and %w", errArchive)
	}
	if err != nil {
		return nil, nil // looks compressed but is not
	}
	return tar.NewReader(plain), nil
}

// isArchive reads the first header.
func isArchive(ctx context.Context, c content) (bool, error) {
	r, err := c.open(ctx)
	if err != nil {
		return false, err
	}
	defer r.Close()
	entries, err := openArchive(r)
	if err != nil || entries == nil {
		return false, err
	}
	_, err = entries.Next()
	return err == nil, nil
}

// unpacker unpacks local archives for ADD.
type unpacker struct {
	to    *tree
	dest  string
	owner *owner
	spool *spool
}

// try unpacks n if it is an archive. Its entries keep owner and mode, --chown
// apart; --chmod does not touch them, as in Docker.
func (u *unpacker) try(ctx context.Context, src string, n *node) (bool, error) {
	ok, err := isArchive(ctx, n.content)
	if err != nil {
		return false, fmt.Errorf("%s: %w", src, err)
	}
	if !ok {
		return false, nil
	}
	root, err := resolve(u.to, path.Clean(u.dest))
	if err != nil {
		return false, err
	}
	if err := u.to.makeFolders(root, u.folder()); err != nil {
		return false, err
	}
	r, err := n.content.open(ctx)
	if err != nil {
		return false, err
	}
	defer r.Close()
	entries, err := openArchive(r)
	for err == nil {
		var h *tar.Header
		if h, err = entries.Next(); err == nil {
			err = u.entry(ctx, root, h, entries)
		}
	}
	if !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("%s: %w", src, err)
	}
	return true, nil
}

func (u *unpacker) folder() node {
	n := node{mode: 0o755}
	if u.owner != nil {
		n.uid, n.gid = u.owner.uid, u.owner.gid
	}
	return n
}

func (u *unpacker) entry(ctx context.Context, root string, h *tar.Header, data io.Reader) error {
	name := path.Clean("/" + h.Name)
	if strings.HasPrefix(path.Clean(h.Name), "..") {
		return fmt.Errorf("its entry %q leads out of the archive", h.Name)
	}
	if strings.HasPrefix(path.Base(name), whiteout) {
		return fmt.Errorf("its entry %q would delete a file of the image", h.Name)
	}
	var c content
	if h.Typeflag == tar.TypeReg || h.Typeflag == tar.TypeGNUSparse {
		part, err := u.spool.add(ctx, data)
		if err != nil {
			return err
		}
		c = part
	}
	n, err := u.to.fromHeader(h, c, root)
	if err != nil || n == nil {
		return err
	}
	if u.owner != nil {
		n.uid, n.gid = u.owner.uid, u.owner.gid
	}
	at, err := resolve(u.to, path.Join(root, path.Dir(name)))
	if err != nil {
		return err
	}
	if err := u.to.makeFolders(at, u.folder()); err != nil {
		return err
	}
	if name == "/" {
		return nil // the destination stays as it is
	}
	return u.to.put(path.Join(at, path.Base(name)), n)
}
