package version

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/run"
)

// GitStore keeps tags in a git repository: it lists them with ls-remote, and
// creates them by a push that must not find them there.
type GitStore struct {
	Repo   git.Repo   // a folder that holds the commit; shallow and bare ones will do
	Remote git.Remote // where tags are claimed; the zero value is the folder itself
}

const hintFetch = "check the commit out in this job before: actions/checkout with `fetch-depth: 0`, and the commit as `ref`"

// List implements Store.
func (g GitStore) List(ctx context.Context, prefix string) (map[string]string, error) {
	refs, err := g.Repo.LsRemote(ctx, g.remote(), "refs/tags/"+prefix+"*")
	if err != nil {
		return nil, denied(prefix+"*", err)
	}
	tags := map[string]string{}
	for name := range refs.IDs {
		if tag, ok := strings.CutPrefix(name, "refs/tags/"); ok && !strings.HasSuffix(tag, "^{}") {
			tags[tag] = refs.Commit(name)
		}
	}
	return tags, nil
}

// Create implements Store. It fails with E_COMMIT_UNKNOWN where the folder does
// not hold the commit, and with E_VERSION_DENIED where the remote does not let
// this identity create the tag.
func (g GitStore) Create(ctx context.Context, tag, commit string) error {
	_, err := g.Repo.Run(ctx, git.Call{Args: []string{"cat-file", "-e", commit + "^{commit}"}})
	if _, said := errors.AsType[*run.Error](err); said {
		return fault.New("E_COMMIT_UNKNOWN", hintFetch, fmt.Errorf("commit %s: %w", commit, err))
	}
	if err != nil {
		return err
	}
	results, err := g.Repo.Push(ctx, g.remote(), git.Update{Ref: "refs/tags/" + tag, New: commit})
	if err != nil {
		return denied(tag, err)
	}
	switch result := results[0]; result.Status {
	case git.Done, git.Same:
		return nil
	case git.Exists, git.Stale:
		return ErrTaken
	default:
		if strings.Contains(result.Reason, "shallow update not allowed") {
			return fault.New("E_COMMIT_UNKNOWN", hintFetch, fmt.Errorf("commit %s is cut off in a shallow clone: %w", commit, result.Err))
		}
		return denied(tag, result.Err)
	}
}

func (g GitStore) remote() git.Remote {
	if g.Remote.URL == "" {
		return git.Remote{URL: "."}
	}
	return g.Remote
}

// denied gives refusals the hints that belong to a tag; git's are for branches.
func denied(tag string, err error) error {
	hint := ""
	switch f, _ := errors.AsType[*fault.Fault](err); {
	case f == nil:
	case f.Code == "E_GIT_AUTH":
		hint = "give the job `permissions: contents: write`, or a token that may create tags"
	case f.Code == "E_GIT_PROTECTED", f.Code == "E_GIT_REFUSED":
		hint = "a rule of the repository guards this tag: let this identity bypass it (Settings → Rules → Rulesets), or use another `series` or `prefix`"
	}
	if hint == "" {
		return fmt.Errorf("tag %s: %w", tag, err)
	}
	return fault.New("E_VERSION_DENIED", hint, fmt.Errorf("tag %s: %w", tag, err))
}
