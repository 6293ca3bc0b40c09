package cli

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/ecr"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/login"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
)

// registries is who a run is at the registries.
type registries struct {
	keychain  *login.Keychain
	aws       *ecr.Client
	transport http.RoundTripper // trusts what the inputs name
}

// awsTimeout is how long one request to AWS may take, which answers in milliseconds.
const awsTimeout = 15 * time.Second

// registriesOf are those of the inputs. Nothing is asked before it is needed.
func (a *app) registriesOf(in registryInputs, t trust, log io.Writer) (registries, error) {
	auths, err := login.ParseAuths(string(in.RegistryAuth))
	if err != nil {
		return registries{}, usage(err)
	}
	r := registries{transport: t.transport()}
	options := in.aws()
	options.Now, options.Log = a.world.Now, func(line string) { io.WriteString(log, line+"\n") }
	if t.roots != nil { // otherwise the SDK's own, which reads AWS_CA_BUNDLE
		options.HTTP = &http.Client{Transport: a.trustedAtAWS(t).transport(), Timeout: awsTimeout}
	}
	if a.MayIdentify() {
		options.IDToken = func(ctx context.Context, audience string) (string, error) {
			return a.IDToken(ctx, &http.Client{Transport: r.transport}, audience)
		}
	}
	r.aws = ecr.New(options)
	r.keychain = login.New(login.Options{
		Auths: auths, HubUsername: in.DockerhubUsername, HubToken: string(in.DockerhubToken),
		GitHubToken: string(in.RegistryToken), GitHubUser: a.Actor, GitHubServer: a.ServerURL,
		AWS: r.aws, NoCredentials: func(err error) bool { // that a role was named and cannot be had is told
			return in.AWSRole == "" && errors.Is(err, ecr.ErrNoCredentials)
		},
		Getenv: a.world.Getenv, Mask: func(s string) { a.Mask(s) }, Now: a.world.Now,
	})
	return r, nil
}

// client asks registries, and writes to them.
func (r registries) client(a *app, log io.Writer) *registry.Client {
	return &registry.Client{Keychain: r.keychain, Transport: r.transport, Server: a.ServerURL, Log: log, Now: a.world.Now}
}

// asking is what a command asks registries with, and takes along where it goes.
type asking struct {
	registries
	client  *registry.Client
	trust   trust
	scratch string    // folder for files of this run
	log     io.Writer // of what takes long, or is tried again
}

// ask does what needs registries, and clears up.
func (a *app) ask(in registryInputs, from hostInputs, do func(asking) error) (err error) {
	scratch, err := os.MkdirTemp(a.Temp, "tagboat-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	t, err := a.trusted(from.CAFile, scratch)
	if err != nil {
		return err
	}
	log := a.Writer()
	defer log.Close()
	r, err := a.registriesOf(in, t, log)
	if err != nil {
		return err
	}
	client := r.client(a, log)
	client.NoCreate = true
	return do(asking{registries: r, client: client, trust: t, scratch: scratch, log: log})
}

// transport is for registries and clouds; it trusts the authorities beside the system's.
func (t trust) transport() http.RoundTripper {
	usual, ok := remote.DefaultTransport.(*http.Transport)
	if t.roots == nil || !ok {
		return remote.DefaultTransport
	}
	own := usual.Clone()
	own.TLSClientConfig = t.config()
	return own
}

// createRepository makes a repository that is missing.
func (j *job) createRepository(ctx context.Context, repository ref.Repository) error {
	at, ok := ecr.ParseHost(repository.Domain())
	if !ok {
		return fault.Newf("E_INPUT", "leave out `create-repository`, and create "+repository.Path()+" in the registry", "create-repository makes repositories of ECR, and %s is none", repository.Domain())
	}
	settings := ecr.Repository{} // the public registry has none of them
	var err error
	if !at.Public || len(j.in.RepositorySettings) > 0 {
		settings, err = repositorySettings(j.in.RepositorySettings, j.in.Tags)
	}
	if err != nil {
		return usage(err)
	}
	created, err := j.registries.aws.EnsureRepository(ctx, repository.Domain(), repository.Path(), settings)
	if err == nil && created {
		j.Printf("%s is made", repository)
	}
	return err
}
