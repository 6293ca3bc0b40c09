package hub

import (
	"net/http"
	"slices"
	"strings"
)

// serveAPI answers REST and GraphQL.
func (h *Hub) serveAPI(q *request) *answer {
	if q.UserAgent() == "" {
		return text(http.StatusForbidden, "\r\nRequest forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check https://developer.github.com for other possible causes.\r\n")
	}
	h.state.Lock()
	who, ok := h.whose(q.Request)
	h.roll(who)
	free := q.path == "/rate_limit" || !ok || strings.HasPrefix(q.path, "/app")
	b, spent := h.budget(who, q.resource()), (*answer)(nil)
	if !free {
		b, spent = h.spend(who, q.resource())
	}
	h.state.Unlock()
	a := spent
	if a == nil {
		a = h.admitted(q, who, ok)
	}
	if a.status == http.StatusNotModified && who != nil {
		b = h.refund(who, b)
	}
	b.tell(a)
	a.header.Set("X-GitHub-Api-Version-Selected", version(q))
	a.header.Set("X-GitHub-Media-Type", "github.v3; format=json")
	a.header.Set("X-GitHub-Request-Id", "9441:2B1E8B:1A2B3C:1D2E3F:65F0A1B2")
	if who != nil && who.Kind == Classic {
		a.header.Set("X-OAuth-Scopes", strings.Join(who.Scopes, ", "))
	}
	if who != nil && !who.Expires.IsZero() {
		a.header.Set("GitHub-Authentication-Token-Expiration", who.Expires.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	return a
}

// refund gives a request back that cost nothing.
func (h *Hub) refund(t *Token, b budget) budget {
	h.state.Lock()
	defer h.state.Unlock()
	t.spent[b.resource]--
	b.used--
	return b
}

var versions = []string{"2022-11-28", "2026-03-10"}

func version(q *request) string {
	if v := q.Header.Get("X-GitHub-Api-Version"); v != "" {
		return v
	}
	return versions[0]
}

// admitted answers a request that the limits let pass.
func (h *Hub) admitted(q *request, who *Token, ok bool) *answer {
	isApp := strings.HasPrefix(q.path, "/app") || strings.HasSuffix(q.path, "/installation") && q.Method == http.MethodGet
	switch {
	case !slices.Contains(versions, version(q)):
		return failure(http.StatusBadRequest, "Bad Request", docs, `The version you specified in the "X-GitHub-API-Version" header is not supported. Supported versions are "2022-11-28", "2026-03-10".`)
	case q.kind == graphRequest && who == nil, !ok && !isApp:
		return failure(http.StatusUnauthorized, "Bad credentials", docs)
	case q.kind == graphRequest:
		return h.serveGraph(q, who)
	case q.kind == restRequest:
		return h.serveREST(q, who).tagged(q.Request)
	default:
		h.tb.Errorf("hub: %s %s is of no interface", q.Method, q.URL.Path)
		return failure(http.StatusNotFound, "Not Found", docs)
	}
}

// hold takes the lock that a request needs and gives the way to release it.
func (h *Hub) hold(q *request) func() {
	if q.writes() {
		h.state.Lock()
		return h.state.Unlock
	}
	h.state.RLock()
	return h.state.RUnlock
}

// catchUp lets the pull requests of all repositories follow what git moved.
func (h *Hub) catchUp() {
	h.state.RLock()
	behind := false
	for _, r := range h.repos {
		behind = behind || !r.settled()
	}
	h.state.RUnlock()
	if !behind {
		return
	}
	h.state.Lock()
	defer h.state.Unlock()
	for _, r := range h.repos {
		r.settle(r.files)
	}
}
