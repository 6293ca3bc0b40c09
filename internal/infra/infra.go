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
	// Propose makes the change set the only commit of the proposal's branch on top
	// of the snapshot's head, made or moved there, and opens or updates the pull
	// request for it where the host has such. It fails with ErrStale where that
	// branch moved meanwhile. A change set without files withdraws what was proposed.
	Propose(ctx context.Context, on *Snapshot, p Proposal, c ChangeSet) (Written, error)
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
	By     string // who wrote that commit, and its subject, for messages; may be ""

	Parents []string // of Head
	Waiting []Intent // what other runs wait for, and this one, by ID

	Files fs.FS // the selected files, slash-separated from the repository's root

	// Tree is every regular file of the repository by its path, selected or not;
	// what was not selected is fetched when it is opened, and has the size 0 until
	// then. It is for reading only what a decision needs, and is valid until the
	// repository is closed or the context of Read ends. In a plain folder it is the
	// files as they are when they are opened.
	Tree fs.FS

	github *state // what the API said beside; nil where it was not asked
}

// ChangeSet is what one commit changes.
type ChangeSet struct {
	Files   map[string][]byte // new content by path; modes stay as they are
	Message string            // subject, empty line, body, trailers
	Fulfils []Intent          // what the commit brings or makes needless; see Board

	// Of a pull request alone.
	Title string // "" is the message's subject
	Body  string // Markdown; "" is the rest of the message
	Key   string // what is proposed, the same for the same proposal: ghcr.io/acme/web:v0.0.8
}

// Proposal says how a change set is put before people.
type Proposal struct {
	Branch        string // of its own, for as long as the target exists
	Labels        []string
	Reviewers     []string // logins
	TeamReviewers []string // slugs of teams in the repository's organization
	Assignees     []string // logins
	Draft         bool
	AutoMerge     MergeMethod
}

// MergeMethod is how a host merges a pull request by itself, once it may.
type MergeMethod string

// The merge methods; "" leaves the merge to people.
const (
	MergeCommit MergeMethod = "merge"
	MergeSquash MergeMethod = "squash"
	MergeRebase MergeMethod = "rebase"
)

// Written says what a write left behind.
type Written struct {
	Commit  string // the commit on the branch; "" in a plain folder
	Branch  string // the branch that holds it
	Changed bool   // false: it was there already
	Joined  bool   // the commit of another run brought it, or something newer; Commit is the head that holds it

	PullRequest *PullRequest // nil where there is none
}

// PullRequest is the one for a proposal.
type PullRequest struct {
	Number    int
	URL       string    // its page
	Operation Operation // what became of it
	Notes     []string  // what people should know of it: checks that will not start, a merge that cannot be automatic
}

// Operation is what was done to a pull request.
type Operation string

// The operations, in the words of peter-evans/create-pull-request, and merged.
const (
	Created   Operation = "created"
	Updated   Operation = "updated"
	Unchanged Operation = "none"
	Closed    Operation = "closed"
	Merged    Operation = "merged"
)

// Edit decides on the bytes that were read. It runs again on a new head, so it
// must depend on the snapshot alone. No files in the result: nothing to write.
type Edit func(on *Snapshot) (ChangeSet, error)
