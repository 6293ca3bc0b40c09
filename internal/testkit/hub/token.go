package hub

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kind is a kind of credentials.
type Kind int

// The kinds of tokens.
const (
	GitHubToken Kind = iota // of a job: ${{ github.token }}
	AppToken                // of an installation of a GitHub App
	Classic                 // personal access token (classic)
	FineGrained             // fine-grained personal access token
)

// Token is one that the hub takes.
type Token struct {
	Value       string            // "" makes one of the form of its kind
	Kind        Kind              //
	Login       string            // whose; "" is github-actions[bot], tagboat[bot] or octocat
	Repos       []string          // owner/name that it was made for; nil is all
	Permissions map[string]string // contents: write …; nil is all that the kind can have
	Scopes      []string          // of a classic one; nil is repo
	Expires     time.Time         // the zero time is never
	SSO         bool              // an organization's SAML has not been gone through
	Limit       int               // requests an hour of each kind; 0 is that of the kind

	notYet int // how often it is refused yet
	owner  *person
	spent  map[string]int // requests by resource
	since  time.Time      // the window that spent is of
}

// Token adds a token and gives its value.
func (h *Hub) Token(t Token) string {
	h.state.Lock()
	defer h.state.Unlock()
	return h.addToken(t).Value
}

func (h *Hub) addToken(t Token) *Token {
	if t.Value == "" {
		t.Value = h.makeToken(t.Kind)
	}
	if t.Login == "" {
		t.Login = map[Kind]string{GitHubToken: "github-actions[bot]", AppToken: "tagboat[bot]"}[t.Kind]
	}
	if t.Login == "" {
		t.Login = "octocat"
	}
	if t.Kind == Classic && t.Scopes == nil {
		t.Scopes = []string{"repo"}
	}
	if t.Limit == 0 {
		t.Limit = 5000
		if t.Kind == GitHubToken {
			t.Limit = 1000
		}
	}
	t.owner, t.spent, t.since = h.person(t.Login), map[string]int{}, h.began
	h.tokens[t.Value] = &t
	return &t
}

// makeToken makes a value: those of installations have the 520 characters of a JWT.
func (h *Hub) makeToken(k Kind) string {
	n := h.next()
	switch k {
	case Classic:
		return fmt.Sprintf("ghp_%036d", n)
	case FineGrained:
		return fmt.Sprintf("github_pat_%082d", n)
	default:
		part := base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf(`{"n":%d,"typ":"installation-_~?"}`, n)))
		value := fmt.Sprintf("ghs_%d_%s.%s.", 7001+n, part, part)
		return value + strings.Repeat("aZ09_-", 100)[:520-len(value)]
	}
}

// integration reports whether the token is that of an integration, as GitHub calls an App.
func (t *Token) integration() bool { return t.Kind == GitHubToken || t.Kind == AppToken }

// may reports whether the token has a permission, whatever the repository is.
func (t *Token) may(permission, access string) bool {
	if permission == "metadata" && access == "read" {
		return true
	}
	if t.Kind == GitHubToken && (permission == "workflows" || permission == "administration") {
		return false // not even when it is asked for
	}
	if t.Permissions == nil {
		return true
	}
	has := t.Permissions[permission]
	return has == "write" || has == "admin" || has == access
}

// covers reports whether the token was made for a repository.
func (t *Token) covers(r *Repo) bool {
	return t.Repos == nil || slices.ContainsFunc(t.Repos, func(name string) bool { return strings.EqualFold(name, r.FullName()) })
}

// sees reports whether somebody with this token, nil is nobody, is told that a
// repository exists.
func (t *Token) sees(r *Repo) bool {
	return !r.settings.Private || t != nil && t.covers(r)
}

// refusal is what a token of this kind is told that lacks a permission.
func (t *Token) refusal() string {
	if t.integration() {
		return "Resource not accessible by integration"
	}
	return "Resource not accessible by personal access token"
}

// bearer is the token of a request: of the header's own kinds, or the password.
func bearer(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "token") {
		return strings.TrimSpace(value)
	}
	return ""
}

// whose finds the token of a request; nil where it has none. False is a bad one.
func (h *Hub) whose(r *http.Request) (*Token, bool) {
	if r.Header.Get("Authorization") == "" {
		return nil, true
	}
	t := h.tokens[bearer(r)]
	if t == nil || !t.Expires.IsZero() && !h.clock().Before(t.Expires) {
		return nil, false
	}
	if t.notYet > 0 {
		t.notYet--
		return nil, false
	}
	return t, true
}
