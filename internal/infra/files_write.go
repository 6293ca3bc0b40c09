package infra

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
)

// Commit implements Repo: the new contents are all written beside their files
// first, and then renamed, so that no reader ever finds half a file. A file that
// is not as it was read is somebody's edit: ErrStale. There is no commit, and the
// message is not used.
func (f *Files) Commit(ctx context.Context, on *Snapshot, c ChangeSet) (Written, error) {
	unlock, err := lock(f.root)
	if err != nil {
		return Written{}, err
	}
	defer unlock()
	entries, err := f.list(ctx, sortedKeys(c.Files)...)
	if err != nil {
		return Written{}, err
	}
	if err := checkChange(entries, c); err != nil {
		return Written{}, err
	}
	changed, err := f.compare(entries, on, c)
	if err != nil || len(changed) == 0 {
		return Written{}, err
	}
	if err := f.replace(ctx, c, changed); err != nil {
		return Written{}, err
	}
	return Written{Changed: true}, nil
}

// compare is the paths whose content differs from the change set, provided that
// every file is still as the snapshot has it.
func (f *Files) compare(entries []entry, on *Snapshot, c ChangeSet) ([]string, error) {
	// A path that selects nothing was reported by Read; what the others select counts here.
	selected, _ := f.paths.selectFrom(entries)
	files, ok := on.Files.(*readings)
	if !ok {
		return nil, errors.New("the snapshot is not one of this folder")
	}
	var changed []string
	for _, name := range sortedKeys(c.Files) {
		now, err := f.root.ReadFile(name)
		absent := errors.Is(err, fs.ErrNotExist)
		if err != nil && !absent {
			return nil, err
		}
		// A file outside of the paths was not read, so that there is nothing to compare.
		_, err = fs.Stat(on.Files, name)
		read := err == nil
		appeared := !read && slices.ContainsFunc(selected, func(e entry) bool { return e.path == name })
		if appeared || read && (absent || !files.same(name, now)) {
			return nil, fmt.Errorf("%s: %w", name, ErrStale)
		}
		if absent || !bytes.Equal(now, c.Files[name]) {
			changed = append(changed, name)
		}
	}
	return changed, nil
}

// replace stages the content of every changed file, then renames them all.
func (f *Files) replace(ctx context.Context, c ChangeSet, changed []string) (err error) {
	staged := map[string]string{}
	defer func() {
		for _, temp := range staged {
			err = errors.Join(err, f.root.Remove(temp))
		}
	}()
	for _, name := range changed {
		before, err := f.root.Lstat(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		temp := path.Join(path.Dir(name), ".tagboat-"+rand.Text())
		if err := f.root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		created, err := f.stage(temp, before, c.Files[name])
		if created {
			staged[name] = temp
		}
		if err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, name := range changed {
		if err := f.root.Rename(staged[name], name); err != nil {
			return err
		}
		delete(staged, name)
	}
	return nil
}

// stage writes one new file, with the mode and owner of the one that it is to
// replace (nil: there is none), and sees that it is on the disk.
func (f *Files) stage(temp string, before fs.FileInfo, content []byte) (created bool, err error) {
	file, err := f.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false, err
	}
	mode := fs.FileMode(0o644)
	if before != nil {
		mode = before.Mode() & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
		if !giveTo(file, before) {
			mode &^= fs.ModeSetuid | fs.ModeSetgid // they would hand on the rights of somebody else
		}
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Chmod(mode)
	}
	if err == nil {
		err = file.Sync()
	}
	return true, errors.Join(err, file.Close())
}
