package version

import (
	"context"
	"crypto/x509"
	"maps"
	"sync"
	"time"

	"github.com/seed-96940006/tagboat/internal/github"
)

// GitHubStore is a repository on GitHub. No checkout is needed: one query tells the
// newest numbers and what comes before them, and one request creates a tag, which
// GitHub does for one of many only. It may be used by several goroutines, but is
// meant to be one claim's: each remembers what it was told of commits.
type GitHubStore struct {
	Client     *github.Client
	Repository string // owner/name

	// Git is the same repository for git, which lists very many refs, and tells all
	// of history, where the API would need many requests. Its Repo is not used.
	// Without a Remote the API does it.
	Git   GitStore
	Roots *x509.CertPool // that the host of Git is trusted by; nil is the system's

	mu     sync.Mutex
	id     string // of the repository, in GraphQL
	lines  Lines
	dates  map[string]time.Time
	places map[string]Place
	apart  map[string]map[string]bool // by commit, those that are known not to come after it
	lister *lister
}

// learn remembers what an answer says of a commit, as far as nothing longer is
// known of it.
func (g *GitHubStore) learn(all ...commitAnswer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lines == nil {
		g.lines, g.dates, g.places = Lines{}, map[string]time.Time{}, map[string]Place{}
	}
	for _, c := range all {
		g.dates[c.OID] = c.CommittedDate
		if place, told := c.place(); told {
			g.places[c.OID] = place
		}
		if line := c.line(); line != nil && (g.lines[c.OID] == nil || len(line) > len(g.lines[c.OID])) {
			g.lines[c.OID] = line
		}
	}
}

// knowing gives a view what is known so far.
func (g *GitHubStore) knowing(v *View) {
	g.mu.Lock()
	defer g.mu.Unlock()
	v.Lines, v.dates = maps.Clone(g.lines), maps.Clone(g.dates)
}

// Place implements Store: the query that reads the refs tells it.
func (g *GitHubStore) Place(_ context.Context, _ *View, commit string) (Place, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.places[commit], nil
}

// way is how git's server lists refs; nil where there is none.
func (g *GitHubStore) way() *lister {
	if !g.Git.Remote.TakesToken() {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lister == nil {
		g.lister = newLister(g.Git.Remote, g.Roots)
	}
	return g.lister
}

func (g *GitHubStore) repository() (id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.id
}

func (g *GitHubStore) named(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if id != "" {
		g.id = id
	}
}
