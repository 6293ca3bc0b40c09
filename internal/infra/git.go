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
	head    string            // what refHead names in the scratch repository
	whole   bool              // the remote serves no single blobs: fetch them with their commit
	loading sync.Mutex        // is held while a tree loads files
	intents map[string]commit // those that were read, by object id
	last    *reading          // what Read gave last
}

// Refs of the scratch repository.
const (
	refHead   = "refs/tagboat/head"   // the branch's head, as read last
	refTip    = "refs/tagboat/tip"    // another commit that was looked at
	refCommit = "refs/tagboat/commit" // the commit made last
	refIntent = "refs/tagboat/intent" // the intent made last
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
	branch, head, posted, err := g.resolve(ctx)
	if err != nil {
		return nil, err
	}
	if err := g.prepare(ctx, head); err != nil {
		return nil, err
	}
	if head, err = g.fetchHead(ctx, branch, head, g.unknown(posted)...); err != nil {
		return nil, err
	}
	tip, waiting, err := g.waiting(ctx, branch, head, posted)
	if err != nil {
		return nil, err
	}
	r, err := g.files(ctx, branch, head)
	if err != nil {
		return nil, err
	}
	return &Snapshot{
		Branch: branch, Head: head, By: tip.by(), Parents: tip.parents, Waiting: waiting,
		Files: newMemory(r.selected, r.known), Tree: g.tree(ctx, branch, head, r.entries, r.known),
	}, nil
}

// reading is what was read of one commit.
type reading struct {
	head              string
	entries, selected []entry
	blobs             map[string][]byte // by object id
}

func (r *reading) known(e entry) ([]byte, bool) {
	data, ok := r.blobs[e.id]
	return data, ok
}

// files reads a commit, unless it was the last one already: a run that waits for
// others looks often.
func (g *Git) files(ctx context.Context, branch, head string) (*reading, error) {
	if g.last != nil && g.last.head == head {
		return g.last, nil
	}
	r := &reading{head: head}
	var err error
	if r.entries, err = g.list(ctx, head); err != nil {
		return nil, err
	}
	if r.selected, err = g.o.Paths.selectFrom(r.entries); err != nil {
		return nil, err
	}
	if r.blobs, err = g.blobs(ctx, branch, head, r.selected); err != nil {
		return nil, err
	}
	g.last = r
	return r, nil
}

// resolve asks the remote for the branch's head, and for the commits of the intents
// that wait, by id.
func (g *Git) resolve(ctx context.Context) (branch, head string, intents map[string]string, err error) {
	want, all := "HEAD", intentRefs+"*"
	if g.o.Branch != "" {
		want, all = "refs/heads/"+g.o.Branch, intentFolder(g.o.Branch)+"*"
	}
	refs, err := g.repo.LsRemote(ctx, g.o.Remote, want, all)
	if err != nil {
		return "", "", nil, err
	}
	branch = g.o.Branch
	if branch == "" {
		branch = refs.Default
	}
	if head = refs.IDs[want]; head == "" || branch == "" {
		return "", "", nil, g.missing(ctx, branch)
	}
	return branch, head, posted(refs, branch), nil
}

// missing is the fault of a branch that is not there; it names those that are.
func (g *Git) missing(ctx context.Context, branch string) error {
	refs, err := g.repo.LsRemote(ctx, g.o.Remote, "refs/heads/*")
	if err != nil {
		return err
	}
	var branches []string
	for _, ref := range sortedKeys(refs.IDs) {
		branches = append(branches, strings.TrimPrefix(ref, "refs/heads/"))
	}
	return noBranch(g.o.Remote.URL, branch, branches)
}

// noBranch is the fault of a repository that has other branches than the wanted
// one; "" is the default branch.
func noBranch(repository, branch string, branches []string) error {
	if len(branches) == 0 {
		return fault.Newf("E_REPO_EMPTY", "push a first commit to it", "%s has no branches yet", repository)
	}
	hint := "set `infra-branch` to one of: " + abridged(branches)
	if branch == "" {
		return fault.Newf("E_BRANCH_MISSING", hint, "HEAD of %s names no branch", repository)
	}
	return fault.Newf("E_BRANCH_MISSING", hint, "%s has no branch %q%s", repository, branch, suggest(branch, branches))
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
