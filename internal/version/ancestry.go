package version

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/run"
)

// Descendant implements Store. Where the folder cannot tell, since it is shallow or
// has not the newest numbers, history is fetched: commits without their files.
func (g GitStore) Descendant(ctx context.Context, v *View, commit string, of []string) (string, error) {
	whole, err := g.Repo.Run(ctx, git.Call{Args: []string{"rev-parse", "--is-shallow-repository"}})
	if err != nil {
		return "", err
	}
	if whole == "false" {
		descendant, err := descendant(ctx, g.Repo, commit, of)
		if _, lacks := errors.AsType[*run.Error](err); !lacks {
			return descendant, err
		}
	}
	return g.fetched(ctx, v, commit, of)
}

// descendant looks in a folder that holds all the commits, or fails. Of what leads
// from the commit to the others git walks each step, so that dates do not matter.
func descendant(ctx context.Context, in git.Repo, commit string, of []string) (string, error) {
	of = slices.DeleteFunc(slices.Clone(of), func(numbered string) bool { return numbered == commit })
	if len(of) == 0 {
		return "", nil
	}
	between, err := in.Run(ctx, git.Call{
		Args:  []string{"rev-list", "--ancestry-path", "--stdin"},
		Stdin: strings.NewReader("^" + commit + "\n" + strings.Join(of, "\n") + "\n"),
	})
	if err != nil {
		return "", err
	}
	after := map[string]bool{}
	for line := range strings.Lines(between) {
		after[strings.TrimSpace(line)] = true
	}
	if i := slices.IndexFunc(of, func(numbered string) bool { return after[numbered] }); i >= 0 {
		return of[i], nil
	}
	return "", nil
}

// fetched looks in the remote's own history.
func (g GitStore) fetched(ctx context.Context, v *View, commit string, of []string) (found string, err error) {
	dir, err := os.MkdirTemp(g.Temp, "history-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	scratch := git.Repo{Dir: dir}
	if _, err := scratch.Run(ctx, git.Call{Args: []string{"init", "--quiet", "--bare"}}); err != nil {
		return "", err
	}
	if err := g.fetch(ctx, scratch, v, of); err != nil {
		return "", fmt.Errorf("history of the numbers: %w", err)
	}
	_, err = scratch.Run(ctx, git.Call{Args: []string{"cat-file", "-e", commit + "^{commit}"}})
	if _, lacks := errors.AsType[*run.Error](err); lacks {
		return "", nil // whoever has it among its ancestors would have brought it
	}
	if err != nil {
		return "", err
	}
	return descendant(ctx, scratch, commit, of)
}

// fetch brings the commits that have numbers, and all before them.
func (g GitStore) fetch(ctx context.Context, to git.Repo, v *View, of []string) error {
	remote := g.remote()
	if remote.URL == "." {
		folder, err := filepath.Abs(g.Repo.Dir)
		if err != nil {
			return err
		}
		remote.URL = folder
	}
	numbered := make(map[string]bool, len(of))
	for _, commit := range of {
		numbered[commit] = true
	}
	var refs strings.Builder
	for name, at := range v.Refs {
		if numbered[at] {
			delete(numbered, at) // one ref of it will do
			fmt.Fprintf(&refs, "+%s:refs/numbered/%s\n", name, at)
		}
	}
	_, err := to.Run(ctx, git.Call{
		Args:  []string{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--filter=tree:0", "--stdin", "--", remote.URL},
		Stdin: strings.NewReader(refs.String()), Remote: &remote,
	})
	return err
}
