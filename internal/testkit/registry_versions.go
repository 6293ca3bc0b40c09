package testkit

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// version is one manifest of a repository, as GitHub counts them: its tags come
// and go, the version stays.
type version struct {
	id               int64
	path, digest     string
	created, updated time.Time
	deleted          bool
}

// versions remembers which manifests were written, in the order of their first
// push. The store itself knows no time.
type versions struct {
	store http.Handler
	now   func() time.Time

	mu  sync.Mutex
	all []*version
}

// ServeHTTP is the store's.
func (v *versions) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	c := newCall(request)
	if c.kind != "manifests" || request.Method != http.MethodPut {
		v.store.ServeHTTP(w, request)
		return
	}
	answer := httptest.NewRecorder()
	v.store.ServeHTTP(answer, request)
	if digest := answer.Header().Get("Docker-Content-Digest"); answer.Code < 300 {
		v.wrote(c.path, digest)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes())
}

func (v *versions) wrote(path, digest string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now().UTC()
	for _, one := range v.all {
		if one.path == path && one.digest == digest && !one.deleted {
			one.updated = now
			return
		}
	}
	v.all = append(v.all, &version{id: int64(1000 + len(v.all)), path: path, digest: digest, created: now, updated: now})
}

// of lists the versions of a repository, the newest first.
func (v *versions) of(path string, deleted bool) (list []*version) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, one := range slices.Backward(v.all) {
		if one.path == path && one.deleted == deleted {
			list = append(list, one)
		}
	}
	return list
}

// tagsOf are the tags of each digest of a repository.
func (r *Registry) tagsOf(path string) map[string][]string {
	tags := map[string][]string{}
	if !r.holds(path) {
		return tags
	}
	for _, tag := range r.Tags(path) {
		if strings.HasPrefix(tag, "sha256:") {
			continue
		}
		digest := r.Digest(path, tag)
		tags[digest] = append(tags[digest], tag)
	}
	return tags
}
