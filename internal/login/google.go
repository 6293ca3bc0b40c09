package login

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/google"
	"golang.org/x/oauth2"
)

// patience is how long a cloud's token service is waited for.
const patience = 30 * time.Second

// askGoogle finds Application Default Credentials that work, else gcloud, as
// docker-credential-gcr does. Both keep a token as long as it lives, and then get
// another one.
func askGoogle(getenv func(string) string) asking {
	return func(ctx context.Context) (authn.Authenticator, time.Time, error) {
		source, err := googleSource(ctx, getenv)
		if err == nil {
			_, err = source.Authorization()
		}
		return source, time.Time{}, err
	}
}

// googleSource finds what the signs speak of. The source outlives the request that
// it is first asked for.
func googleSource(ctx context.Context, getenv func(string) string) (authn.Authenticator, error) {
	ctx = context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, &http.Client{Timeout: patience})
	var defaults error
	if applicationDefaults(getenv) {
		source, err := google.NewEnvAuthenticator(ctx)
		if err == nil {
			return source, nil
		}
		defaults = fmt.Errorf("application default credentials: %w", err)
	}
	if gcloud(getenv) {
		source, err := google.NewGcloudAuthenticator(ctx)
		switch {
		case err == nil && source != authn.Anonymous:
			return source, nil
		case err == nil:
			err = fmt.Errorf("gcloud is not on PATH")
		}
		if defaults == nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w; %w", defaults, err)
	}
	return nil, defaults
}

// googleSigns reports whether it is worth while to ask: where nothing speaks of
// credentials, Google's own search ends at a metadata server that is not there.
func googleSigns(getenv func(string) string) bool {
	return applicationDefaults(getenv) || gcloud(getenv)
}

func applicationDefaults(getenv func(string) string) bool {
	if getenv("GOOGLE_APPLICATION_CREDENTIALS") != "" || getenv("GCE_METADATA_HOST") != "" {
		return true
	}
	for _, folder := range gcloudFolders(getenv) {
		if exists(filepath.Join(folder, "application_default_credentials.json")) {
			return true
		}
	}
	machine, err := os.ReadFile("/sys/class/dmi/id/product_name")
	return err == nil && strings.HasPrefix(string(machine), "Google")
}

// gcloud reports whether gcloud has been logged in here.
func gcloud(getenv func(string) string) bool {
	for _, name := range []string{"CLOUDSDK_AUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"} {
		if getenv(name) != "" {
			return true
		}
	}
	folders := gcloudFolders(getenv)
	if own := getenv("CLOUDSDK_CONFIG"); own != "" {
		folders = []string{own}
	}
	for _, folder := range folders {
		if exists(filepath.Join(folder, "credentials.db")) {
			return true
		}
	}
	return false
}

func gcloudFolders(getenv func(string) string) (all []string) {
	if home := getenv("HOME"); home != "" {
		all = append(all, filepath.Join(home, ".config", "gcloud"))
	}
	if data := getenv("APPDATA"); data != "" { // of Windows
		all = append(all, filepath.Join(data, "gcloud"))
	}
	return all
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
