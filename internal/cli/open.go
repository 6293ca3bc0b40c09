package cli

import (
	"context"
	"errors"
	"io"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/plan"
)

// access is what opens an infra repository beside the plan.
type access struct {
	infraInputs
	trust   trust
	scratch string // folder for what is fetched and made
	dry     bool   // nothing will be written
}

// opened is an infra repository that was opened, and is to be closed.
type opened struct {
	infra.Repo // as it is, with all that it can do beside
	end        func() error
	log        io.Closer // what was said, to the last line

	// Of one that is not a folder: how it is opened, with the token of whom.
	open  func(token string) (closable, error)
	who   identity
	token string // that it was opened with
	api   bool   // through the API, which opens pull requests
	page  string // of the repository on this GitHub; "" where it is elsewhere
}

// closable is an infra repository of package infra.
type closable interface {
	infra.Repo
	io.Closer
}

// openInfra opens the infra repository in the mode of the plan, by the way and
// with the rights that the inputs ask for.
func (a *app) openInfra(ctx context.Context, p plan.Bump, by access) (*opened, error) {
	paths, err := scope(p)
	if err != nil {
		return nil, usage(err)
	}
	remote, err := git.Locate(p.Repository, a.ServerURL)
	if err != nil {
		return nil, usage(err)
	}
	if p.Mode == plan.ModeFiles {
		return openFolder(remote, paths)
	}
	h, err := a.hostOf(remote, by)
	if err != nil {
		return nil, usage(err)
	}
	author, err := by.author()
	if err != nil {
		return nil, usage(err)
	}
	by.accessInputs = a.usable(by.accessInputs, remote)
	log := a.Writer()
	o := &opened{log: log, api: h.api, page: pageOf(a.ServerURL, remote)}
	if o.who, err = a.identify(ctx, h, needs(p.PullRequest, by.dry), by.accessInputs, log); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	o.open = func(token string) (closable, error) {
		remote.Token, remote.CAFile = token, by.trust.caFile
		a.Mask(remote.Secrets()...)
		if !h.api {
			return opening(infra.NewGit(infra.GitOptions{Remote: remote, Branch: p.Branch, Paths: paths, Author: author, Temp: by.scratch, Now: a.world.Now}))
		}
		client, err := a.client(h, o.who, log)
		if err != nil {
			return nil, err
		}
		return opening(infra.NewGitHub(infra.GitHubOptions{
			Client: client, Repository: h.repository, Branch: p.Branch, Paths: paths, Proposal: proposal(p).Branch, Author: author,
			Remote: remote, Temp: by.scratch, Workflow: a.Repository, Log: log, Now: a.world.Now,
		}))
	}
	if err = o.renew(); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// usable are the inputs without a token that nothing asks for.
func (a *app) usable(in accessInputs, remote git.Remote) accessInputs {
	if remote.TakesToken() {
		return in
	}
	if in.InfraToken != "" && remote.Folder() == "" {
		a.Warn(fault.Newf("E_TOKEN_UNUSED", "write the https URL to use it, or leave it out", "infra-token is not used: %s has credentials of its own", remote))
	}
	in.InfraToken = ""
	return in
}

// opening is repo, or nil with an error: never an interface around a nil pointer,
// which whoever closes it would take for a repository.
func opening[R closable](repo R, err error) (closable, error) {
	if err != nil {
		return nil, err
	}
	return repo, nil
}

// openFolder opens a folder of this machine, to edit its files in place.
func openFolder(remote git.Remote, paths infra.Paths) (*opened, error) {
	if remote.Folder() == "" {
		return nil, usage(fault.Newf("E_INFRA_FOLDER", "name a folder that exists, or use `infra-mode: commit` or `pull-request`",
			"infra-mode files edits a folder, and %s is none", remote))
	}
	files, err := infra.OpenFiles(remote.Folder(), paths)
	if err != nil {
		return nil, err
	}
	return &opened{Repo: files, end: files.Close}, nil
}

// renew opens the repository, and once more where the token that it was opened
// with is not the one of now: an App's ends within an hour, which a build may take.
func (o *opened) renew() error {
	if o.open == nil {
		return nil
	}
	token, err := o.who.token()
	if err != nil || o.Repo != nil && token == o.token {
		return err
	}
	if end := o.end; end != nil {
		o.end = nil // it ends once, whatever comes of it
		if err := end(); err != nil {
			return err
		}
	}
	repo, err := o.open(token)
	if err != nil {
		return err
	}
	o.Repo, o.end, o.token = repo, repo.Close, token
	return nil
}

// Close removes what was fetched and revokes what was minted.
func (o *opened) Close() error {
	var errs []error
	if o.end != nil {
		errs = append(errs, o.end())
	}
	if o.who.leave != nil {
		o.who.leave()
	}
	if o.log != nil {
		errs = append(errs, o.log.Close())
	}
	return errors.Join(errs...)
}
