package testkit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Fill puts one image under many tags, as Put does.
func (r *Registry) Fill(path string, image v1.Image, tags ...string) {
	r.t.Helper()
	if len(tags) == 0 {
		return
	}
	r.Put(path, tags[0], image)
	manifest, err := image.RawManifest()
	if err != nil {
		r.t.Fatal(err)
	}
	kind, err := image.MediaType()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, tag := range tags[1:] {
		request := httptest.NewRequest(http.MethodPut, "/v2/"+path+"/manifests/"+tag, bytes.NewReader(manifest))
		request.Header.Set("Content-Type", string(kind))
		r.store.ServeHTTP(httptest.NewRecorder(), request)
	}
}

// Tags lists what a repository holds, in the order of registries: as text.
func (r *Registry) Tags(path string) (tags []string) {
	answer := r.ask(http.MethodGet, "/v2/"+path+"/tags/list")
	var list struct{ Tags []string }
	if err := json.Unmarshal(answer.Body.Bytes(), &list); err != nil {
		r.t.Error(err)
	}
	return list.Tags
}

// list answers with a page of tags. Its Link carries a mark, without which no
// further page is given: a client has to follow it as it is.
func (r *Registry) list(w http.ResponseWriter, request *http.Request, path string) {
	if !r.holds(path) {
		refuse(w, http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry")
		return
	}
	query := request.URL.Query()
	last := query.Get("last")
	if last != "" && !r.linkless && query.Get("mark") != mark(last) {
		r.t.Errorf("the Link of the page before was not followed as it is: %s", request.URL)
	}
	tags := r.after(r.Tags(path), last)
	size := r.pageSize
	if n, err := strconv.Atoi(query.Get("n")); err == nil && (size == 0 || n < size) {
		size = n
	}
	if size > 0 && size < len(tags) {
		tags = tags[:size]
		if !r.linkless {
			next := url.Values{"n": {query.Get("n")}, "last": {tags[size-1]}, "mark": {mark(tags[size-1])}}
			w.Header().Set("Link", "</v2/"+path+"/tags/list?"+next.Encode()+`>; rel="next"`)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"name": path, "tags": tags})
}

// after is what comes after the last tag of a page, in the registry's own order.
func (r *Registry) after(tags []string, last string) []string {
	if !r.unordered {
		for len(tags) > 0 && last != "" && tags[0] <= last {
			tags = tags[1:]
		}
		return tags
	}
	slices.SortFunc(tags, func(a, b string) int { return cmp.Compare(shuffled(a), shuffled(b)) })
	return tags[slices.Index(tags, last)+1:] // -1: all
}

// shuffled is a place in an order that says nothing about the tag.
func shuffled(tag string) uint32 {
	hash := fnv.New32a()
	io.WriteString(hash, tag)
	return hash.Sum32()
}

// mark is a text that a client cannot come by but from a Link; it needs to be
// kept escaped.
func mark(last string) string { return "after " + last + " + more/=" }

// giveToken answers as a token service does.
func (r *Registry) giveToken(w http.ResponseWriter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tokens++
	r.left = r.tokenUses
	json.NewEncoder(w).Encode(map[string]string{"token": "token-" + strconv.Itoa(r.tokens)})
}

// takeToken reports whether a request has the last token, and that is not used up.
func (r *Registry) takeToken(request *http.Request) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == 0 || request.Header.Get("Authorization") != "Bearer token-"+strconv.Itoa(r.tokens) {
		return false
	}
	r.left--
	return true
}
