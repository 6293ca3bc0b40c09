package testkit

import (
	"encoding/json"
	"net/http"
	"strings"
)

// GHCR is how ghcr.io treats people.
type GHCR struct {
	Password string   // the token that is taken, with any user name
	Public   []string // prefixes of packages that anybody may read; all others are hidden
	Denied   []string // prefixes of packages that may not be written
	Denial   string   // in which words; "" is those for a package of another repository
	Burst    int      // after so many requests one is too many; 0 is no limit
}

// RegistryGHCR answers as GitHub's container registry: it hides what a token may
// not see, lists tags in no order and a hundred at once, and neither deletes nor
// knows referrers.
func RegistryGHCR(g GHCR) RegistryOption {
	return func(r *Registry) {
		r.ownLogin, r.hidesNew, r.unordered = true, true, true
		if r.pageSize == 0 {
			r.pageSize = 100
		}
		h := &ghcr{GHCR: g, registry: r, tokens: newTokens(r, "ghcr.io", 0)}
		r.manners = append(r.manners, h.limit, h.giveToken, h.wantToken, h.deny, h.refuse)
	}
}

type ghcr struct {
	GHCR
	registry *Registry
	tokens   *tokens
	burst    int
}

// limit refuses one request after each burst.
func (h *ghcr) limit(w http.ResponseWriter, _ *http.Request, _ call) bool {
	if h.Burst == 0 {
		return false
	}
	h.registry.mu.Lock()
	h.burst++
	over := h.burst > h.Burst
	if over {
		h.burst = 0
	}
	h.registry.mu.Unlock()
	if over {
		refuse(w, http.StatusTooManyRequests, "TOOMANYREQUESTS", "retry-after: 1ms, allowed: 44000/minute")
	}
	return over
}

// giveToken answers at the address of the token service, which is the registry's
// own host. A token that is none is denied at once, also for what is public.
func (h *ghcr) giveToken(w http.ResponseWriter, request *http.Request, _ call) bool {
	if request.URL.Path != "/token" {
		return false
	}
	_, password, named, understood := h.tokens.asks(request)
	if !understood {
		return false
	}
	if request.Method == http.MethodPost {
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return true
	}
	user, access := "", wanted(request)
	switch {
	case named && password != h.Password:
		refuse(w, http.StatusForbidden, "DENIED", "denied")
		return true
	case named:
		user = "token"
	default:
		for _, a := range access {
			if path, action := apart(a); action != "pull" || !hasAnyPrefix(path, h.Public) {
				refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "unauthorized")
				return true
			}
		}
	}
	json.NewEncoder(w).Encode(map[string]string{"token": h.tokens.give(user, access)})
	return true
}

// wantToken asks for a token. The scope that it names at /v2/ is a placeholder.
func (h *ghcr) wantToken(w http.ResponseWriter, request *http.Request, c call) bool {
	g := h.tokens.take(request)
	if g != nil && (c.path == "" || g.may(c.path, c.action())) {
		g.unmount(request)
		return false
	}
	scope := "repository:user/image:pull"
	if c.path != "" && g != nil {
		scope = right(c.path, c.action())
	}
	h.tokens.challenge(w, address(request)+"/token", scope)
	refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	return true
}

// deny refuses to write.
func (h *ghcr) deny(w http.ResponseWriter, request *http.Request, c call) bool {
	if !c.writes || request.Method == http.MethodDelete || !hasAnyPrefix(c.path, h.Denied) {
		return false
	}
	words := h.Denial
	if words == "" {
		words = "permission_denied: write_package"
	}
	refuse(w, http.StatusForbidden, "DENIED", words)
	return true
}

// refuse answers to what it does not support.
func (h *ghcr) refuse(w http.ResponseWriter, request *http.Request, c call) bool {
	switch {
	case request.Method == http.MethodDelete && c.kind == "manifests":
		refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "The operation is unsupported.")
	case c.kind == "referrers":
		refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
	case c.path != strings.ToLower(c.path):
		refuse(w, http.StatusBadRequest, "NAME_INVALID", "invalid repository name")
	default:
		return false
	}
	return true
}
