package hub

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// call is a request of REST on its way to the function that answers it.
type call struct {
	*request
	hub    *Hub
	who    *Token // nil is nobody
	repo   *Repo  // nil where the path has none
	refs   reader // as a read sees them
	values map[string]string
	page   string // of the documentation
}

// serveREST answers one request of REST.
func (h *Hub) serveREST(q *request, who *Token) *answer {
	h.catchUp()
	defer h.hold(q)()
	if moved := h.moved(q); moved != nil {
		return moved
	}
	for _, rt := range h.routes {
		values, ok := rt.match(q.Method, q.path)
		if !ok {
			continue
		}
		h.checkREST(rt, q)
		c := &call{request: q, hub: h, who: who, values: values, page: docs + "/" + rt.page}
		if no := c.enter(rt); no != nil {
			return no
		}
		return rt.do(c)
	}
	h.tb.Errorf("hub: %s %s was not taught", q.Method, q.URL.Path)
	return failure(http.StatusNotFound, "Not Found", docs)
}

// moved follows the number of a repository, and redirects from its former name.
func (h *Hub) moved(q *request) *answer {
	parts := strings.SplitN(q.path, "/", 5)
	if len(parts) > 2 && parts[1] == "repositories" {
		for _, r := range h.repos {
			if itoa(r.id) == parts[2] {
				q.path = "/repos/" + r.FullName() + strings.TrimPrefix(q.path, "/repositories/"+parts[2])
				return nil
			}
		}
	}
	if len(parts) < 4 || parts[1] != "repos" {
		return nil
	}
	r := h.repos[strings.ToLower(parts[2]+"/"+parts[3])]
	if r == nil || strings.EqualFold(r.FullName(), parts[2]+"/"+parts[3]) {
		return nil
	}
	status := http.StatusMovedPermanently
	if q.Method != http.MethodGet {
		status = http.StatusTemporaryRedirect
	}
	to := fmt.Sprintf("%s/repositories/%d%s", h.API, r.id, strings.TrimPrefix(q.path, "/repos/"+parts[2]+"/"+parts[3]))
	if q.URL.RawQuery != "" {
		to += "?" + q.URL.RawQuery
	}
	a := reply(status, map[string]any{"message": "Moved Permanently", "url": to, "documentation_url": docs + "/guides/best-practices-for-using-the-rest-api#follow-redirects"})
	a.header.Set("Location", to)
	return a
}

// enter finds the repository and asks what the token may do there.
func (c *call) enter(rt route) *answer {
	if c.values["owner"] != "" {
		c.repo = c.hub.repos[strings.ToLower(c.values["owner"]+"/"+c.values["repo"])]
	}
	write := c.writes()
	switch {
	case rt.needs == asApp:
		return nil // the function looks at the JWT
	case c.values["owner"] != "" && (c.repo == nil || !c.who.sees(c.repo)):
		return c.notFound()
	case rt.needs == asAnybody:
	case c.who == nil && (write || c.repo == nil):
		return failure(http.StatusUnauthorized, "Requires authentication", docs)
	case c.repo != nil:
		if no := c.allowed(rt, write); no != nil {
			return no
		}
	}
	if c.repo != nil && write {
		c.refs = c.repo.files
	} else if c.repo != nil {
		c.refs = c.hub.view(c.repo)
	}
	return nil
}

// allowed asks for the permission of a route.
func (c *call) allowed(rt route, write bool) *answer {
	switch {
	case c.who != nil && c.who.SSO:
		a := c.fail(http.StatusForbidden, "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.")
		a.header.Set("X-GitHub-SSO", "required; url=https://github.com/orgs/"+c.repo.Owner+"/sso?authorization_request=A4BPQ")
		return a
	case !write && !c.repo.settings.Private:
		return nil
	case !c.who.covers(c.repo) && !c.who.integration():
		return c.notFound()
	case !c.who.covers(c.repo) || !c.has(rt.needs):
		return c.denied(rt.needs)
	case write && c.repo.settings.Archived:
		return c.fail(http.StatusForbidden, "Repository was archived so is read-only.")
	default:
		return nil
	}
}

// has reports whether the token has one of the permissions: ; is or.
func (c *call) has(needs string) bool {
	for one := range strings.SplitSeq(needs, ";") {
		permission, access, _ := strings.Cut(strings.TrimSpace(one), "=")
		if c.who.may(permission, access) {
			return true
		}
	}
	return needs == ""
}

func (c *call) denied(needs string) *answer {
	a := c.fail(http.StatusForbidden, c.who.refusal())
	a.header.Set("X-Accepted-GitHub-Permissions", needs)
	return a
}

// fail is an error with the page of this operation.
func (c *call) fail(status int, message string, errors ...any) *answer {
	return failure(status, message, c.page, errors...)
}

func (c *call) invalid(message string) *answer {
	return c.fail(http.StatusUnprocessableEntity, message)
}

// failed is a 422 that says what is wrong with a field.
func (c *call) failed(errors ...any) *answer {
	return c.fail(http.StatusUnprocessableEntity, "Validation Failed", errors...)
}

func (c *call) notFound() *answer { return c.fail(http.StatusNotFound, "Not Found") }

// url is an address of the interface.
func (c *call) url(format string, args ...any) string {
	return c.hub.API + "/repos/" + c.repo.FullName() + fmt.Sprintf(format, args...)
}

// paged answers with one page of a list, and leads to the others. Its Link goes by
// the number of the repository, as GitHub's may.
func paged[T any](c *call, all []T) *answer {
	query := c.URL.Query()
	size, page := number(query, "per_page", 30), number(query, "page", 1)
	size = min(size, 100)
	pages := max((len(all)+size-1)/size, 1)
	from := min((page-1)*size, len(all))
	a := reply(http.StatusOK, append(make([]T, 0), all[from:min(from+size, len(all))]...))
	var links []string
	link := func(rel string, n int) {
		query.Set("page", itoa(n))
		path := strings.TrimPrefix(c.path, "/repos/"+c.repo.FullName())
		links = append(links, fmt.Sprintf(`<%s/repositories/%d%s?%s>; rel="%s"`, c.hub.API, c.repo.id, path, query.Encode(), rel))
	}
	if page > 1 {
		link("prev", page-1)
	}
	if page < pages {
		link("next", page+1)
		link("last", pages)
	}
	if len(links) > 0 {
		a.header.Set("Link", strings.Join(links, ", "))
	}
	return a
}

func number(query url.Values, key string, otherwise int) int {
	if n, err := strconv.Atoi(query.Get(key)); err == nil && n > 0 {
		return n
	}
	return otherwise
}
