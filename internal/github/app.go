package github

import (
	"context"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"time"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// App is a GitHub App of which tokens are had for one repository, with no more
// permissions than are named.
type App struct {
	ID          string       // the app's id or its client id
	Key         []byte       // its private key as PEM, PKCS#1 or PKCS#8; line ends may be written \n
	Repository  string       // owner/name of the repository that tokens are for
	Permissions Permissions  // what tokens may do; the zero value is all that the installation may
	Mask        func(string) // told every token before it is used
	API         string       // as in Options, like all that follows
	Transport   http.RoundTripper
	Roots       *x509.CertPool
	Log         io.Writer
	Now         func() time.Time
	Sleep       func(context.Context, time.Duration) error
	Silence     time.Duration
}

// Permissions are levels by name: "read", "write", or "" for none.
//
// See https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app.
type Permissions struct {
	Actions, Checks, Contents, Deployments, Issues, Members, PullRequests, Statuses, Workflows string
}

// body is the form of a request; nil where nothing is named.
func (p Permissions) body() *gogithub.InstallationPermissions {
	if p == (Permissions{}) {
		return nil
	}
	level := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	return &gogithub.InstallationPermissions{
		Actions: level(p.Actions), Checks: level(p.Checks), Contents: level(p.Contents), Deployments: level(p.Deployments),
		Issues: level(p.Issues), Members: level(p.Members), PullRequests: level(p.PullRequests),
		Statuses: level(p.Statuses), Workflows: level(p.Workflows),
	}
}

// beyond are the permissions that p has and an installation has not, as they are
// called in an app's settings.
func (p Permissions) beyond(granted *gogithub.InstallationPermissions) (missing []string) {
	if granted == nil {
		return nil
	}
	rank := map[string]int{"read": 1, "write": 2, "admin": 3}
	for _, one := range []struct{ name, want, has string }{
		{"Actions", p.Actions, granted.GetActions()},
		{"Checks", p.Checks, granted.GetChecks()},
		{"Contents", p.Contents, granted.GetContents()},
		{"Deployments", p.Deployments, granted.GetDeployments()},
		{"Issues", p.Issues, granted.GetIssues()},
		{"Members", p.Members, granted.GetMembers()},
		{"Pull requests", p.PullRequests, granted.GetPullRequests()},
		{"Commit statuses", p.Statuses, granted.GetStatuses()},
		{"Workflows", p.Workflows, granted.GetWorkflows()},
	} {
		if rank[one.want] > rank[one.has] {
			missing = append(missing, one.name+": "+one.want)
		}
	}
	return missing
}

// Source reads the key. Tokens are had from GitHub when the first one is asked for;
// ctx ends that, as it does for the sources of oauth2.
func (a App) Source(ctx context.Context) (*AppTokens, error) {
	if a.ID = strings.TrimSpace(a.ID); a.ID == "" {
		return nil, fault.New("E_GITHUB_APP", "give the app's id or client id, from its settings", &Error{Kind: Unauthorized, Message: "the app has no id"})
	}
	owner, name, ok := strings.Cut(a.Repository, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return nil, fault.New("E_GITHUB_APP", "name the repository as owner/name", &Error{Kind: Invalid, Message: fault.Plain("app "+a.ID+": no repository of this host is called "+a.Repository, 300)})
	}
	key, err := readKey(a.ID, a.Key)
	if err != nil {
		return nil, err
	}
	now := a.Now
	if now == nil {
		now = time.Now
	}
	client, err := New(Options{
		API: a.API, Token: assertions{id: a.ID, key: key, now: now},
		Transport: a.Transport, Roots: a.Roots, Log: a.Log, Now: a.Now, Sleep: a.Sleep, Silence: a.Silence,
	})
	if err != nil {
		return nil, err
	}
	a.Key = nil
	return &AppTokens{app: a, owner: owner, name: name, client: client, now: now, ctx: ctx}, nil
}
