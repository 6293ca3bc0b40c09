package infra

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
)

// GitOptions say which repository and branch is meant, and who writes.
type GitOptions struct {
	Remote git.Remote
	Branch string           // without refs/heads/; "" is the one that the remote's HEAD names
	Paths  Paths            // the zero value is the whole repository
	Author Identity         // author and committer
	Temp   string           // where the scratch repository is made; "" is the system's folder for that
	Now    func() time.Time // of commits; nil is time.Now
}

// Git is an infra repository that is reached with git: any URL, or a folder,
// bare or not.
//
// There is no clone and no work tree. A scratch repository receives one commit
// and its trees, then the blobs of the selected files; commits are made in it and
// pushed from it. Of a folder not even these are copied: the scratch repository
// borrows its objects.
//
// Its methods are called one at a time. The trees of its snapshots may be read by
// many at once, between these calls.
type Git struct {
	o       GitOptions
	scratch string // a bare repository once ready
	repo    git.Repo
	ready   bool
	head    string     // what refHead names in the scratch repository
	whole   bool       // the remote serves no single blobs: fetch them with their commit
	loading sync.Mutex // is held while a tree loads files
}

// Refs of the scratch repository.
const (
	refHead   = "refs/tagboat/head"   // the branch's head, as read last
	refTip    = "refs/tagboat/tip"    // another commit that was looked at
	refCommit = "refs/tagboat/commit" // the commit made last
)

// NewGit makes the scratch folder of an infra repository. Close removes it.
func NewGit(o GitOptions) (*Git, error) {
	o.Author = o.Author.orDefault()
	if err := o.Author.check(); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	scratch, err := os.MkdirTemp(o.Temp, "tagboat-infra-")
	if err != nil {
		return nil, err
	}
	// GIT_DIR keeps git from looking for a repository above the scratch folder.
	return &Git{o: o, scratch: scratch, repo: git.Repo{Dir: scratch, Env: []string{"GIT_DIR=" + scratch}}}, nil
}

// Close removes everything that was fetched and made.
func (g *Git) Close() error { return os.RemoveAll(g.scratch) }

// Read implements Repo. It fails with E_REPO_EMPTY, E_BRANCH_MISSING,
// E_INFRA_PATH, or a fault of package git.
func (g *Git) Read(ctx context.Context) (*Snapshot, error) {
	branch, head, err := g.resolve(ctx)
	if err != nil {
		return nil, err
	}
	if err := g.prepare(ctx, head); err != nil {
		return nil, err
	}
	if head, err = g.fetchHead(ctx, branch, head); err != nil {
		return nil, err
	}
	entries, err := g.list(ctx, head)
	if err != nil {
		return nil, err
	}
	selected, err := g.o.Paths.selectFrom(entries)
	if err != nil {
		return nil, err
	}
	blobs, err := g.blobs(ctx, branch, head, selected)
	if err != nil {
		return nil, err
	}
	known := func(e entry) ([]byte, bool) {
		data, ok := blobs[e.id]
		return data, ok
	}
	return &Snapshot{Branch: branch, Head: head, Files: newMemory(selected, known), Tree: g.tree(ctx, branch, head, entries, known)}, nil
}

// resolve asks the remote for the branch's head.
func (g *Git) resolve(ctx context.Context) (branch, head string, err error) {
	want := "HEAD"
	if g.o.Branch != "" {
		want = "refs/heads/" + g.o.Branch
	}
	refs, err := g.repo.LsRemote(ctx, g.o.Remote, want)
	if err != nil {
		return "", "", err
	}
	branch = g.o.Branch
	if branch == "" {
		branch = refs.Default
	}
	if head = refs.IDs[want]; head == "" || branch == "" {
		return "", "", g.missing(ctx, branch)
	}
	return branch, head, nil
}

// missing is the fault of a branch that is not there; it names those that are.
func (g *Git) missing(ctx context.Context, branch string) error {
	refs, err := g.repo.LsRemote(ctx, g.o.Remote, "refs/heads/*")
	if err != nil {
		return err
	}
	if len(refs.IDs) == 0 {
		return fault.Newf("E_REPO_EMPTY", "push a first commit to it", "%s has no branches yet", g.o.Remote.URL)
	}
	var branches []string
	for _, ref := range sortedKeys(refs.IDs) {
		branches = append(branches, strings.TrimPrefix(ref, "refs/heads/"))
	}
	hint := "set `infra-branch` to one of: " + abridged(branches)
	if branch == "" {
		return fault.Newf("E_BRANCH_MISSING", hint, "HEAD of %s names no branch", g.o.Remote.URL)
	}
	return fault.Newf("E_BRANCH_MISSING", hint, "%s has no branch %q%s", g.o.Remote.URL, branch, suggest(branch, branches))
}

// prepare makes the scratch repository, whose kind of object ids must be that
// of the remote.
func (g *Git) prepare(ctx context.Context, head string) error {
	if g.ready {
		return nil
	}
	format := "sha1"
	if len(head) == 64 {
		format = "sha256"
	}
	args := []string{"init", "--quiet", "--bare", "--template=", "--initial-branch=main", "--object-format=" + format, g.scratch}
	if _, err := g.repo.Run(ctx, git.Call{Args: args}); err != nil {
		return err
	}
	if err := g.borrow(ctx); err != nil {
		return err
	}
	g.ready = true
	return nil
}

// borrow lets the scratch repository read the objects of a remote that is a
// folder on this machine.
func (g *Git) borrow(ctx context.Context) error {
	folder := g.o.Remote.Folder()
	if folder == "" {
		return nil
	}
	common, err := git.Repo{Dir: folder}.Run(ctx, git.Call{Args: []string{"rev-parse", "--path-format=absolute", "--git-common-dir"}})
	if err != nil {
		return err
	}
	// A path with a newline cannot be an alternate; git reads quotes as in C.
	alternates := quote(filepath.Join(common, "objects")) + "\n"
	if err := os.WriteFile(filepath.Join(g.scratch, "objects", "info", "alternates"), []byte(alternates), 0o600); err != nil {
		return err
	}
	// What is missing from a shallow folder is missing here as well.
	shallow, err := os.ReadFile(filepath.Join(common, "shallow"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(g.scratch, "shallow"), shallow, 0o600)
}
