package testkit

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tokens are those of a registry that has a token service: opaque, for certain
// repositories, and for a time or a number of requests.
type tokens struct {
	registry *Registry     // whose clock and number of uses they have
	service  string        // what the challenge calls it
	life     time.Duration // 0 is for ever

	mu    sync.Mutex
	given map[string]*grant
}

// grant is what a token allows.
type grant struct {
	user   string   // "" is nobody
	access []string // repository:acme/web:pull, one action each
	ends   time.Time
	left   int // requests; -1 is any number
}

func newTokens(r *Registry, service string, life time.Duration) *tokens {
	return &tokens{registry: r, service: service, life: life, given: map[string]*grant{}}
}

// challenge asks for a token of a realm.
func (s *tokens) challenge(w http.ResponseWriter, realm, scope string) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+`",service="`+s.service+`",scope="`+scope+`"`)
}

// wanted are the rights that a request asks the token service for, one action each.
func wanted(request *http.Request) (access []string) {
	for _, scopes := range request.Form["scope"] {
		for scope := range strings.FieldsSeq(scopes) {
			parts := strings.SplitN(scope, ":", 3)
			if len(parts) != 3 || parts[0] != "repository" {
				continue
			}
			for action := range strings.SplitSeq(parts[2], ",") {
				access = append(access, right(parts[1], action))
			}
		}
	}
	return access
}

func right(repository, action string) string { return "repository:" + repository + ":" + action }

// apart is a right's repository and action.
func apart(access string) (repository, action string) {
	parts := strings.SplitN(access, ":", 3)
	return parts[1], parts[2]
}

// asks reports whether a request is one for a token of this service, by GET as
// Docker's registry describes it, or by POST as OAuth 2.0 does, and who asks.
func (s *tokens) asks(request *http.Request) (user, password string, named, understood bool) {
	if request.ParseForm() != nil || request.Form.Get("service") != s.service {
		return "", "", false, false
	}
	user, password, named = request.BasicAuth()
	if request.Method == http.MethodPost && request.Form.Get("grant_type") == "password" {
		user, password = request.Form.Get("username"), request.Form.Get("password")
		return user, password, true, true
	}
	return user, password, named, request.Method == http.MethodGet
}

// give makes a token.
func (s *tokens) give(user string, access []string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &grant{user: user, access: access, left: -1}
	if uses := s.registry.tokenUses; uses > 0 {
		g.left = uses
	}
	if s.life > 0 {
		g.ends = s.registry.now().Add(s.life)
	}
	token := "opaque-" + strconv.Itoa(len(s.given)+1)
	s.given[token] = g
	return token
}

// take is what a request's token allows; nil where it has none, or none any more.
func (s *tokens) take(request *http.Request) *grant {
	token, found := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.given[token]
	if !found || g == nil || g.left == 0 || !g.ends.IsZero() && !s.registry.now().Before(g.ends) {
		return nil
	}
	if g.left > 0 {
		g.left--
	}
	return g
}

// may reports whether a token was given for this.
func (g *grant) may(repository, action string) bool {
	return slices.Contains(g.access, right(repository, action))
}

// unmount forgets that a blob may be taken over from a repository that the token
// does not let its holder read: it has to be uploaded.
func (g *grant) unmount(request *http.Request) {
	if from := request.URL.Query().Get("from"); from != "" && !g.may(from, "pull") {
		request.URL.RawQuery = ""
	}
}
