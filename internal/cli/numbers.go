package cli

import (
	"context"
	"errors"
	"io"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/sync/errgroup"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/ship"
	"github.com/seed-96940006/tagboat/internal/version"
)

// The ways to claim a number, and what becomes of it where the run fails.
const (
	claimHidden     = "hidden"
	claimInRegistry = "registry"
	freeClaim       = "free"
)

// numbers is the place where a commit gets its number.
type numbers struct {
	store   version.Store
	request version.Request
	log     io.Closer // what was said, to the last line
}

// claimant is whose number it is, and what is known of it beside the inputs.
type claimant struct {
	commit  string
	folder  string // a checkout that has it
	images  []ref.Repository
	client  *registry.Client // that asks their registries
	trust   trust
	scratch string
	dry     bool
}

// numbersOf opens the repository that holds the numbers, and sees which of them
// registries hold.
func (a *app) numbersOf(ctx context.Context, in numberInputs, by claimant) (*numbers, error) {
	series, err := version.ParseSeries(in.Series)
	if err != nil {
		return nil, usage(err)
	}
	if by.commit == "" {
		return nil, fault.Newf("E_COMMIT_UNKNOWN", "check the repository out before (actions/checkout), or give `commit`",
			"there is no commit to number: %s is no checkout of git", by.folder)
	}
	remote, err := a.sourceRemote(ctx, in, by.folder)
	if err != nil {
		return nil, err
	}
	n := &numbers{request: version.Request{
		Series: series, Prefix: in.Prefix, Commit: by.commit, Suffix: in.Suffix,
		AllowOlder: in.AllowOlder, Hidden: in.Claim == claimHidden, Now: a.world.Now,
	}}
	if n.request.Existing, err = a.existing(ctx, series, by); err != nil {
		return nil, err
	}
	log := a.Writer()
	n.log = log
	if in.Claim == claimInRegistry {
		n.store, err = a.registryStore(remote, by)
		return n, err
	}
	a.Printf("numbers are claimed in %s", remote)
	n.store, err = a.store(remote, in, by, log)
	return n, err
}

// registryStore is the first of the image's registries.
func (a *app) registryStore(remote git.Remote, by claimant) (version.Store, error) {
	if len(by.images) == 0 {
		return nil, usage(fault.Newf("E_INPUT", "give `images`, whose first repository keeps the numbers", "claim: registry needs a registry, and there are no images"))
	}
	a.Printf("numbers are claimed in %s", by.images[0])
	remote.CAFile = by.trust.caFile
	return placeholders{
		claims: registry.Claims{Client: by.client, Repository: by.images[0]},
		git:    version.GitStore{Repo: gitIn(by.folder), Remote: remote, Temp: by.scratch},
	}, nil
}

// store is how the numbers of a repository are reached: through the API where
// that is known and there is a token, and else with git.
func (a *app) store(remote git.Remote, in numberInputs, by claimant, log io.Writer) (version.Store, error) {
	remote.CAFile = by.trust.caFile
	byGit := version.GitStore{Repo: gitIn(by.folder), Remote: remote, Temp: by.scratch}
	repository := repositoryOn(a.ServerURL, remote.URL)
	if repository == "" || a.APIURL == "" || a.GraphQLURL == "" || in.SourceToken == "" {
		return byGit, nil
	}
	who := identity{tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: string(in.SourceToken)})}
	client, err := a.client(host{repository: repository, trust: by.trust}, who, log)
	if err != nil {
		return nil, err
	}
	return &version.GitHubStore{Client: client, Repository: repository, Git: byGit}, nil
}

// existing are the versions of a series that registries hold. Where one does not
// say whether there is such a repository, the push will: it overwrites no version.
func (a *app) existing(ctx context.Context, series version.Series, by claimant) ([]ref.Tag, error) {
	lists := make([][]ref.Tag, len(by.images))
	group, ctx := errgroup.WithContext(ctx)
	for i, image := range by.images {
		group.Go(func() error {
			tags, err := by.client.Tags(ctx, image)
			if err != nil && (by.dry || errors.Is(err, registry.ErrHidden)) {
				a.Printf("the tags of %s do not count for the next number: %v", image, err)
				return nil
			}
			for _, tag := range tags {
				if strings.HasPrefix(string(tag), series.String()+".") {
					lists[i] = append(lists[i], tag)
				}
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all []ref.Tag
	for i, list := range lists {
		a.Printf("%s of the series %s in %s", count(len(list), "tag"), series, by.images[i])
		all = append(all, list...)
	}
	return all, nil
}

// claim gives the commit its number; a dry run looks which one it would be.
func (n *numbers) claim(ctx context.Context, dry bool) (version.Allocation, error) {
	if dry {
		return version.Peek(ctx, n.store, n.request)
	}
	return version.Allocate(ctx, n.store, n.request)
}

// promote makes a git tag of a hidden number.
func (n *numbers) promote(ctx context.Context, a *app, tag ref.Tag) error {
	got, err := version.Promote(ctx, n.store, n.request, tag)
	if err == nil {
		a.Printf("%s is the git tag %s", tag, got.Ref)
	}
	return err
}

// errPushed says that a number cannot be given back, since it names an image.
var errPushed = errors.New("an image has this version")

// free gives a number back, where no registry has an image under it.
func (n *numbers) free(ctx context.Context, by claimant, tag ref.Tag) (freed bool, err error) {
	for _, image := range by.images {
		there, err := by.client.Exists(ctx, ref.Image{Repository: image, Tag: tag})
		if err != nil {
			return false, err
		}
		if there {
			return false, errPushed
		}
	}
	return version.Free(ctx, n.store, n.request, tag)
}

// Close ends what was opened.
func (n *numbers) Close() error {
	if n == nil || n.log == nil {
		return nil
	}
	return n.log.Close()
}

// claimed says what a claim came to.
func claimed(got version.Allocation, dry bool) (string, error) {
	switch {
	case got.Already:
		return "", ship.Already(string(got.Tag) + " is the number of this commit (" + got.Ref + ")")
	case dry:
		return "", ship.Skip("dry run: the next number is " + string(got.Tag))
	}
	return string(got.Tag) + " claimed as " + got.Ref, nil
}
