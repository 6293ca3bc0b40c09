package login

import (
	"context"
	"time"

	"github.com/chrismellard/docker-credential-acr-env/pkg/credhelper"
	"github.com/google/go-containerregistry/pkg/authn"
)

// azureLife is how long a registry's refresh token is used; it lives for three hours.
const azureLife = 2 * time.Hour

// askAzure exchanges the credentials of the environment for a refresh token of the
// registry.
func askAzure(host string, now func() time.Time) asking {
	return func(ctx context.Context) (authn.Authenticator, time.Time, error) {
		type answer struct {
			user, password string
			err            error
		}
		answers := make(chan answer, 1) // the helper knows no context, and ends by its own limits
		go func() {
			var a answer
			a.user, a.password, a.err = credhelper.NewACRCredentialsHelper().Get(host)
			answers <- a
		}()
		select {
		case <-ctx.Done():
			return nil, time.Time{}, context.Cause(ctx)
		case a := <-answers:
			if a.err != nil {
				return nil, time.Time{}, a.err
			}
			return authn.FromConfig(azureConfig(a.user, a.password)), now().Add(azureLife), nil
		}
	}
}

// azureConfig is what a credential helper means by its answer: the user <token>
// comes with an identity token.
func azureConfig(user, password string) authn.AuthConfig {
	if user == "<token>" {
		return authn.AuthConfig{Username: user, IdentityToken: password}
	}
	return authn.AuthConfig{Username: user, Password: password}
}

// azureSigns reports whether the environment names a service principal with a
// secret or a federated token, or the managed identity of a container. GitHub's own
// runners are machines of Azure without an identity, which would be waited for.
func azureSigns(getenv func(string) string) bool {
	if getenv("IDENTITY_ENDPOINT") != "" || getenv("MSI_ENDPOINT") != "" {
		return true
	}
	if getenv("AZURE_CLIENT_ID") == "" || getenv("AZURE_TENANT_ID") == "" {
		return false
	}
	for _, name := range []string{"AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN", "AZURE_FEDERATED_TOKEN_FILE"} {
		if getenv(name) != "" {
			return true
		}
	}
	return false
}
