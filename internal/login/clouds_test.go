package login_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/login"
)

// environment sets variables for this program, which the helpers of the clouds read.
func environment(t *testing.T, all map[string]string) {
	t.Helper()
	for _, name := range []string{"GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG", "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "DOCKER_CONFIG", "APPDATA"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	for name, value := range all {
		t.Setenv(name, value)
	}
}

// keyFile is the key of a service account whose tokens come from a server here.
func keyFile(t *testing.T, tokens http.HandlerFunc) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "push@acme.iam.gserviceaccount.com", "private_key_id": "1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
		"token_uri":   "http://" + serve(t, tokens) + "/token",
	})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(write(t, t.TempDir(), map[string]string{"key.json": string(text)}), "key.json")
}

func TestGoogle(t *testing.T) {
	good := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"access_token": "ya29.x", "token_type": "Bearer", "expires_in": 3600}`))
	}
	bad := func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"error": "invalid_grant"}`, http.StatusBadRequest)
	}
	gcloud := `#!/bin/sh
echo '{"credential": {"access_token": "ya29.gcloud", "token_expiry": "2999-01-01T00:00:00Z"}}'
`
	tests := map[string]struct {
		tokens       http.HandlerFunc // of Application Default Credentials
		gcloud       string
		loggedIn     bool // in to gcloud
		want, source string
	}{
		"application default credentials":     {tokens: good, gcloud: "#!/bin/sh\nexit 1\n", loggedIn: true, want: "_token:ya29.x", source: "Google's credentials"},
		"gcloud":                              {gcloud: gcloud, loggedIn: true, want: "_token:ya29.gcloud", source: "Google's credentials"},
		"gcloud, where the others are no use": {tokens: bad, gcloud: gcloud, loggedIn: true, want: "_token:ya29.gcloud", source: "Google's credentials"},
		"no use":                              {tokens: bad, source: "invalid_grant"},
		"neither is":                          {tokens: bad, gcloud: "#!/bin/sh\nexit 3\n", loggedIn: true, source: "invalid_grant"},
		"gcloud was never logged in":          {gcloud: gcloud, source: "docker's config.json"},
		"nothing":                             {source: "docker's config.json"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			set := map[string]string{}
			if test.tokens != nil {
				set["GOOGLE_APPLICATION_CREDENTIALS"] = keyFile(t, test.tokens)
			}
			if test.gcloud != "" {
				programs := write(t, t.TempDir(), map[string]string{"gcloud": test.gcloud})
				set["PATH"] = programs + string(os.PathListSeparator) + os.Getenv("PATH")
			}
			environment(t, set)
			if test.loggedIn {
				write(t, os.Getenv("HOME"), map[string]string{".config/gcloud/credentials.db": ""})
			}
			k := login.New(login.Options{Getenv: os.Getenv, Docker: stored{}})
			for range 2 {
				if got, err := resolved(t, k, "europe-west1-docker.pkg.dev/acme/web"); err != nil || got != test.want {
					t.Errorf("got %q, %v, want %q", got, err, test.want)
				}
			}
			if source := k.Source("europe-west1-docker.pkg.dev/acme/web"); !strings.Contains(source, test.source) {
				t.Errorf("they come from %q, want %q", source, test.source)
			}
		})
	}
}

// Credentials that Azure refuses are told of where nothing else is found.
func TestAzureRefuses(t *testing.T) {
	var asked int
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		http.Error(w, `{"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}`, http.StatusUnauthorized)
	})
	cloud := filepath.Join(write(t, t.TempDir(), map[string]string{"cloud.json": `{"name": "AzureStackCloud", "activeDirectoryEndpoint": "http://` + host + `/", "resourceManagerEndpoint": "http://` + host + `/"}`}), "cloud.json")
	environment(t, map[string]string{
		"AZURE_ENVIRONMENT": "AzureStackCloud", "AZURE_ENVIRONMENT_FILEPATH": cloud,
		"AZURE_CLIENT_ID": "id", "AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_SECRET": right,
	})
	k := login.New(login.Options{Getenv: os.Getenv, Docker: stored{}})
	for range 2 {
		if got, err := resolved(t, k, "acme.azurecr.io/web"); got != "" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if source := k.Source("acme.azurecr.io"); !strings.Contains(source, "AADSTS7000215") || strings.Contains(source, right) {
		t.Errorf("they come from %q", source)
	}
	if asked != 1 {
		t.Errorf("Azure was asked %d times", asked)
	}
}
