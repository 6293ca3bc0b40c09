package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// unpack reads the tar to its end.
func (a *archive) unpack(plain io.Reader) error {
	entries := tar.NewReader(plain)
	for {
		entry, err := entries.Next()
		switch {
		case errors.Is(err, io.EOF) && len(a.members) == 0:
			return fmt.Errorf("it is an empty tar")
		case errors.Is(err, io.EOF):
			// What follows is read, too: gzip checks its sum at the end.
			if _, err := io.Copy(io.Discard, plain); err != nil {
				return fmt.Errorf("it is cut off or damaged: %w", err)
			}
			return nil
		case errors.Is(err, tar.ErrHeader) && len(a.members) == 0:
			return fmt.Errorf("it is no tar")
		case err != nil:
			return fmt.Errorf("it is cut off or damaged: %w", err)
		}
		if err := a.add(entry, entries); err != nil {
			return err
		}
	}
}

// add keeps one entry. Folders are of no interest, and what is neither a file nor a
// link in the archive has no business in an image's.
func (a *archive) add(entry *tar.Header, content io.Reader) error {
	name := path.Clean(strings.TrimPrefix(entry.Name, "./"))
	if path.IsAbs(entry.Name) || !fs.ValidPath(name) {
		return fmt.Errorf("its entry %q leads out of it", entry.Name)
	}
	if entry.Typeflag == tar.TypeDir || entry.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	if sparse(entry) {
		return fmt.Errorf("its entry %q has holes, which may be of any size: make the tar without --sparse", entry.Name)
	}
	if _, twice := a.members[name]; twice {
		return fmt.Errorf("it has %q twice", name)
	}
	hash, isBlob, err := blobName(name)
	if err != nil {
		return err
	}
	switch {
	case entry.Typeflag == tar.TypeReg && isBlob:
		return a.addBlob(name, hash, content)
	case entry.Typeflag == tar.TypeReg:
		return a.addFile(name, content)
	case isBlob, entry.Typeflag != tar.TypeSymlink && entry.Typeflag != tar.TypeLink:
		return fmt.Errorf("its entry %q is no regular file", entry.Name)
	}
	// docker save links layers that several images share.
	target := path.Clean(entry.Linkname)
	if entry.Typeflag == tar.TypeSymlink {
		target = path.Join(path.Dir(name), entry.Linkname)
	}
	if path.IsAbs(entry.Linkname) || !fs.ValidPath(target) {
		return fmt.Errorf("its link %q leads out of it, to %q", entry.Name, entry.Linkname)
	}
	a.members[name] = member{link: target}
	return nil
}

// sparse reports whether a file has holes, of which the tar says no more than their
// length: a few bytes of it would fill the disk.
func sparse(entry *tar.Header) bool {
	if entry.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range entry.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// blobName reads blobs/sha256/….
func blobName(name string) (hash v1.Hash, ok bool, err error) {
	parts := strings.Split(name, "/")
	if parts[0] != "blobs" {
		return v1.Hash{}, false, nil
	}
	if len(parts) != 3 {
		return v1.Hash{}, false, fmt.Errorf("its entry %q is no blob", name)
	}
	hash, err = v1.NewHash(parts[1] + ":" + parts[2])
	if err != nil {
		return v1.Hash{}, false, fmt.Errorf("its entry %q is no blob: %w", name, err)
	}
	return hash, true, nil
}

func (a *archive) addBlob(name string, want v1.Hash, content io.Reader) error {
	sum, err := v1.Hasher(want.Algorithm)
	if err != nil {
		return err
	}
	file := a.blobPath(want)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return &unwritten{err}
	}
	if err := writeAll(file, io.TeeReader(content, sum)); err != nil {
		return err
	}
	if got := hashOf(want.Algorithm, sum); got != want {
		return fmt.Errorf("its blob %s is damaged: the content is %s", want, got)
	}
	a.members[name] = member{file: file}
	return nil
}

func (a *archive) addFile(name string, content io.Reader) error {
	folder := filepath.Join(a.dir, "files")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return &unwritten{err}
	}
	file := filepath.Join(folder, strconv.Itoa(len(a.members)))
	a.members[name] = member{file: file}
	return writeAll(file, content)
}

func (a *archive) blobPath(hash v1.Hash) string {
	return filepath.Join(a.dir, "blobs", hash.Algorithm, hash.Hex)
}

// find follows links within the archive.
func (a *archive) find(name string) (file string, err error) {
	for at, steps := path.Clean(name), 0; steps < 40; steps++ {
		found, ok := a.members[at]
		if !ok {
			return "", fmt.Errorf("it has no %q", name)
		}
		if found.file != "" {
			return found.file, nil
		}
		at = found.link
	}
	return "", fmt.Errorf("its link %q leads in circles", name)
}

func writeAll(file string, content io.Reader) error {
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return &unwritten{err}
	}
	defer out.Close()
	_, err = io.Copy(writing{out}, content)
	if _, full := errors.AsType[*unwritten](err); full {
		return err
	}
	if err != nil {
		return fmt.Errorf("it is cut off or damaged: %w", err)
	}
	if err := out.Close(); err != nil {
		return &unwritten{err}
	}
	return nil
}

// writing is a file whose errors are told from those of what is read.
type writing struct{ file *os.File }

func (w writing) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	if err != nil {
		err = &unwritten{err}
	}
	return n, err
}
