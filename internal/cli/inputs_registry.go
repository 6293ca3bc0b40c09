package cli

import (
	"errors"
	"time"

	"github.com/seed-96940006/tagboat/internal/ecr"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/login"
)

// Logins are a secret of which the passwords are masked, one by one: hosts and
// the account ids in them are no secrets, and a job whose outputs hold what is
// masked loses them.
type Logins string

// String hides them.
func (l Logins) String() string { return Secret(l).String() }

// aws is who to be at AWS.
func (in registryInputs) aws() ecr.Options {
	return ecr.Options{Role: in.AWSRole, Audience: in.AWSAudience, SessionName: in.AWSSessionName, Duration: in.AWSDuration}
}

// registryInputs say who we are at the registries.
type registryInputs struct {
	RegistryToken     Secret        `group:"Registries" action-default:"${{ github.token }}" help:"Token for ghcr.io, or for the registry of your server: that of the job, with packages: write. Empty leaves ghcr.io to registry-auth and docker's configuration."`
	RegistryAuth      Logins        `group:"Registries" placeholder:"LOGIN" help:"Logins to registries, which go before all others, one a line: HOST USER PASSWORD; or the YAML of docker/login-action."`
	DockerhubUsername string        `group:"Registries" placeholder:"NAME" help:"Account at Docker Hub."`
	DockerhubToken    Secret        `group:"Registries" help:"Access token of that account (Read & Write)."`
	AWSRole           string        `group:"Registries" placeholder:"ARN" help:"Role to assume for ECR, by the OIDC token of the job (permissions: id-token: write). Without one, credentials are found as by every AWS SDK."`
	AWSAudience       string        `group:"Registries" default:"sts.amazonaws.com" placeholder:"NAME" help:"Audience of that OIDC token."`
	AWSSessionName    string        `group:"Registries" placeholder:"NAME" help:"Name of the session at AWS. Default: tagboat, the repository and the run."`
	AWSDuration       time.Duration `name:"aws-session-duration" group:"Registries" default:"1h" placeholder:"TIME" help:"How long the session lasts, from 15m to 12h."`
}

// mistakes are those that need no look at the registries.
func (in registryInputs) mistakes() error {
	var errs []error
	if in.DockerhubToken != "" && in.DockerhubUsername == "" { // a name alone is what a run without secrets has
		errs = append(errs, fault.Newf("E_INPUT", "give `dockerhub-username`, too", "dockerhub-token is given without the account that it is of"))
	}
	errs = append(errs, in.aws().Check())
	_, err := login.ParseAuths(string(in.RegistryAuth))
	return errors.Join(append(errs, err)...)
}
