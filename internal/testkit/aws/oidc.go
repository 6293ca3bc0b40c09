package aws

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// GitHub is the issuer of the OIDC tokens of github.com.
const GitHub = "https://token.actions.githubusercontent.com"

// Issuer makes the OIDC tokens of a job. Its ServeHTTP is what the runner names in
// ACTIONS_ID_TOKEN_REQUEST_URL; nothing is signed, and AWS does not check that.
type Issuer struct {
	Bearer string         // ACTIONS_ID_TOKEN_REQUEST_TOKEN
	Claims map[string]any // besides and instead of what every token has
	Now    func() time.Time
	Fail   int // so many requests are answered 500 before one is answered rightly

	tb testing.TB

	mu     sync.Mutex
	issued []string
}

// NewIssuer is that of a push to the branch main of acme/web.
func NewIssuer(tb testing.TB) *Issuer {
	return &Issuer{tb: tb, Bearer: "runtime-" + rand.Text(), Now: time.Now, Claims: map[string]any{
		"iss": GitHub, "sub": "repo:acme/web:ref:refs/heads/main", "repository": "acme/web", "repository_id": "7101",
		"repository_owner": "acme", "repository_owner_id": "7001", "ref": "refs/heads/main", "ref_type": "branch",
		"event_name": "push", "run_id": "1984", "run_number": "10", "run_attempt": "1", "runner_environment": "github-hosted",
	}}
}

// URL is ACTIONS_ID_TOKEN_REQUEST_URL where the issuer is served at base: it has a
// query already.
func (i *Issuer) URL(base string) string { return base + "/idtoken?api-version=2.0" }

// Issued are the tokens that were made: no log may have them.
func (i *Issuer) Issued() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string(nil), i.issued...)
}

// Token makes a token for an audience; "" is the one that GitHub takes by itself.
func (i *Issuer) Token(audience string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if audience == "" {
		audience = fmt.Sprintf("https://github.com/%v", i.Claims["repository_owner"])
	}
	now := i.Now()
	claims := map[string]any{"aud": audience, "jti": rand.Text(), "iat": now.Unix(), "nbf": now.Add(-10 * time.Minute).Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	for name, value := range i.Claims {
		claims[name] = value
	}
	token := part(map[string]string{"typ": "JWT", "alg": "RS256", "kid": "cc413527", "x5t": "eBZ_cn3sXYAd0ch4THBKHIgOwOE"}) +
		"." + part(claims) + "." + base64.RawURLEncoding.EncodeToString([]byte(rand.Text()+rand.Text()))
	i.issued = append(i.issued, token)
	return token
}

func part(v any) string {
	data, _ := json.Marshal(v) // claims are strings and numbers
	return base64.RawURLEncoding.EncodeToString(data)
}

func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	failing := i.Fail > 0
	if failing {
		i.Fail--
	}
	i.mu.Unlock()
	scheme, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case failing:
		http.Error(w, "", http.StatusInternalServerError)
	case r.Method != http.MethodGet || r.URL.Path != "/idtoken" || r.URL.Query().Get("api-version") != "2.0":
		i.tb.Errorf("the issuer was not taught %s %s", r.Method, r.URL)
		http.NotFound(w, r)
	case !strings.EqualFold(scheme, "bearer") || bearer != i.Bearer:
		http.Error(w, "", http.StatusUnauthorized)
	default:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		json.NewEncoder(w).Encode(map[string]any{"count": 1984, "value": i.Token(r.URL.Query().Get("audience"))})
	}
}

// claims are what STS looks at.
type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Ends     int64  `json:"exp"`
}

func readToken(token string) (c claims, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}, false
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	ok = err == nil && json.Unmarshal(data, &c) == nil
	return c, ok
}
