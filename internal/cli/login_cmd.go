package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/login"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/runner"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// loginCmd writes docker's configuration for other programs.
type loginCmd struct {
	Registries []string `sep:"none" group:"Login" required:"" placeholder:"REGISTRY" help:"Registries to log in to, or images in them, one a line: ghcr.io, docker.io, 111122223333.dkr.ecr.eu-west-1.amazonaws.com."`
	registryInputs
	dockerConfigInputs
	hostInputs
	runInputs
}

// dockerConfigInputs say where docker's configuration is written.
type dockerConfigInputs struct {
	DockerConfig string `group:"Login" placeholder:"FOLDER" help:"Folder for docker's configuration with the logins: an empty or a new one, or that of an earlier login. Default: one among the job's temporary files."`
}

// Help teaches by examples.
func (loginCmd) Help() string {
	return `Tagboat's own commands need no login before them: they take the same inputs. This is for docker, buildx and whatever else reads docker's configuration.

Every login is tried at its registry before anything is written.

Examples:
  eval "$(tagboat login --registries ghcr.io)"     # sets DOCKER_CONFIG in this shell
  eval "$(tagboat logout)"                         # removes it again

  TAGBOAT_REGISTRY_AUTH='registry.example ada s3cret' tagboat login --registries registry.example --docker-config ./docker`
}

func (c *loginCmd) mistakes() error {
	var errs []error
	for _, text := range c.Registries {
		_, err := registryTarget(text)
		errs = append(errs, err)
	}
	return errors.Join(append(errs, c.registryInputs.mistakes(), c.emptySecrets())...)
}

// emptySecrets are mistakes of a command that does nothing but log in: others go on
// without the logins of which a run has no secrets.
func (c *loginCmd) emptySecrets() error {
	auths, _ := login.ParseAuths(string(c.RegistryAuth)) // mistakes tells what is wrong with it
	err := login.EmptyPasswords(auths)
	if c.DockerhubUsername != "" && c.DockerhubToken == "" {
		err = errors.Join(err, fault.Newf("E_INPUT", "give both, or none. "+hintEmpty, "dockerhub-username is given without dockerhub-token"))
	}
	return err
}

// registryTarget is the registry or the repository that an entry of registries means.
func registryTarget(text string) (string, error) {
	if registry, err := login.Registry(text); err == nil && (text == "localhost" || strings.ContainsAny(text, ".:")) {
		return registry.RegistryStr(), nil
	}
	image, err := ref.ParseImage(text)
	if err != nil {
		return "", fault.New("E_INPUT", "name a registry, or an image in it: ghcr.io, ghcr.io/acme/web", fmt.Errorf("registries: %w", err))
	}
	return image.Repository.String(), nil
}

// Run logs in.
func (c *loginCmd) Run(ctx context.Context, a *app) error {
	state := &ship.State{DryRun: c.DryRun}
	folder := ""
	var failed error
	state.Outcomes, failed = ship.Run(ctx, a, a.world.Now, []ship.Step{{Name: "login", Run: func(ctx context.Context) (told string, err error) {
		err = a.ask(c.registryInputs, c.hostInputs, func(by asking) (err error) {
			folder, told, err = c.login(ctx, a, by)
			return err
		})
		return told, err
	}}})
	err := errors.Join(failed, a.Summary(report.Markdown("login", state, failed)))
	switch {
	case a.InActions || c.JSON:
	case folder == "": // of what would be printed a shell's eval would make a command
		return err
	default:
		return errors.Join(err, a.Print(shellVariable("DOCKER_CONFIG", folder)))
	}
	return errors.Join(err, a.Outputs([]runner.Output{{Name: "docker-config", Value: folder}}, c.JSON))
}

// login tries every login, and then writes all of them.
func (c *loginCmd) login(ctx context.Context, a *app, by asking) (folder, told string, err error) {
	checked, err := c.check(ctx, by)
	if err != nil {
		return "", "", err
	}
	var entries []login.Entry
	var who []string
	for _, one := range checked {
		entries = append(entries, login.Entry{Host: one.Host, Auth: one.Auth})
		if one.Open {
			who = append(who, fmt.Sprintf("%s asks nobody for a login, and proves nothing of that in %s", one.Host, one.Source))
			continue
		}
		who = append(who, fmt.Sprintf("%s takes %s", one.Host, one.Source))
	}
	told = strings.Join(who, "; ")
	if c.DryRun {
		return "", "", ship.Skip("dry run: " + told)
	}
	base, was := a.dockerFolder()
	folder = a.loginFolder(c.DockerConfig, was)
	if err := login.WriteDockerConfig(folder, base, was, entries...); err != nil {
		return "", "", err
	}
	a.warnOfStored(base, folder)
	if a.world.Getenv("DOCKER_AUTH_CONFIG") != "" {
		a.Warn(fault.Newf("E_DOCKER_CONFIG", "leave DOCKER_AUTH_CONFIG unset", "DOCKER_AUTH_CONFIG is set, and docker prefers the logins in it"))
	}
	a.Printf("%s", c.untilWhen(a, folder))
	return folder, told, a.Export("DOCKER_CONFIG", folder)
}

// untilWhen says where the logins are, and what ends them. The runner empties the
// folder of the job's temporary files, and no other one.
func (c *loginCmd) untilWhen(a *app, folder string) string {
	logout := "`tagboat logout`"
	if c.DockerConfig != "" {
		logout = "`tagboat logout --docker-config " + quoted(folder) + "`"
	}
	switch {
	case !a.InActions:
		return fmt.Sprintf("The logins are in %s, which %s removes.", folder, logout)
	case isWithin(a.Temp, folder):
		return fmt.Sprintf("The logins are in %s, as DOCKER_CONFIG of the steps that follow. The runner removes it at the end of the job; %s does so at once.", folder, logout)
	}
	return fmt.Sprintf("The logins are in %s, as DOCKER_CONFIG of the steps that follow. They stay there until %s, for which a step with `if: always()` is the place.", folder, logout)
}

// warnOfStored tells of logins that others have left in docker's own configuration.
// docker/login-action takes its own away at the end of the job, from the folder that
// DOCKER_CONFIG names then, which is ours. GitHub's machines end with the job.
func (a *app) warnOfStored(base, ours string) {
	if !a.InActions || base == ours || a.world.Getenv("RUNNER_ENVIRONMENT") == "github-hosted" {
		return
	}
	if hosts := login.Stored(base); len(hosts) > 0 {
		a.Warn(fault.Newf("E_DOCKER_CONFIG", "run `tagboat logout` at the end of the job (if: always()), so that docker/login-action ends them there; or give these logins to this step as `registry-auth`",
			"%s has logins to %s, which stay on this machine after the job", base, strings.Join(hosts, ", ")))
	}
}

// checkTime is how long a registry may think about a login.
const checkTime = 90 * time.Second

// check tries the login of each registry, all at once.
func (c *loginCmd) check(ctx context.Context, by asking) ([]login.Checked, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, checkTime, fmt.Errorf("no answer within %s", checkTime))
	defer cancel()
	found := make([]login.Checked, len(c.Registries))
	errs := make([]error, len(c.Registries))
	var group sync.WaitGroup
	for i, text := range c.Registries {
		group.Go(func() {
			target, err := registryTarget(text)
			if err == nil {
				found[i], err = by.keychain.Check(ctx, target, by.client.At)
			}
			errs[i] = err
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return onePerHost(found)
}

// onePerHost leaves one login for each registry, which is what docker's
// configuration has room for.
func onePerHost(found []login.Checked) (all []login.Checked, err error) {
	known := map[string]login.Checked{}
	for _, one := range found {
		before, twice := known[one.Host]
		switch {
		case !twice:
			known[one.Host] = one
			all = append(all, one)
		case before.Auth != one.Auth:
			return nil, usage(fault.Newf("E_INPUT", "leave one of the images out of registries, or log in to folders of their own (docker-config)",
				"images at %s have different logins, and docker's configuration holds one for a registry", one.Host))
		}
	}
	return all, nil
}
