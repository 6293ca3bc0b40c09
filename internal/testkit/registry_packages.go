package testkit

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Packages is the part of GitHub's REST API that is about the packages of a
// registry: what GHCR does not do by the protocol of registries.
type Packages struct {
	Token      string   // of those who may ask
	Repository string   // that every package is linked to, acme/web; "" is none
	People     []string // owners that are no organizations
	ReadOnly   bool     // the token may not delete

	registry *Registry
}

// Packages answers for api.github.com.
func (r *Registry) Packages(p Packages) http.Handler {
	p.registry = r
	return &p
}

// packageCall is a request for a package: /orgs/OWNER/packages/container/NAME/….
type packageCall struct {
	owners, owner, name string
	rest                []string
}

func newPackageCall(request *http.Request) (packageCall, bool) {
	parts := strings.Split(strings.Trim(request.URL.EscapedPath(), "/"), "/")
	if len(parts) < 5 || parts[2] != "packages" || parts[3] != "container" || parts[0] != "orgs" && parts[0] != "users" {
		return packageCall{}, false
	}
	name, err := url.PathUnescape(parts[4])
	return packageCall{parts[0], parts[1], name, parts[5:]}, err == nil
}

func (c packageCall) path() string { return c.owner + "/" + c.name }

// page is where people look at the package.
func (c packageCall) page() string {
	return "https://github.com/" + c.owners + "/" + c.owner + "/packages/container/package/" + url.PathEscape(c.name)
}

func (p *Packages) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	c, ok := newPackageCall(request)
	token := request.Header.Get("Authorization")
	list := p.registry.versions.of(c.path(), false)
	switch {
	case !ok:
		p.registry.t.Errorf("packages: not taught %s %s", request.Method, request.URL.EscapedPath())
		refuseREST(w, http.StatusNotFound, "Not Found")
	case token != "Bearer "+p.Token && token != "token "+p.Token:
		refuseREST(w, http.StatusUnauthorized, "Bad credentials")
	case slices.Contains(p.People, c.owner) != (c.owners == "users"):
		refuseREST(w, http.StatusNotFound, "Not Found")
	case len(list) == 0 && request.Method != http.MethodPost, len(c.rest) > 0 && c.rest[0] != "versions":
		refuseREST(w, http.StatusNotFound, "Package not found.")
	case request.Method == http.MethodGet && len(c.rest) == 0:
		answerREST(w, p.describe(c, list))
	case request.Method == http.MethodGet && len(c.rest) == 1:
		p.list(w, request, c)
	case p.ReadOnly:
		refuseREST(w, http.StatusForbidden, "You need at least delete:packages scope to delete a package.")
	case request.Method == http.MethodDelete && len(c.rest) == 0:
		p.remove(c, list...)
		w.WriteHeader(http.StatusNoContent)
	case request.Method == http.MethodDelete && len(c.rest) == 2:
		p.removeOne(w, c, list)
	default:
		p.registry.t.Errorf("packages: not taught %s %s", request.Method, request.URL.EscapedPath())
		refuseREST(w, http.StatusNotFound, "Not Found")
	}
}

func (p *Packages) describe(c packageCall, list []*version) map[string]any {
	first, last := list[len(list)-1], list[0]
	about := map[string]any{
		"id": first.id, "name": c.name, "package_type": "container", "visibility": "private",
		"version_count": len(list), "html_url": c.page(), "owner": map[string]string{"login": c.owner},
		"created_at": first.created.Format(time.RFC3339), "updated_at": last.updated.Format(time.RFC3339),
	}
	if p.Repository != "" {
		about["repository"] = map[string]string{"full_name": p.Repository, "html_url": "https://github.com/" + p.Repository}
	}
	return about
}

// list gives a page of versions, the newest first.
func (p *Packages) list(w http.ResponseWriter, request *http.Request, c packageCall) {
	query := request.URL.Query()
	all := p.registry.versions.of(c.path(), query.Get("state") == "deleted")
	size, _ := strconv.Atoi(query.Get("per_page"))
	if size < 1 || size > 100 {
		size = 30
	}
	page, _ := strconv.Atoi(query.Get("page"))
	page = max(page, 1)
	from, to := min((page-1)*size, len(all)), min(page*size, len(all))
	if to < len(all) {
		query.Set("page", strconv.Itoa(page+1))
		next := address(request) + request.URL.EscapedPath() + "?" + query.Encode()
		w.Header().Set("Link", "<"+next+`>; rel="next"`)
	}
	tags := p.registry.tagsOf(c.path())
	answer := []map[string]any{}
	for _, v := range all[from:to] {
		answer = append(answer, map[string]any{
			"id": v.id, "name": v.digest, "package_html_url": c.page(),
			"url":        address(request) + request.URL.EscapedPath() + "/" + strconv.FormatInt(v.id, 10),
			"html_url":   strings.Replace(c.page(), "/container/package/", "/container/", 1) + "/" + strconv.FormatInt(v.id, 10),
			"created_at": v.created.Format(time.RFC3339), "updated_at": v.updated.Format(time.RFC3339),
			"metadata": map[string]any{"package_type": "container", "container": map[string]any{"tags": append([]string{}, tags[v.digest]...)}},
		})
	}
	answerREST(w, answer)
}

// removeOne deletes a version with all its tags, but not the last that has any.
func (p *Packages) removeOne(w http.ResponseWriter, c packageCall, list []*version) {
	tags := p.registry.tagsOf(c.path())
	at := slices.IndexFunc(list, func(v *version) bool { return strconv.FormatInt(v.id, 10) == c.rest[1] })
	switch {
	case at < 0:
		refuseREST(w, http.StatusNotFound, "Package not found.")
	case len(tags) == 1 && tags[list[at].digest] != nil:
		refuseREST(w, http.StatusBadRequest, "You cannot delete the last tagged version of a package. You must delete the package instead.")
	default:
		p.remove(c, list[at])
		w.WriteHeader(http.StatusNoContent)
	}
}

func (p *Packages) remove(c packageCall, list ...*version) {
	tags := p.registry.tagsOf(c.path())
	for _, v := range list {
		for _, id := range append(tags[v.digest], v.digest) {
			p.registry.ask(http.MethodDelete, "/v2/"+c.path()+"/manifests/"+id)
		}
		p.registry.versions.mu.Lock()
		v.deleted = true
		p.registry.versions.mu.Unlock()
	}
}

func answerREST(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	json.NewEncoder(w).Encode(body)
}

func refuseREST(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{
		"message": message, "documentation_url": "https://docs.github.com/rest/packages/packages", "status": strconv.Itoa(status),
	})
}
