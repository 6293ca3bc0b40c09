package infra

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/github"
)

// GitHubOptions say which repository and branch is meant, and who writes.
type GitHubOptions struct {
	Client     *github.Client
	Repository string // owner/name
	Branch     string // without refs/heads/; "" is the default branch
	Paths      Paths  // the zero value is the whole repository
	Proposal   string // the branch of the pull request; "" where commits go to Branch itself

	// Author is author and committer. The zero value is the token's own identity,
	// whose commits GitHub signs; it signs no others.
	Author Identity

	// Remote is the same repository for git, which reads many files in one pack
	// where the API would need a request for every few of them.
	Remote git.Remote
	Temp   string // where git's scratch repository is made; "" is the system's folder for that

	Workflow string    // owner/name of the repository whose workflow runs; "" outside of one
	Log      io.Writer // nil discards
	Now      func() time.Time
}

// GitHub is an infra repository that is reached through the API of GitHub: one
// request reads what a few folders hold, with the branch's head and the open
// pull request; another one commits. Whatever the size of the repository, nothing
// else of it is read. Where paths select it whole, git reads it.
//
// Its methods are called one at a time. The trees of its snapshots may be read by
// many at once, between these calls.
type GitHub struct {
	o           GitHubOptions
	owner, name string // by which it is asked for
	git         *Git   // reads the whole repository; nil until it has to
	whole       bool   // it has to
	base        string // the default branch, once it is known
}

// NewGitHub checks the name of the repository. Close removes what git fetched.
func NewGitHub(o GitHubOptions) (*GitHub, error) {
	owner, name, ok := strings.Cut(o.Repository, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return nil, fault.Newf("E_GITHUB_NOT_FOUND", "name it owner/name", "%q is no repository of GitHub", o.Repository)
	}
	if o.Author != (Identity{}) {
		if err := o.Author.check(); err != nil {
			return nil, err
		}
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &GitHub{o: o, owner: owner, name: name, whole: o.Paths.everywhere() && o.Remote.URL != ""}, nil
}

// Close removes everything that was fetched.
func (g *GitHub) Close() error {
	if g.git == nil {
		return nil
	}
	return g.git.Close()
}

// state is what a snapshot knows beside the files, for the writes on it.
type state struct {
	viewer  string // login of the token's identity: github-actions[bot], acme-bot[bot], somebody
	repo    repositoryAnswer
	root    string // object id of the head's tree
	tree    *remoteTree
	entries func(context.Context) ([]entry, error) // what stands where something is written
}

// bot reports whether an App writes, whose permissions are no person's.
func (s *state) bot() bool { return strings.HasSuffix(s.viewer, "[bot]") || s.byJobToken() }

// githubActions is the login of the identity behind a job's GITHUB_TOKEN.
const githubActions = "github-actions"

// byJobToken reports whether the token is the one that the job was given.
func (s *state) byJobToken() bool { return strings.TrimSuffix(s.viewer, "[bot]") == githubActions }
