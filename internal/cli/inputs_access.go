package cli

import (
	"errors"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// accessInputs say how the infra repository is reached, and with whose rights.
type accessInputs struct {
	InfraVia      string `group:"Access to the infra repository" default:"auto" enum:"auto,api,git" help:"api reads and writes through the API of GitHub; git through any git remote. auto takes the API for a repository of this GitHub where there is a token or an App."`
	InfraToken    Secret `group:"Access to the infra repository" help:"Token that may write to infra-repository (contents: write, with pull requests also pull-requests: write). The job's own token cannot write to another repository."`
	AppID         string `group:"Access to the infra repository" placeholder:"ID" help:"Id, or client id, of a GitHub App that is installed on infra-repository, instead of a token."`
	AppPrivateKey Secret `group:"Access to the infra repository" help:"Private key (PEM) of that App. A token for the one repository is made of it, and revoked at the end."`
}

// The ways to the infra repository.
const (
	viaAuto = "auto"
	viaAPI  = "api"
	viaGit  = "git"
)

// mistakes are those that are some in every run.
func (in accessInputs) mistakes() error {
	var errs []error
	if in.AppID == "" && in.AppPrivateKey != "" {
		errs = append(errs, fault.Newf("E_INPUT", "give both, or a token as `infra-token`", "app-private-key is given without app-id"))
	}
	if in.AppID != "" && in.InfraToken != "" {
		errs = append(errs, fault.Newf("E_INPUT", "leave one of them out", "infra-token and app-id are both given, which are two identities"))
	}
	return errors.Join(errs...)
}

// lacks is the secret without which the infra repository cannot be reached as the
// inputs say. It is no mistake of a run that leaves that repository alone: one for
// Dependabot has the id of the App, which is no secret, and no key.
func (in accessInputs) lacks() error {
	switch {
	case in.AppID != "" && in.AppPrivateKey == "":
		return fault.Newf("E_INPUT", "give both, or a token as `infra-token`. "+hintEmpty, "app-id is given without app-private-key")
	case in.InfraVia == viaAPI && !in.identified():
		return fault.Newf("E_INPUT", "give `infra-token`, or `app-id` and `app-private-key`. "+hintEmpty, "infra-via api needs a token or an App, and neither has a value")
	}
	return nil
}

// identified reports whether there is a token or an App.
func (in accessInputs) identified() bool { return in.InfraToken != "" || in.AppID != "" }
