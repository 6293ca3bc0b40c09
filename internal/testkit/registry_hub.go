package testkit

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// DockerHub is how Docker's registry treats people.
type DockerHub struct {
	User, Password string
	Public         []string // prefixes of repositories that anybody may read
	ReadOnly       bool     // the token has the scope Read
	Pulls          int      // manifests that may be read; 0 is no limit
	Abuse          bool     // answers everybody that they ask too much
}

// hubLife is how long a token of Docker Hub lives.
const hubLife = 300 * time.Second

// The hosts of Docker Hub. A client that calls the registry index.docker.io is led
// to the same token service.
const (
	hubRegistry = "registry-1.docker.io"
	hubIndex    = "index.docker.io"
	hubAuth     = "auth.docker.io"
)

// RegistryDockerHub answers as Docker Hub: under its names with the token service
// at auth.docker.io, else with one at its own address. The user writes below its
// own name and makes repositories by pushing; tokens end after 300 s of the clock.
// Referrers are an option of their own: reports of Docker Hub disagree.
func RegistryDockerHub(hub DockerHub) RegistryOption {
	return func(r *Registry) {
		r.ownLogin = true
		h := &dockerHub{DockerHub: hub, registry: r, left: hub.Pulls}
		h.tokens = newTokens(r, "registry.docker.io", hubLife)
		r.manners = append(r.manners, h.abuse, h.giveToken, h.enter, h.limit)
	}
}

type dockerHub struct {
	DockerHub
	registry *Registry
	tokens   *tokens
	left     int
}

func (h *dockerHub) abuse(w http.ResponseWriter, _ *http.Request, _ call) bool {
	if h.Abuse {
		w.Header().Set("Retry-After", "60")
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusTooManyRequests)
		w.Write([]byte("Too Many Requests\n"))
	}
	return h.Abuse
}

// giveToken answers at the token service: with a token for everybody whose login
// is right, or who has none. It holds what they may, not what they asked for.
func (h *dockerHub) giveToken(w http.ResponseWriter, request *http.Request, _ call) bool {
	if request.URL.Path != "/token" || request.Host == hubRegistry || request.Host == hubIndex {
		return false
	}
	user, password, named, understood := h.tokens.asks(request)
	if !understood {
		return false
	}
	if named && (user != h.User || password != h.Password) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		w.Write([]byte(`{"details":"incorrect username or password"}` + "\n"))
		return true
	}
	var access []string
	for _, a := range wanted(request) {
		if path, action := apart(a); h.may(user, path, action) {
			access = append(access, a)
		}
	}
	token := h.tokens.give(user, access)
	json.NewEncoder(w).Encode(map[string]any{
		"token": token, "access_token": token, "expires_in": int(hubLife.Seconds()),
		"issued_at": h.registry.now().UTC().Format(time.RFC3339Nano),
	})
	return true
}

func (h *dockerHub) may(user, path, action string) bool {
	own := user != "" && strings.HasPrefix(path, user+"/")
	if action == "pull" {
		return own || hasAnyPrefix(path, h.Public)
	}
	return own && !h.ReadOnly
}

// enter asks for a token that allows to read what is asked for, and then denies
// what cannot be done with it.
func (h *dockerHub) enter(w http.ResponseWriter, request *http.Request, c call) bool {
	if request.Host == hubAuth {
		return false // not taught
	}
	g := h.tokens.take(request)
	if g != nil && (c.path == "" || c.writes || g.may(c.path, "pull")) {
		g.unmount(request)
		return h.deny(w, request, c, g)
	}
	realm := address(request) + "/token"
	if request.Host == hubRegistry || request.Host == hubIndex {
		realm = "https://" + hubAuth + "/token"
	}
	h.tokens.challenge(w, realm, right(c.path, c.action()))
	refuseWith(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required", h.detail(c))
	return true
}

// detail is which right is missing.
func (h *dockerHub) detail(c call) any {
	if c.path == "" {
		return nil
	}
	return []map[string]string{{"Type": "repository", "Class": "", "Name": c.path, "Action": c.action()}}
}

// deny refuses what a token does not allow, what is not there, and deletions.
func (h *dockerHub) deny(w http.ResponseWriter, request *http.Request, c call, g *grant) bool {
	switch {
	case c.path == "":
		return false
	case !strings.Contains(c.path, "/"):
		h.registry.t.Errorf("a repository of Docker Hub has two parts: %s", c.path)
		refuse(w, http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry")
	case request.Method == http.MethodDelete && c.kind == "manifests":
		refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "The operation is unsupported.")
	case c.writes && h.ReadOnly && strings.HasPrefix(c.path, h.User+"/"):
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "access token has insufficient scopes")
	case c.writes && !g.may(c.path, "push"):
		refuse(w, http.StatusForbidden, "DENIED", "requested access to the resource is denied")
	case !c.writes && !g.may(c.path, "push") && !h.registry.holds(c.path):
		refuseWith(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required", h.detail(c))
	default:
		return false
	}
	return true
}

// limit counts the manifests that are read; asking for their digest is free.
func (h *dockerHub) limit(w http.ResponseWriter, request *http.Request, c call) bool {
	if h.Pulls == 0 || c.kind != "manifests" || c.writes {
		return false
	}
	h.registry.mu.Lock()
	over := request.Method == http.MethodGet && h.left == 0
	if request.Method == http.MethodGet && !over {
		h.left--
	}
	left := h.left
	h.registry.mu.Unlock()
	w.Header().Set("Ratelimit-Limit", strconv.Itoa(h.Pulls)+";w=21600")
	w.Header().Set("Ratelimit-Remaining", strconv.Itoa(left)+";w=21600")
	w.Header().Set("Docker-Ratelimit-Source", "127.0.0.1")
	if over {
		refuse(w, http.StatusTooManyRequests, "TOOMANYREQUESTS",
			"You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit")
	}
	return over
}
