package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/build"
	"github.com/seed-96940006/tagboat/internal/login"
)

// dockerConfig writes the logins of the run for docker, which pulls base images
// with them: a folder that ends with the run, with all else that docker's own
// configuration says. It is "" where there are none to add.
//
// docker knows one login a registry, where the inputs may have several: that for
// the base images counts, then that for all repositories.
func (j *job) dockerConfig(ctx context.Context) (string, error) {
	var entries []login.Entry
	known := map[string]authn.AuthConfig{}
	for _, target := range j.loginTargets() {
		entry, ok := j.loginFor(ctx, target)
		if !ok {
			continue
		}
		if other, ok := known[entry.Host]; ok {
			if other != entry.Auth {
				j.Printf("docker knows one login a registry: that for %s is left out", target)
			}
			continue
		}
		known[entry.Host] = entry.Auth
		entries = append(entries, entry)
	}
	if len(entries) == 0 {
		return "", nil
	}
	base, was := j.dockerFolder()
	folder := filepath.Join(j.scratch, "docker")
	if err := login.WriteDockerConfig(folder, base, was, entries...); err != nil {
		return "", fmt.Errorf("logins for base images: %w", err)
	}
	return folder, nil
}

// loginTargets are the registries and repositories that docker may pull from.
func (j *job) loginTargets() (targets []string) {
	for _, image := range build.BaseImages(j.request) {
		targets = append(targets, image.Repository.String())
	}
	targets = append(targets, j.registries.keychain.Hosts()...)
	for _, repository := range j.state.Plan.Images {
		targets = append(targets, repository.Domain())
	}
	return targets
}

// loginFor is the login for a registry, or a repository in one. That there is none
// is no reason to stop: what is public needs none, and of what is not docker will
// say so.
func (j *job) loginFor(ctx context.Context, target string) (login.Entry, bool) {
	resource, host, err := login.Target(target)
	if err != nil {
		return login.Entry{}, false
	}
	auth, err := j.registries.keychain.ResolveContext(ctx, resource)
	if err == nil && auth != authn.Anonymous {
		var config *authn.AuthConfig
		if config, err = authn.Authorization(ctx, auth); err == nil {
			return login.Entry{Host: host, Auth: *config}, true
		}
	}
	if err != nil {
		j.Printf("base images are pulled without a login to %s: %v", target, err)
	}
	return login.Entry{}, false
}
