package login

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// noUser is who an identity token is of, in docker's configuration.
const noUser = "00000000-0000-0000-0000-000000000000"

// dockerAuth is a login in config.json.
type dockerAuth struct {
	Auth          string `json:"auth,omitempty"`
	IdentityToken string `json:"identitytoken,omitempty"`
	RegistryToken string `json:"registrytoken,omitempty"`
}

// Stored are the registries for which a folder's config.json holds a login itself, in
// order; none where it cannot be read.
func Stored(dir string) (hosts []string) {
	data, err := os.ReadFile(filepath.Join(dir, configFile))
	var config struct {
		Auths map[string]dockerAuth `json:"auths"`
	}
	if err != nil || json.Unmarshal(data, &config) != nil {
		return nil
	}
	for host, auth := range config.Auths {
		if auth != (dockerAuth{}) {
			hosts = append(hosts, hostOf(host))
		}
	}
	slices.Sort(hosts)
	return hosts
}

func dockerAuthOf(a authn.AuthConfig) dockerAuth {
	if a.IdentityToken != "" {
		return dockerAuth{Auth: encoded(noUser, ""), IdentityToken: a.IdentityToken}
	}
	d := dockerAuth{Auth: a.Auth, RegistryToken: a.RegistryToken}
	if a.Username != "" || a.Password != "" {
		d.Auth = encoded(a.Username, a.Password)
	}
	return d
}

// write adds logins to the settings of a folder, and writes them to ours.
func (f *Folder) write(settings string, entries []Entry) error {
	file := filepath.Join(settings, configFile)
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || settings == "" {
		data, err = nil, nil
	}
	if err == nil {
		data, err = withLogins(data, entries)
	}
	if err != nil {
		return fault.New("E_DOCKER_CONFIG", "repair the file, or set DOCKER_CONFIG to a folder without one", fmt.Errorf("docker configuration %s: %w", file, err))
	}
	return replace(filepath.Join(f.Dir, configFile), data)
}

// withLogins adds logins to a config.json; whatever else it says stays. Docker
// prefers credential helpers to what stands in the file: they give way for our
// hosts. An empty helper means the file, which is said only where a store would
// be asked otherwise, since podman would look for a helper without a name.
func withLogins(data []byte, entries []Entry) ([]byte, error) {
	config := map[string]json.RawMessage{}
	auths := map[string]json.RawMessage{}
	helpers := map[string]string{}
	store := ""
	if text := bytes.TrimSpace(data); len(text) > 0 && string(text) != "null" {
		if err := json.Unmarshal(data, &config); err != nil {
			return nil, err
		}
	}
	for _, part := range []struct {
		name string
		into any
	}{{"auths", &auths}, {"credHelpers", &helpers}, {"credsStore", &store}} {
		if raw := config[part.name]; len(raw) > 0 && string(raw) != "null" {
			if err := json.Unmarshal(raw, part.into); err != nil {
				return nil, fmt.Errorf("%s: %w", part.name, err)
			}
		}
	}
	for _, entry := range entries {
		raw, err := json.Marshal(dockerAuthOf(entry.Auth))
		if err != nil {
			return nil, err
		}
		key := configKey(entry.Host)
		auths[key] = raw
		delete(helpers, key)
		if store != "" {
			helpers[key] = ""
		}
	}
	return assembled(config, auths, helpers)
}

func assembled(config, auths map[string]json.RawMessage, helpers map[string]string) ([]byte, error) {
	var errs [2]error
	config["auths"], errs[0] = json.Marshal(auths)
	delete(config, "credHelpers")
	if len(helpers) > 0 {
		config["credHelpers"], errs[1] = json.Marshal(helpers)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return json.MarshalIndent(config, "", "\t")
}

// replace writes a file that only its owner reads, as a whole or not at all.
func replace(file string, data []byte) error {
	fresh, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+"-*") // 0600
	if err == nil {
		_, err = fresh.Write(append(data, '\n'))
		err = errors.Join(err, fresh.Close())
		if err == nil {
			err = os.Rename(fresh.Name(), file)
		}
		if err != nil {
			err = errors.Join(err, os.Remove(fresh.Name()))
		}
	}
	if err != nil {
		return fault.New("E_DOCKER_CONFIG", "let this user write to the folder, or name another one with `--docker-config`", err)
	}
	return nil
}
