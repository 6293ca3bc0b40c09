package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ship"
	"github.com/seed-96940006/tagboat/internal/version"
)

// claimVersion claims the number that the plan asks for; a dry run looks which
// one it would be.
func (j *job) claimVersion(ctx context.Context) (string, error) {
	p := j.state.Plan
	if p.Claim == nil {
		return "", ship.Skip("no number is asked for")
	}
	got, err := j.claim(ctx, j.in.numberInputs, j.trust, p.Commit.SHA, j.in.Context, j.state.DryRun)
	if err != nil {
		return "", err
	}
	j.state.Version = got.Tag
	j.state.Tags = p.Names(got.Tag)
	if tag, _ := plan.Deployed(j.state.Tags); p.Bump.Do {
		if err := p.Bump.Permits(tag.Name); err != nil { // known only now, of some globs
			return "", err
		}
	}
	return claimed(got, j.state.DryRun)
}

// claimed says what a claim came to.
func claimed(got version.Allocation, dry bool) (string, error) {
	switch {
	case got.Already:
		return "", ship.Already(fmt.Sprintf("%s is the number of this commit (%s)", got.Tag, got.Ref))
	case dry:
		return "", ship.Skip(fmt.Sprintf("dry run: the next number is %s", got.Tag))
	}
	return fmt.Sprintf("%s claimed as %s", got.Tag, got.Ref), nil
}

// claim gives a commit its number, in the repository that holds the numbers.
// folder is a checkout that has the commit.
func (a *app) claim(ctx context.Context, in numberInputs, by trust, commit, folder string, dry bool) (version.Allocation, error) {
	series, err := version.ParseSeries(in.Series)
	if err != nil {
		return version.Allocation{}, usage(err)
	}
	remote, err := a.sourceRemote(ctx, in, folder)
	if err != nil {
		return version.Allocation{}, err
	}
	if commit == "" {
		return version.Allocation{}, fault.Newf("E_COMMIT_UNKNOWN", "check the repository out before (actions/checkout), or give `commit`",
			"there is no commit to number: %s is no checkout of git", folder)
	}
	remote.CAFile = by.caFile
	a.Printf("numbers are claimed in %s", remote)
	store := version.GitStore{Repo: gitIn(folder), Remote: remote}
	request := version.Request{Series: series, Prefix: in.Prefix, Commit: commit}
	if dry {
		return version.Peek(ctx, store, request)
	}
	return version.Allocate(ctx, store, request)
}

// sourceRemote is where numbers are claimed: as given, the workflow's
// repository, the folder's origin, or else the folder itself.
func (a *app) sourceRemote(ctx context.Context, in numberInputs, folder string) (git.Remote, error) {
	given := in.SourceRepository
	if given == "" && a.InActions {
		given = a.ServerURL + "/" + a.Repository + ".git"
	}
	if given == "" {
		var err error
		if given, err = originOf(ctx, folder); err != nil {
			return git.Remote{}, err
		}
	}
	remote, err := git.Locate(given, a.ServerURL)
	if err != nil {
		return git.Remote{}, err
	}
	remote.Token = string(in.SourceToken)
	a.Mask(remote.Secrets()...)
	return remote, nil
}

// originOf is the remote that a checkout came from, or its own repository where
// it came from none.
func originOf(ctx context.Context, folder string) (string, error) {
	origin, err := gitIn(folder).Run(ctx, gitCall("remote", "get-url", "origin"))
	switch {
	case err == nil && strings.HasPrefix(origin, "."): // relative to the checkout
		return filepath.Abs(filepath.Join(folder, origin))
	case err == nil && origin != "":
		return origin, nil
	}
	own, err := gitIn(folder).Run(ctx, gitCall("rev-parse", "--absolute-git-dir"))
	if err != nil {
		return "", fault.New("E_SOURCE_REPOSITORY", "run in a checkout, or give `source-repository`",
			fmt.Errorf("%s is no git repository, so there is nowhere to claim a number: %w", cmp.Or(folder, "."), err))
	}
	return own, nil
}
