package render

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// source is the repository as it is; each of its files is read once.
type source struct {
	files fs.FS
	read  map[string][]byte
	modes map[string]fs.FileMode
	err   error // the first that is not about the file's absence
}

func newSource(files fs.FS) *source {
	return &source{files: files, read: map[string][]byte{}, modes: map[string]fs.FileMode{".": fs.ModeDir}}
}

func (s *source) bytes(name string) ([]byte, error) {
	if data, ok := s.read[name]; ok {
		return data, nil
	}
	data, err := fs.ReadFile(s.files, name)
	if err == nil {
		s.read[name] = data
	} else {
		s.note(err)
	}
	return data, err
}

// mode is the type of what has a name, or irregular where nothing has it. What
// is reached by way of a symbolic link is not there.
func (s *source) mode(name string) fs.FileMode {
	if mode, ok := s.modes[name]; ok {
		return mode
	}
	mode := fs.ModeIrregular
	if s.mode(path.Dir(name)).IsDir() {
		info, err := fs.Lstat(s.files, name)
		if err == nil {
			mode = info.Mode().Type()
		} else {
			s.note(err)
		}
	}
	s.modes[name] = mode
	return mode
}

func (s *source) note(err error) {
	if s.err == nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid) {
		s.err = fmt.Errorf("read the kustomizations: %w", err)
	}
}

// tree is the source with some files changed, as the file system that kustomize
// reads from. The file system below is empty: what is not said here is not there.
type tree struct {
	filesys.FileSystem
	*source
	changed map[string][]byte
}

func newTree(s *source, changed map[string][]byte) *tree {
	return &tree{filesys.MakeEmptyDirInMemory(), s, changed}
}

// top is where kustomize sees the root of the repository. A path that leaves the
// repository comes back into it by no other name.
const top = "/\u2026repository"

func above(name string) string { return path.Join(top, name) }

// below is the path in the repository.
func below(name string) (string, bool) {
	name = path.Clean(name)
	rest, ok := strings.CutPrefix(name, top+"/")
	if name == top {
		return ".", true
	}
	return rest, ok
}

func (t *tree) isFile(name string) bool {
	_, ok := t.changed[name]
	return ok || fs.ValidPath(name) && t.mode(name).IsRegular()
}

func (t *tree) isFolder(name string) bool { return fs.ValidPath(name) && t.mode(name).IsDir() }

// bytes are those of a file, with its change.
func (t *tree) bytes(name string) ([]byte, error) {
	if data, ok := t.changed[name]; ok {
		return data, nil
	}
	return t.source.bytes(name)
}

// CleanedAbs implements filesys.FileSystem.
func (t *tree) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	in, ok := below(name)
	switch {
	case !ok:
		return "", "", fmt.Errorf("%s is outside of the repository", path.Join("..", name))
	case t.isFile(in):
		return filesys.ConfirmedDir(above(path.Dir(in))), path.Base(in), nil
	case t.isFolder(in):
		return filesys.ConfirmedDir(above(in)), "", nil
	}
	return "", "", fmt.Errorf("%s is not among the files", in)
}

// ReadFile implements filesys.FileSystem. Kustomize may write into what it gets.
func (t *tree) ReadFile(name string) ([]byte, error) {
	in, ok := below(name)
	if !ok || !t.isFile(in) {
		return nil, fmt.Errorf("%s is not among the files", in)
	}
	data, err := t.bytes(in)
	return append([]byte(nil), data...), err
}
