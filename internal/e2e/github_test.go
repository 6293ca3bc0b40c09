//go:build e2e

package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// gitHub is the server that an application and its infra repository are on.
type gitHub struct {
	*hub.Hub
	t       *testing.T
	owner   string            // a token of the test's own, which may do everything
	secrets map[string]string // of the application's repository
	file    string            // that act reads them from
}

// onGitHub moves the application to acme/web and the infra repository to acme/infra
// of a GitHub. Both are private. There is an App on the latter, with more rights
// than any token needs that is made for it.
func (s *shop) onGitHub() *gitHub {
	s.t.Helper()
	g := &gitHub{Hub: hub.New(s.t), t: s.t, file: filepath.Join(s.t.TempDir(), "secrets.yml")}
	for name, folder := range map[string]*string{"acme/web": &s.source, "acme/infra": &s.infra} {
		r := g.Repo(name)
		r.Set(func(settings *hub.Settings) { settings.Private = true })
		s.git(*folder, "push", "--quiet", r.Dir, "main")
		*folder = r.Dir
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	check(s.t, err)
	g.App(hub.App{ID: 7, PublicKey: &key.PublicKey, Installations: []hub.Installation{{
		ID: 70, Account: "acme", Repos: []string{"acme/infra"},
		Permissions: map[string]string{"contents": "write", "pull_requests": "write", "issues": "write", "administration": "write"},
	}}})
	write := map[string]string{"contents": "write"}
	g.owner = g.Token(hub.Token{Kind: hub.Classic})
	g.Token(hub.Token{Value: infraToken, Kind: hub.FineGrained, Repos: []string{"acme/infra"}, Permissions: write})
	g.secrets = map[string]string{
		"GITHUB_TOKEN":  g.Token(hub.Token{Kind: hub.GitHubToken, Repos: []string{"acme/web"}, Permissions: write}),
		"INFRA_APP_KEY": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
	}
	data, err := json.Marshal(g.secrets) // which is YAML
	check(s.t, err)
	check(s.t, os.WriteFile(g.file, data, 0o600))
	return g
}

// act are the arguments that let act run on this server.
func (g *gitHub) act() []string {
	return []string{
		"--env", "GITHUB_SERVER_URL=" + g.URL, "--env", "GITHUB_API_URL=" + g.API, "--env", "GITHUB_GRAPHQL_URL=" + g.GraphQL,
		"--secret-file", g.file, "--var", "INFRA_APP_ID=7",
	}
}

// ofInfra are the requests since the last time, but those of git to acme/web.
func (g *gitHub) ofInfra() []string {
	return slices.DeleteFunc(g.Requests(), func(line string) bool { return strings.Contains(line, " /acme/web.git/") })
}

// get reads something of acme/infra through the API.
func (g *gitHub) get(path string, into any) {
	g.t.Helper()
	request, err := http.NewRequest(http.MethodGet, g.API+"/repos/acme/infra"+path, nil)
	check(g.t, err)
	request.Header.Set("Authorization", "Bearer "+g.owner)
	answer, err := http.DefaultClient.Do(request)
	check(g.t, err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		g.t.Fatalf("GET %s: %s", path, answer.Status)
	}
	check(g.t, json.NewDecoder(answer.Body).Decode(into))
}

// signature is what GitHub shows beside a commit: by whom it is, and if it is verified.
type signature struct {
	Author   string
	Verified bool
}

func (g *gitHub) signature(sha string) signature {
	g.t.Helper()
	var c struct {
		Author struct{ Login string }
		Commit struct{ Verification struct{ Verified bool } }
	}
	g.get("/commits/"+sha, &c)
	return signature{c.Author.Login, c.Commit.Verification.Verified}
}

// pull is a pull request of acme/infra.
type pull struct {
	Number     int
	State      string
	Title      string
	HTMLURL    string `json:"html_url"`
	Head, Base struct{ Ref, SHA string }
	User       struct{ Login string }
}

func (g *gitHub) pulls() (all []pull) {
	g.t.Helper()
	g.get("/pulls?state=all", &all)
	return all
}

// keeps checks that no secret, no line of one and no token that was made on the way
// is in what act printed or a workflow left. act masks the secrets that it was given
// as a whole, and what it was told to mask. The line that tells it is left out: the
// real runner does not print it.
func (g *gitHub) keeps(r run) {
	g.t.Helper()
	hidden := []string{"ghs_", infraToken}
	for line := range strings.Lines(g.secrets["INFRA_APP_KEY"]) {
		if !strings.HasPrefix(line, "-----") {
			hidden = append(hidden, strings.TrimSpace(line))
		}
	}
	masked := 0
	for line := range strings.Lines(r.log) {
		var entry struct{ Command string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Command == "add-mask" {
			masked++
			continue
		}
		for _, secret := range hidden {
			if strings.Contains(line, secret) {
				g.t.Errorf("%s… is in the log: %s", secret[:4], line)
			}
		}
	}
	if masked == 0 {
		g.t.Error("nothing was masked")
	}
	for step, outputs := range r.outputs {
		for name, value := range outputs {
			for _, secret := range hidden {
				if strings.Contains(value, secret) {
					g.t.Errorf("%s… is in the output %s of %s", secret[:4], name, step)
				}
			}
		}
	}
}
