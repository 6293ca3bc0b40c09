package infra

import (
	"context"
	"fmt"
	"io/fs"
	"os"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Files is an infra repository that is a plain folder, edited in place: the
// checkout of somebody who commits by other means. Nothing outside of the folder
// is reached, whatever its symbolic links say.
type Files struct {
	root  *os.Root
	paths Paths
}

// OpenFiles opens the folder. Close lets it go.
func OpenFiles(folder string, paths Paths) (*Files, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fault.New("E_INFRA_FOLDER", "name a folder that exists and may be read", err)
	}
	return &Files{root: root, paths: paths}, nil
}

// Close lets the folder go.
func (f *Files) Close() error { return f.root.Close() }

// Read implements Repo; a folder has no branch and no head.
func (f *Files) Read(ctx context.Context) (*Snapshot, error) {
	entries, err := f.list(ctx)
	if err != nil {
		return nil, err
	}
	selected, err := f.paths.selectFrom(entries)
	if err != nil {
		return nil, err
	}
	files, err := newReadings(ctx, f.root, selected)
	if err != nil {
		return nil, err
	}
	return &Snapshot{Files: files, Tree: folderTree{f.root}}, nil
}

// list is every path of the folder that is no folder itself, without what is
// git's own and without folders that are not looked into: those that other tools
// fill, unless one of the paths or of the changed files is in such a folder, and
// those whose name cannot be written in a path. Symbolic links are listed and not
// followed.
func (f *Files) list(ctx context.Context, changed ...string) ([]entry, error) {
	named := append(changed, f.paths.patterns...)
	var entries []entry
	err := fs.WalkDir(f.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = context.Cause(ctx)
		}
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || !readable(name) || filled(d.Name()) && !within(d.Name(), named)):
			return fs.SkipDir
		case d.IsDir() || d.Name() == ".git":
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		entries = append(entries, entry{path: name, mode: info.Mode()})
		return nil
	})
	return entries, err
}

// Propose implements Repo: a folder has no branches, so it always fails.
func (f *Files) Propose(context.Context, *Snapshot, Proposal, ChangeSet) (Written, error) {
	return Written{}, fault.New("E_INFRA_MODE", "name a git repository for `infra-mode: pull-request`, or use `infra-mode: files`",
		fmt.Errorf("%s is edited in place: there is no branch to propose", f.root.Name()))
}
