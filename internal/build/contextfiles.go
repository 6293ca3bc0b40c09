package build

import (
	"archive/tar"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// contextFiles is the build context as COPY sees it: the folder without what the
// ignore file excludes, read through os.Root, which opens nothing outside it.
//
// Owner and time of the files do not count, as with Docker. Their modes are made
// portable, unless they are to be exact, as BuildKit keeps them.
type contextFiles struct {
	root       *os.Root
	fsys       fs.ReadLinkFS
	ignore     *patternmatcher.PatternMatcher // nil where nothing is ignored
	ignoreName string                         // the ignore file, for messages
	exact      bool                           // modes are those on disk
	layout     string                         // where the image is being written, if that is in the context: no part of it
}

// openContext opens the folder and reads the ignore file: the one beside the
// Dockerfile with its name and .dockerignore, or .dockerignore in the context.
func openContext(r Request) (*contextFiles, error) {
	root, err := os.OpenRoot(r.Context)
	if err != nil {
		return nil, fault.New("E_BUILD_CONTEXT", "see that this user may read the folder", err)
	}
	c := &contextFiles{root: root, fsys: root.FS().(fs.ReadLinkFS), layout: within(r.Context, r.Layout),
		ignoreName: filepath.Base(dockerfilePath(r)) + ".dockerignore"}
	data, err := os.ReadFile(dockerfilePath(r) + ".dockerignore")
	if errors.Is(err, fs.ErrNotExist) {
		c.ignoreName = ".dockerignore"
		data, err = fs.ReadFile(c.fsys, c.ignoreName)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(fault.New("E_BUILD_CONTEXT", "see that this user may read the file", err), root.Close())
	}
	patterns, err := ignorefile.ReadAll(strings.NewReader(string(data)))
	if err == nil && len(patterns) > 0 {
		c.ignore, err = patternmatcher.New(patterns)
	}
	if err != nil {
		return nil, errors.Join(fault.New("E_BUILD_CONTEXT", "https://docs.docker.com/build/concepts/context/#dockerignore-files",
			err).At(c.ignoreName, 0), root.Close())
	}
	return c, nil
}

// within is where name lies in folder, as a path of the context, or "" if it does not.
func within(folder, name string) string {
	from, err1 := filepath.Abs(folder)
	to, err2 := filepath.Abs(name)
	if err1 != nil || err2 != nil {
		return ""
	}
	rel, err := filepath.Rel(from, to)
	if err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	return "/" + filepath.ToSlash(rel)
}

func (c *contextFiles) confined() bool { return true }

// local is name as io/fs wants it.
func local(name string) string {
	if name == "/" {
		return "."
	}
	return name[1:]
}

func (c *contextFiles) lookup(name string) (*node, error) {
	n, err := c.stat(name)
	if err != nil {
		return nil, err
	}
	ignored, err := c.ignored(name, n)
	if err != nil {
		return nil, err
	}
	if ignored || name == c.layout {
		return nil, &fs.PathError{Op: "lookup", Path: name, Err: errIgnored{}}
	}
	return n, nil
}

// errIgnored is a file that is there, but excluded from the context.
type errIgnored struct{}

func (errIgnored) Error() string        { return "is ignored" }
func (errIgnored) Is(target error) bool { return target == fs.ErrNotExist }

// stat is lookup without regard to the ignore file.
func (c *contextFiles) stat(name string) (*node, error) {
	info, err := c.fsys.Lstat(local(name))
	if errors.Is(err, syscall.ENOTDIR) {
		err = &fs.PathError{Op: "lookup", Path: name, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, err
	}
	n := &node{mode: portable(info.Mode())}
	if c.exact {
		n.mode = bits(info.Mode())
	}
	switch info.Mode().Type() {
	case 0:
		n.kind, n.size, n.content = tar.TypeReg, info.Size(), &onDisk{root: c.fsys, name: local(name), mode: info.Mode().Perm()}
	case fs.ModeDir:
		n.kind = tar.TypeDir
	case fs.ModeSymlink:
		n.kind, n.mode = tar.TypeSymlink, 0o777
		if n.link, err = c.fsys.ReadLink(local(name)); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// portable is what of a file's mode does not depend on where it was checked out:
// the bits of the owner count, and group and others may read and execute where
// the owner may. That is what a checkout has under the umask 022, so another
// usual umask gives the same image. What none of them makes is meant, and stays:
// setuid, setgid, sticky, and all bits of a file that others may write. But a
// folder has setgid from the one it was made in, which is the machine's business.
func portable(mode fs.FileMode) int64 {
	if mode.IsDir() {
		mode &^= fs.ModeSetgid
	}
	all := bits(mode)
	if all&0o002 == 0 {
		may := all & 0o500
		all = all&^0o077 | may>>3 | may>>6
	}
	return all
}

// bits are a mode as tar counts them.
func bits(mode fs.FileMode) int64 {
	all := int64(mode.Perm())
	for bit, flag := range special {
		if mode&flag != 0 {
			all |= bit
		}
	}
	return all
}

func (c *contextFiles) list(name string) ([]string, error) {
	entries, err := fs.ReadDir(c.fsys, local(name))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, nil
}

// ignored says whether the ignore file excludes name. A folder that is excluded
// is there all the same if a pattern with ! brings back something in it.
func (c *contextFiles) ignored(name string, n *node) (bool, error) {
	if c.ignore == nil || name == "/" {
		return false, nil
	}
	excluded, err := c.ignore.MatchesOrParentMatches(local(name))
	if err != nil || !excluded || !n.isFolder() || !c.mayBringBack(local(name)) {
		return excluded, err
	}
	names, err := c.list(name)
	if err != nil {
		return true, err
	}
	for _, child := range names {
		below, err := c.stat(path.Join(name, child))
		if err != nil {
			return true, err
		}
		if gone, err := c.ignored(path.Join(name, child), below); err != nil || !gone {
			return false, err
		}
	}
	return true, nil
}

// mayBringBack says whether a pattern with ! can match something in folder, so
// that an excluded node_modules is not read for nothing.
func (c *contextFiles) mayBringBack(folder string) bool {
	for _, pattern := range c.ignore.Patterns() {
		if !pattern.Exclusion() {
			continue
		}
		text := strings.Trim(pattern.String(), "/")
		if i := strings.IndexAny(text, `*?[\`); i >= 0 {
			text = text[:i]
		}
		if strings.HasPrefix(folder+"/", text) || strings.HasPrefix(text, folder+"/") {
			return true
		}
	}
	return false
}

// why tells, for a message, which pattern excludes name.
func (c *contextFiles) why(name string) string {
	last := ""
	for _, pattern := range c.ignore.Patterns() {
		if pattern.Exclusion() {
			continue
		}
		if hit, err := patternmatcher.MatchesOrParentMatches(local(name), []string{pattern.String()}); err == nil && hit {
			last = pattern.String()
		}
	}
	if last == "" {
		return c.ignoreName + " excludes it"
	}
	return fmt.Sprintf("%s excludes it with the pattern %q", c.ignoreName, last)
}
