package hub

import (
	"net/http"
	"strings"
)

// serveGit answers git over HTTP: whoever may not is told so, the others get git's
// own backend.
func (h *Hub) serveGit(q *request) *answer {
	name, _, _ := strings.Cut(strings.TrimPrefix(q.path, "/"), ".git/")
	h.state.Lock()
	who, ok := h.whose(q.Request)
	r := h.repos[strings.ToLower(name)]
	write := q.writes() || q.URL.Query().Get("service") == "git-receive-pack"
	var no *answer
	switch {
	case !ok || who == nil && (write || r == nil || r.settings.Private):
		no = text(http.StatusUnauthorized, "Repository not found.")
		no.header.Set("WWW-Authenticate", `Basic realm="GitHub"`)
	case r == nil || !who.sees(r):
		no = plain(http.StatusNotFound, "Repository not found.")
	case write && (!who.covers(r) || !who.may("contents", "write")):
		no = plain(http.StatusForbidden, who.pushRefusal(r))
	case write && r.settings.Archived:
		no = plain(http.StatusForbidden, "This repository was archived so it is read-only.")
	}
	h.state.Unlock()
	if no != nil {
		return no
	}
	return h.runGit(q, r, who)
}

func (t *Token) pushRefusal(r *Repo) string {
	if t.Kind == AppToken {
		return "Write access to repository not granted."
	}
	return "Permission to " + r.FullName() + ".git denied to " + t.Login + "."
}

func plain(status int, words string) *answer {
	a := text(status, words)
	a.header.Set("Content-Type", "text/plain; charset=utf-8")
	return a
}

// runGit lets git's own backend answer.
func (h *Hub) runGit(q *request, r *Repo, who *Token) *answer {
	if q.writes() {
		h.state.Lock()
		defer h.state.Unlock()
		if no := h.decline(r, who, q.body); no != nil {
			return no
		}
		h.remember(r)
		defer r.settle(r.files)
	}
	inner := q.Request.Clone(q.Context())
	_, rest, _ := strings.Cut(q.path, ".git/")
	inner.URL.Path = "/" + r.FullName() + ".git/" + rest
	recorded := h.backend.Answer(inner, q.body)
	return &answer{status: recorded.Code, header: recorded.Header(), body: recorded.Body.Bytes()}
}
