package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/runner"
)

// On a server with a private authority the OIDC tokens of jobs come from that server, too.
func TestOIDCTokensComeFromAServerOfThatAuthority(t *testing.T) {
	const token = "a.b.c"
	var told string // to STS
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			io.WriteString(w, `{"value":"`+token+`"}`)
			return
		}
		told = r.FormValue("WebIdentityToken")
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
	env := map[string]string{"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": server.URL + "/token?api-version=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}
	world := World{Getenv: func(name string) string { return env[name] }, Stdout: io.Discard, Stderr: io.Discard, Now: time.Now}
	a := &app{Runner: runner.New(world.Getenv, io.Discard, io.Discard), world: world}
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	r, err := a.registriesOf(registryInputs{AWSDuration: time.Hour, AWSRole: "arn:aws:iam::111122223333:role/push"}, trust{roots: roots}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	_, _, _, err = r.aws.Token(t.Context(), "111122223333.dkr.ecr.eu-west-1.amazonaws.com")
	if told != token || err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("STS was given %q, and it says %v", told, err)
	}
}
