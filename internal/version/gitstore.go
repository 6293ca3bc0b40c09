package version

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/run"
)

// GitStore is any repository that git reaches: refs are listed with ls-remote, and
// created by a push that must not find them there.
type GitStore struct {
	Repo   git.Repo   // a folder that holds the commit; shallow and bare ones will do
	Remote git.Remote // where numbers are claimed; the zero value is the folder itself
	Temp   string     // where history is fetched that the folder does not hold; "" is the system's folder for that
}

const hintFetch = "check the commit out in this job before: actions/checkout with `fetch-depth: 0`, and the commit as `ref`"

// Read implements Store.
func (g GitStore) Read(ctx context.Context, s Scope) (*View, error) {
	var patterns []string
	for _, prefix := range s.Prefixes {
		patterns = append(patterns, prefix+"*")
	}
	refs, err := g.Repo.LsRemote(ctx, g.remote(), patterns...)
	if err != nil {
		return nil, denied(patterns[0], err)
	}
	view := &View{Refs: map[string]string{}, Apart: true} // git pushes no ref of a commit that it has not
	for name := range refs.IDs {
		if !strings.HasSuffix(name, "^{}") {
			view.Refs[name] = refs.Commit(name)
		}
	}
	return view, nil
}

// Write implements Store. It fails with E_COMMIT_UNKNOWN where the folder does not
// hold the commit, and with E_VERSION_DENIED where the remote does not let this
// identity write the ref.
func (g GitStore) Write(ctx context.Context, updates ...git.Update) error {
	for _, u := range updates {
		if u.New == "" {
			continue
		}
		_, err := g.Repo.Run(ctx, git.Call{Args: []string{"cat-file", "-e", u.New + "^{commit}"}})
		if _, said := errors.AsType[*run.Error](err); said {
			return fault.New("E_COMMIT_UNKNOWN", hintFetch, fmt.Errorf("commit %s: %w", u.New, err))
		}
		if err != nil {
			return err
		}
	}
	push := g.Repo.Push
	if len(updates) > 1 {
		push = g.Repo.PushAtomic
	}
	results, err := push(ctx, g.remote(), updates...)
	if err != nil {
		return denied(updates[0].Ref, err)
	}
	var errs []error
	for _, result := range results {
		errs = append(errs, outcome(result))
	}
	return errors.Join(errs...)
}

// Place implements Store. A shallow folder knows no depth.
func (g GitStore) Place(ctx context.Context, _ *View, commit string) (Place, error) {
	out, err := g.Repo.Run(ctx, git.Call{Args: []string{"rev-list", "--parents", "--max-count=1", commit}})
	if _, said := errors.AsType[*run.Error](err); said {
		return Place{}, nil // the write tells what is wrong
	}
	if err != nil {
		return Place{}, err
	}
	var p Place
	if ids := strings.Fields(out); len(ids) > 1 {
		p.Parent = ids[1]
	}
	whole, err := g.Repo.Run(ctx, git.Call{Args: []string{"rev-parse", "--is-shallow-repository"}})
	if err != nil || whole != "false" {
		return p, err
	}
	count, err := g.Repo.Run(ctx, git.Call{Args: []string{"rev-list", "--count", commit}})
	if err != nil {
		return p, err
	}
	p.Depth, err = strconv.Atoi(count)
	return p, err
}

// outcome is what became of one update.
func outcome(result git.Result) error {
	switch result.Status {
	case git.Done, git.Same:
		return nil
	case git.Exists, git.Stale:
		return ErrTaken
	}
	if strings.Contains(result.Reason, "shallow update not allowed") {
		return fault.New("E_COMMIT_UNKNOWN", hintFetch, fmt.Errorf("%s: the commit is cut off in a shallow clone: %w", result.Ref, result.Err))
	}
	return denied(result.Ref, result.Err)
}

func (g GitStore) remote() git.Remote {
	if g.Remote.URL == "" {
		return git.Remote{URL: "."}
	}
	return g.Remote
}

// denied gives refusals the hints that belong to a tag; git's are for branches.
func denied(ref string, err error) error {
	name := strings.TrimPrefix(ref, "refs/")
	hint := ""
	switch f, _ := errors.AsType[*fault.Fault](err); {
	case f == nil:
	case f.Code == "E_GIT_AUTH":
		hint = "give the job `permissions: contents: write`, or a token that may create tags"
	case f.Code == "E_GIT_PROTECTED", f.Code == "E_GIT_REFUSED":
		hint = hintGuarded
	}
	if hint == "" {
		return fmt.Errorf("%s: %w", name, err)
	}
	return fault.New("E_VERSION_DENIED", hint, fmt.Errorf("%s: %w", name, err))
}

const hintGuarded = "a rule of the repository guards this tag: let this identity bypass it (Settings → Rules → Rulesets), or use another `series` or `prefix`"
