package cli

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/runner"
)

// minter is where an App's tokens are had; it keeps what was asked for.
type minter struct {
	asked   map[string]any
	revoked string // Authorization of the request that ended the token
}

func (m *minter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /api/v3/repos/acme/infra/installation":
		io.WriteString(w, `{"id": 70}`)
	case "POST /api/v3/app/installations/70/access_tokens":
		if err := json.NewDecoder(r.Body).Decode(&m.asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusCreated)
		granted, _ := json.Marshal(m.asked["permissions"])
		io.WriteString(w, `{"token": "ghs_minted", "expires_at": "2099-01-01T00:00:00Z", "permissions": `+string(granted)+`}`)
	case "DELETE /api/v3/installation/token":
		m.revoked = r.Header.Get("Authorization")
		w.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(w, r)
	}
}

func TestAnAppAsksForNoMoreThanIsNeeded(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	cases := map[string]struct {
		pr   *plan.PullRequest
		dry  bool
		want map[string]any
	}{
		"a commit":       {want: map[string]any{"contents": "write"}},
		"a pull request": {pr: &plan.PullRequest{Reviewers: []string{"ada"}}, want: map[string]any{"contents": "write", "pull_requests": "write"}},
		"a team":         {pr: &plan.PullRequest{TeamReviewers: []string{"platform"}}, want: map[string]any{"contents": "write", "pull_requests": "write", "members": "read"}},
		"a dry run":      {dry: true, want: map[string]any{"contents": "read"}},
		"of a team":      {pr: &plan.PullRequest{TeamReviewers: []string{"platform"}}, dry: true, want: map[string]any{"contents": "read", "pull_requests": "read", "members": "read"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m := &minter{}
			server := httptest.NewServer(m)
			defer server.Close()
			env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": server.URL, "GITHUB_API_URL": server.URL + "/api/v3"}
			var log bytes.Buffer
			a := quietApp()
			a.Runner = runner.New(func(name string) string { return env[name] }, io.Discard, &log)
			who, err := a.identify(t.Context(), host{repository: "acme/infra"}, needs(c.pr, c.dry), accessInputs{AppID: "7", AppPrivateKey: Secret(text)}, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			token, err := who.token()
			if err != nil || token != "ghs_minted" || !strings.Contains(log.String(), "::add-mask::ghs_minted\n") {
				t.Errorf("token %q, error %v, log %s", token, err, log.String())
			}
			want := map[string]any{"repositories": []any{"infra"}, "permissions": c.want}
			if diff := cmp.Diff(want, m.asked); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			who.leave()
			if !strings.HasSuffix(m.revoked, " ghs_minted") {
				t.Errorf("the token was not revoked: %q", m.revoked)
			}
		})
	}
}
