package build

import (
	"archive/tar"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/moby/patternmatcher"
)

// copier puts files from somewhere into the file system of a stage, by the rules
// that BuildKit has for COPY and ADD (its package fsutil/copy): a folder's
// content is copied, not the folder; a file goes into the destination if that is
// a folder or ends with a slash; links are followed in the source's name and in
// the destination, but are copied as links inside folders.
type copier struct {
	from     files
	to       *tree
	dest     string // absolute; a slash at the end means a folder
	owner    *owner // nil keeps that of the source
	mode     *chmod // nil keeps that of the source
	excludes *patternmatcher.PatternMatcher
	unpack   func(src string, n *node) (bool, error) // tries a file as an archive; nil for COPY
	warn     func(format string, args ...any)        // of what is not in the image as it is on disk
	pending  []*pendingFolder                        // the folders above the one being copied
	single   string                                  // the file that dest itself was made into
	verb     string                                  // the instruction, for messages
	opened   int                                     // files that only their owner may read here, and all in the image
}

// pendingFolder is made when the first file in it is copied, where --exclude
// excludes the folder but brings back something in it.
type pendingFolder struct {
	dest string
	from *node
	made bool
	top  bool
}

// source copies what one resolved source names: a path without wildcards.
func (c *copier) source(name string) error {
	src, err := resolve(c.from, name)
	if err != nil {
		return err
	}
	n, err := c.from.lookup(src)
	if err != nil {
		return err
	}
	if c.unpack != nil && n.kind == tar.TypeReg {
		if done, err := c.unpack(src, n); done || err != nil {
			return err
		}
	}
	if err := c.makeDest(); err != nil {
		return err
	}
	dest, err := resolve(c.to, path.Clean(c.dest))
	if err != nil {
		return err
	}
	there, err := c.to.lookup(dest)
	if err == nil && there.isFolder() && !n.isFolder() {
		dest = path.Join(dest, path.Base(name))
	} else if !n.isFolder() {
		if c.single != "" {
			return fmt.Errorf("%s and %s would both become the file %s; end the destination with / to make it a folder", c.single, name, c.dest)
		}
		c.single = name
	}
	folder := path.Dir(dest)
	if n.isFolder() && there == nil {
		folder = dest
	}
	if err := c.to.makeFolders(folder, c.newFolder()); err != nil {
		return err
	}
	return c.copy(src, "", dest, n, patternmatcher.MatchInfo{})
}

// makeDest makes the folders that the destination needs before anything is copied.
func (c *copier) makeDest() error {
	folder := c.dest
	if !strings.HasSuffix(folder, "/") {
		folder = path.Dir(folder)
	}
	at, err := resolve(c.to, path.Clean(folder))
	if err != nil {
		return err
	}
	return c.to.makeFolders(at, c.newFolder())
}

// newFolder is what folders look like that are made on the way. BuildKit gives
// them the owner and the mode of --chown and --chmod, too.
func (c *copier) newFolder() node {
	n := node{mode: 0o755}
	if c.owner != nil {
		n.uid, n.gid = c.owner.uid, c.owner.gid
	}
	if c.mode != nil && c.mode.octal {
		n.mode = c.mode.bits & 0o777
	}
	return n
}

// copy puts n, which is at src, to dest. rel is src seen from the source that the
// instruction names: what --exclude looks at.
func (c *copier) copy(src, rel, dest string, n *node, above patternmatcher.MatchInfo) error {
	excluded, info, err := c.excluded(rel, above)
	if err != nil {
		return err
	}
	if n.isFolder() {
		return c.folder(src, rel, dest, n, excluded, info)
	}
	if excluded {
		return nil
	}
	if n.kind == 0 {
		c.warn("%s is a socket, a pipe or a device and is left out", src)
		return nil
	}
	if strings.HasPrefix(path.Base(dest), whiteout) {
		return fmt.Errorf("%s: a name that begins with %s would delete a file of the image instead of adding one", src, whiteout)
	}
	if err := c.makePending(); err != nil {
		return err
	}
	if there, err := c.to.lookup(dest); err == nil && there.isFolder() {
		return fmt.Errorf("the file %s cannot replace the folder %s", src, dest)
	}
	c.warnOfOpening(n)
	return c.to.put(dest, c.dressed(n))
}

const mostOpened = 5 // lines: under the umask 077 every file of a checkout would have one

// warnOfOpening says that a file which only its owner may read is everybody's in
// the image: it may be a key.
func (c *copier) warnOfOpening(n *node) {
	f, ok := n.content.(*onDisk)
	if !ok || f.mode&0o444 != 0o400 || c.mode != nil {
		return
	}
	if c.opened++; c.opened <= mostOpened {
		c.warn("%s is %04o here and %04o in the image; use %s --chmod", f.name, f.mode, n.mode, c.verb)
	}
}

func (c *copier) warnOfMore() {
	if more := c.opened - mostOpened; more > 0 {
		c.warn("%d more files are for their owner only here and for all to read in the image", more)
	}
}

func (c *copier) folder(src, rel, dest string, n *node, excluded bool, info patternmatcher.MatchInfo) error {
	c.pending = append(c.pending, &pendingFolder{dest: dest, from: n, top: rel == ""})
	defer func() { c.pending = c.pending[:len(c.pending)-1] }()
	if excluded && !c.excludes.Exclusions() {
		return nil
	}
	if !excluded {
		if err := c.makePending(); err != nil {
			return err
		}
	}
	names, err := c.from.list(src)
	if err != nil {
		return err
	}
	for _, name := range names {
		child, err := c.from.lookup(path.Join(src, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // ignored
		}
		if err != nil {
			return err
		}
		if err := c.copy(path.Join(src, name), path.Join(rel, name), path.Join(dest, name), child, info); err != nil {
			return err
		}
	}
	return nil
}

// makePending makes the folders that are being copied. The one that the
// instruction names leaves a folder that is there as it is; those in it take
// the source's owner and mode.
func (c *copier) makePending() error {
	for _, p := range c.pending {
		if p.made {
			continue
		}
		p.made = true
		n := c.dressed(p.from)
		n.children = nil
		there, err := c.to.lookup(p.dest)
		if err == nil && !there.isFolder() {
			return fmt.Errorf("the folder %s cannot replace %s, which is a file or a link in the image", path.Base(p.dest), p.dest)
		}
		if err == nil && (p.top || there.mode == n.mode && there.uid == n.uid && there.gid == n.gid) {
			continue
		}
		if err := c.to.put(p.dest, n); err != nil {
			return err
		}
	}
	return nil
}

// dressed is a copy of n with the owner and the mode that it gets.
func (c *copier) dressed(n *node) *node {
	same := *n
	if c.owner != nil {
		same.uid, same.gid = c.owner.uid, c.owner.gid
	}
	if c.mode != nil && n.kind != tar.TypeSymlink {
		same.mode = c.mode.apply(n)
	}
	return &same
}

func (c *copier) excluded(rel string, above patternmatcher.MatchInfo) (bool, patternmatcher.MatchInfo, error) {
	if c.excludes == nil || rel == "" {
		return false, patternmatcher.MatchInfo{}, nil
	}
	return c.excludes.MatchesUsingParentResults(rel, above)
}

// hasWildcard says whether a source is a pattern.
func hasWildcard(name string) bool {
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '*', '?', '[':
			return true
		case '\\':
			i++
		}
	}
	return false
}

// expand lists what a source with wildcards names, in order. The part before the
// first wildcard must exist; that nothing matches is no mistake.
func expand(in files, pattern string) ([]string, error) {
	if !hasWildcard(pattern) {
		return []string{pattern}, nil
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("%s: %w", pattern, err)
	}
	fixed := "/"
	var rest []string
	for part := range parts(pattern) {
		if len(rest) == 0 && !hasWildcard(part) {
			fixed = path.Join(fixed, part)
		} else {
			rest = append(rest, part)
		}
	}
	start, err := resolve(in, fixed)
	if err != nil {
		return nil, err
	}
	if _, err := in.lookup(start); err != nil {
		return nil, err
	}
	return match(in, start, rest)
}

// match walks down with one part of a pattern for each level.
func match(in files, folder string, patterns []string) ([]string, error) {
	n, err := in.lookup(folder)
	if err != nil || !n.isFolder() {
		return nil, err
	}
	names, err := in.list(folder)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, name := range names {
		hit, err := path.Match(patterns[0], name)
		if err != nil || !hit {
			continue // the pattern was checked as a whole
		}
		at := path.Join(folder, name)
		if _, err := in.lookup(at); errors.Is(err, fs.ErrNotExist) {
			continue // ignored
		}
		if len(patterns) == 1 {
			found = append(found, at)
			continue
		}
		below, err := match(in, at, patterns[1:])
		if err != nil {
			return nil, err
		}
		found = append(found, below...)
	}
	return found, nil
}
