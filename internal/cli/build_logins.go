package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/login"
)

// dockerConfig writes the logins of the run for docker, which pulls base images
// with them: a folder that ends with the run, with all else that docker's own
// configuration says. It is "" where there are none to add.
func (j *job) dockerConfig(ctx context.Context) (string, error) {
	var entries []login.Entry
	for _, host := range j.loginHosts() {
		entry, ok := j.loginFor(ctx, host)
		if ok {
			entries = append(entries, entry)
		}
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

// loginHosts are the registries that the inputs have logins for, and those that
// the image goes to.
func (j *job) loginHosts() (hosts []string) {
	for _, repository := range j.state.Plan.Images {
		hosts = append(hosts, repository.Domain())
	}
	auths, _ := login.ParseAuths(string(j.in.RegistryAuth)) // mistakes told what is wrong with them
	for _, auth := range auths {
		hosts = append(hosts, auth.Host)
	}
	if j.in.DockerhubToken != "" {
		hosts = append(hosts, "docker.io")
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// loginFor is the login for a host. That there is none is no reason to stop: what
// is public needs none, and of what is not docker will say so.
func (j *job) loginFor(ctx context.Context, host string) (login.Entry, bool) {
	registry, err := login.Registry(host)
	var auth authn.Authenticator
	if err == nil {
		auth, err = j.registries.keychain.ResolveContext(ctx, registry)
	}
	if err != nil {
		j.Printf("base images are pulled without a login to %s: %v", host, err)
		return login.Entry{}, false
	}
	if auth == authn.Anonymous {
		return login.Entry{}, false
	}
	config, err := authn.Authorization(ctx, auth)
	if err != nil {
		j.Printf("base images are pulled without a login to %s: %v", host, err)
		return login.Entry{}, false
	}
	return login.Entry{Host: host, Auth: *config}, true
}
