package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
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
	j.warnOfPrefix(j.in.numberInputs)
	var err error
	if j.numbers, err = j.numbersOf(ctx, j.in.numberInputs, j.claimant()); err != nil {
		return "", err
	}
	if j.claimed, err = j.numbers.claim(ctx, j.state.DryRun); err != nil {
		return "", err
	}
	j.state.Version = j.claimed.Tag
	j.state.Tags = p.Names(j.claimed.Tag)
	if tag, _ := plan.Deployed(j.state.Tags); p.Bump.Do {
		if err := p.Bump.Permits(tag.Name); err != nil { // known only now, of some globs
			return "", err
		}
	}
	return j.numbers.claimed(j.claimed, j.state.DryRun)
}

// claimant is who claims the number of a run.
func (j *job) claimant() claimant {
	by := claimant{commit: j.state.Plan.Commit.SHA, folder: j.in.Context, client: j.registry, trust: j.trust, scratch: j.scratch, dry: j.state.DryRun}
	if j.state.Plan.Push.Do {
		by.images, by.names = j.state.Plan.Images, j.state.Plan.Numbered()
	}
	return by
}

// stillClaimed sees, right before the version is pushed, that no other run of this
// commit has given it back.
func (j *job) stillClaimed(ctx context.Context) error {
	if j.numbers == nil || j.in.OnFailure != freeClaim {
		return nil
	}
	return version.Stands(ctx, j.numbers.store, j.numbers.request, j.claimed.Tag)
}

// shown makes a git tag of the hidden number whose image is pushed.
func (j *job) shown(ctx context.Context) error {
	if j.numbers == nil || !j.claimed.Hidden {
		return nil
	}
	return j.numbers.promote(ctx, j.app, j.claimed.Tag)
}

// giveBack frees the number that this run has claimed where it failed before it
// pushed anything. That it cannot is told, and leaves a gap.
func (a *app) giveBack(failed error, n *numbers, by claimant, claimed version.Allocation) (freed bool) {
	switch {
	case failed == nil || n == nil || claimed.Tag == "" || by.dry:
		return false
	case claimed.Already:
		a.Printf("%s is not given back: it is another run of this commit that has claimed it", claimed.Tag)
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second) // also where the run was interrupted
	defer cancel()
	freed, err := n.free(ctx, by, claimed.Tag)
	switch {
	case errors.Is(err, errPushed):
		a.Printf("%s is not given back: %v", claimed.Tag, err)
	case err != nil:
		a.Printf("%s is not given back, and is left out if nobody builds it again: %v", claimed.Tag, err)
	case !freed:
		a.Printf("%s is not given back, since it is not the highest number, or not this commit's any more", claimed.Tag)
	default:
		a.Printf("%s is given back, and free for the next commit", claimed.Tag)
	}
	return freed && err == nil
}

// giveBack frees the number, unless something was pushed, and forgets it.
func (j *job) giveBack(failed error) {
	switch {
	case j.in.OnFailure != freeClaim:
	case failed != nil && j.claimed.Tag != "" && len(j.state.Pushed) > 0:
		j.Printf("%s is not given back: %s was pushed", j.claimed.Tag, j.state.Pushed[0].Image)
	case j.app.giveBack(failed, j.numbers, j.claimant(), j.claimed):
		j.state.Version, j.state.Tags = "", j.state.Plan.Tags
	}
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

// repositories are the images of an input, each once.
func repositories(images []string) (all []ref.Repository, err error) {
	var errs []error
	for _, image := range images {
		r, err := ref.ParseRepository(image)
		if errs = append(errs, err); err == nil && !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	return all, errors.Join(errs...)
}
