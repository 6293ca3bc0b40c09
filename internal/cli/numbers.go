package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"golang.org/x/oauth2"

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
	place   string    // the repository of a registry that keeps the numbers; "" where they are git refs
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
	looks   bool     // at the number that the commit has, and says nothing of it
	names   []string // of this run's tags that hold the number: v0.0.N, v0.0.N-alpine; none where nothing is pushed
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
		if n.store, err = a.registryStore(remote, by); err == nil {
			n.place = by.images[0].String()
		}
		return n, err
	}
	if !by.looks {
		a.Printf("numbers are claimed in %s", remote)
	}
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

// Close ends what was opened.
func (n *numbers) Close() error {
	if n == nil || n.log == nil {
		return nil
	}
	return n.log.Close()
}

// claimed says what a claim came to.
func (n *numbers) claimed(got version.Allocation, dry bool) (string, error) {
	at := got.Ref
	if n.place != "" {
		at = fmt.Sprintf("claim-%s in %s", got.Tag, n.place)
	}
	switch {
	case got.Already:
		return "", ship.Already(fmt.Sprintf("%s is the number of this commit (%s)", got.Tag, at))
	case dry:
		return "", ship.Skip("dry run: the next number is " + string(got.Tag))
	}
	return fmt.Sprintf("%s claimed as %s", got.Tag, at), nil
}

// warnOfPrefix says what the git tags will look like where nothing stands between
// the prefix and the number.
func (a *app) warnOfPrefix(in numberInputs) {
	if in.Prefix != "" && !strings.HasSuffix(in.Prefix, "/") && !strings.HasSuffix(in.Prefix, "-") && !strings.HasSuffix(in.Prefix, "_") {
		a.Warn(fault.Newf("E_SERIES", fmt.Sprintf("if that is not meant, write %s/ or %s-", in.Prefix, in.Prefix),
			"prefix: the git tags will be %s%s.1 and so on", in.Prefix, in.Series))
	}
}
