package ecr_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"

	"github.com/seed-96940006/tagboat/internal/ecr"
)

// Whoever has run `aws sso login` is logged in: the SDK takes the token that this has
// left to AWS's portal, for keys of the profile's account and role.
func TestAProfileOfSSO(t *testing.T) {
	w := start(t)
	k := w.User("sso-dev")
	portal := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked := r.URL.Query()
		if r.URL.Path != "/federation/credentials" || asked.Get("account_id") != "111122223333" || asked.Get("role_name") != "dev" ||
			r.Header.Get("X-Amz-Sso_bearer_token") != "t0ken-of-sso" {
			t.Errorf("asked for %s with %q", r.URL, r.Header)
		}
		rw.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(rw, `{"roleCredentials": {"accessKeyId": %q, "secretAccessKey": %q, "sessionToken": %q, "expiration": %d}}`,
			k.ID, k.Secret, k.SessionToken, w.now().Add(time.Hour).UnixMilli())
	}))
	t.Cleanup(portal.Close)
	t.Setenv("AWS_ENDPOINT_URL_SSO", portal.URL)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_PROFILE", "work")
	write(t, os.Getenv("AWS_CONFIG_FILE"), "[profile work]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = dev\n"+
		"[sso-session acme]\nsso_region = eu-west-1\nsso_start_url = https://acme.awsapps.com/start\n")
	cached, err := ssocreds.StandardCachedTokenFilepath("acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(cached), 0o700); err != nil {
		t.Fatal(err)
	}
	token, err := json.Marshal(map[string]string{"accessToken": "t0ken-of-sso", "expiresAt": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
	if err != nil {
		t.Fatal(err)
	}
	write(t, cached, string(token))
	w.token(t, ecr.New(w.options()), host)
}
