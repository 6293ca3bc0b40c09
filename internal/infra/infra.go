// Package infra is the infrastructure repository, from which Argo CD deploys: it
// reads the head of a branch and the files that may name an image, and writes
// changed files back by compare-and-swap on the head that was read.
//
// It knows nothing of images and YAML: what changes is decided by an Edit.
package infra

import (
	"context"
	"errors"
	"io/fs"
)

// Repo is an infra repository, reached in one of several ways.
type Repo interface {
	// Read gives the head of the branch with the files that Paths select.
	Read(ctx context.Context) (*Snapshot, error)
	// Commit writes the change set as one commit on the snapshot's head and
	// moves the branch there. Where the branch moved meanwhile it changes
	// nothing and fails with ErrStale.
	Commit(ctx context.Context, on *Snapshot, c ChangeSet) (Written, error)
	// Propose makes the change set the only commit of a branch on top of the
	// snapshot's head, made or moved there. It fails with ErrStale where that
	// branch moved meanwhile.
	Propose(ctx context.Context, on *Snapshot, branch string, c ChangeSet) (Written, error)
}

// ErrStale is in the error of a write that came too late: somebody else wrote
// after the snapshot was read. Nothing was changed; read and edit again.
var ErrStale = errors.New("the infra repository changed since it was read")

// errHeld is in the error of a write that the remote refused for no reason that
// can be seen: another writer is at work on the branch, or never finished.
var errHeld = errors.New("the remote refused although the branch stood still")

// Snapshot is the repository at one commit.
type Snapshot struct {
	Branch string // name without refs/heads/
	Head   string // commit that was read; "" for a plain folder
	Files  fs.FS  // the selected files, slash-separated from the repository's root

	// Tree is every regular file of the repository by its path, selected or not;
	// what was not selected is fetched when it is opened, and has the size 0 until
	// then. It is for reading only what a decision needs, and is valid until the
	// repository is closed or the context of Read ends. In a plain folder it is the
	// files as they are when they are opened.
	Tree fs.FS
}

// ChangeSet is what one commit changes.
type ChangeSet struct {
	Files   map[string][]byte // new content by path; modes stay as they are
	Message string            // subject, empty line, body, trailers
}

// Written says what a write left behind.
type Written struct {
	Commit  string // the commit on the branch; "" in a plain folder
	Branch  string // the branch that holds it
	Changed bool   // false: it was there already
}

// Edit decides on the bytes that were read. It runs again on a new head, so it
// must depend on the snapshot alone. No files in the result: nothing to write.
type Edit func(on *Snapshot) (ChangeSet, error)
