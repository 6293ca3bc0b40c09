package testkit

import (
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// ECR is how Amazon's registry treats people.
type ECR struct {
	Password      func(password string) (ok, expired bool) // of the user AWS; nil takes any
	HasRepository func(name string) bool                   // nil has every one
	Immutable     bool                                     // tags do not move …
	Mutable       []string                                 // … but for these, such as pr-*
	Blobs         string                                   // host where blobs are; "" has them here. See Storage
}

// RegistryECR answers as ECR: a password for every request, repositories that are
// made elsewhere, tags that may be immutable, and referrers.
func RegistryECR(e ECR) RegistryOption {
	return func(r *Registry) {
		r.ownLogin, r.referrers = true, true
		if e.Blobs != "" {
			r.storage = "https://" + e.Blobs
		}
		h := &ecr{e, r}
		r.manners = append(r.manners, h.login, h.missing, h.guard, h.limit, h.remove, h.redirect)
	}
}

type ecr struct {
	ECR
	registry *Registry
}

// login wants a password. One that has expired is denied without a challenge.
func (h *ecr) login(w http.ResponseWriter, request *http.Request, _ call) bool {
	user, password, _ := request.BasicAuth()
	ok, expired := user == "AWS" && password != "", false
	if ok && h.Password != nil {
		ok, expired = h.Password(password)
	}
	switch {
	case expired:
		refuse(w, http.StatusForbidden, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")
	case !ok:
		w.Header().Set("WWW-Authenticate", `Basic realm="`+address(request)+`/",service="ecr.amazonaws.com"`)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, "Not Authorized\n")
	}
	return expired || !ok
}

func (h *ecr) missing(w http.ResponseWriter, request *http.Request, c call) bool {
	if c.path == "" || h.HasRepository == nil || h.HasRepository(c.path) {
		return false
	}
	account, _, _ := strings.Cut(request.Host, ".")
	refuse(w, http.StatusNotFound, "NAME_UNKNOWN",
		"The repository with name '"+c.path+"' does not exist in the registry with id '"+account+"'")
	return true
}

// guard keeps immutable tags, whatever the digest.
func (h *ecr) guard(w http.ResponseWriter, request *http.Request, c call) bool {
	excluded := slices.ContainsFunc(h.Mutable, func(pattern string) bool {
		matched, _ := path.Match(pattern, c.id)
		return matched
	})
	if !h.Immutable || excluded || !c.setsTag(request) || h.registry.Digest(c.path, c.id) == "" {
		return false
	}
	refuse(w, http.StatusBadRequest, "TAG_INVALID", immutableTag(c))
	return true
}

// limit refuses to list more than a thousand tags at once.
func (h *ecr) limit(w http.ResponseWriter, request *http.Request, c call) bool {
	n, err := strconv.Atoi(request.URL.Query().Get("n"))
	if c.kind != "tags" || err != nil || n <= 1000 {
		return false
	}
	refuse(w, http.StatusBadRequest, "UNSUPPORTED", "Invalid parameter at 'n' failed to satisfy constraint: 'Member must have value less than or equal to 1000'")
	return true
}

// remove deletes a tag, or a digest with all its tags.
func (h *ecr) remove(w http.ResponseWriter, request *http.Request, c call) bool {
	if request.Method != http.MethodDelete || c.kind != "manifests" || !strings.Contains(c.id, ":") {
		return false
	}
	if answer := h.registry.captured(request); answer.Code != http.StatusAccepted {
		refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "Requested image not found")
		return true
	}
	for _, tag := range h.registry.Tags(c.path) {
		if h.registry.Digest(c.path, tag) == c.id {
			h.registry.ask(http.MethodDelete, "/v2/"+c.path+"/manifests/"+tag)
		}
	}
	w.WriteHeader(http.StatusAccepted)
	return true
}

// redirect sends those who read a blob to where it is.
func (h *ecr) redirect(w http.ResponseWriter, request *http.Request, c call) bool {
	return h.Blobs != "" && request.Method == http.MethodGet && h.registry.redirect(w, request, c, "blobs")
}
