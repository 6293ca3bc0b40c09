package testkit

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Registry is a container registry on 127.0.0.1 that keeps everything in memory:
// go-containerregistry's own, behind the manners of real ones. Unlike the
// original, a repository holds only the blobs that were sent to it.
//
// A request that it was not taught fails the test.
type Registry struct {
	Host string // 127.0.0.1:port; it names images as HOST/path:tag

	t              testing.TB
	store          http.Handler
	blobs          *registryBlobs
	user, password string
	denied, absent []string
	immutable      bool
	hidesNew       bool
	pageSize       int
	linkless       bool
	tokenUses      int

	mu       sync.Mutex
	requests []string
	failures []*RegistryFailure
	tokens   int        // given out
	left     int        // uses of the last token
	writing  sync.Mutex // of manifests: that a tag is free and that it is written is one moment
}

// RegistryOption teaches a Registry a manner.
type RegistryOption func(*Registry)

// RegistryLogin asks for basic authorization, as ECR does.
func RegistryLogin(user, password string) RegistryOption {
	return func(r *Registry) { r.user, r.password = user, password }
}

// RegistryDenies refuses to write to repositories whose path begins with prefix,
// in the words of GHCR for a package that is not linked to the repository.
func RegistryDenies(prefix string) RegistryOption {
	return func(r *Registry) { r.denied = append(r.denied, prefix) }
}

// RegistryLacks knows no repository whose path begins with prefix and makes none
// on a push, in the words of ECR.
func RegistryLacks(prefix string) RegistryOption {
	return func(r *Registry) { r.absent = append(r.absent, prefix) }
}

// RegistryImmutable refuses to write a tag a second time, whatever the digest, in
// the words of ECR.
func RegistryImmutable() RegistryOption {
	return func(r *Registry) { r.immutable = true }
}

// RegistryHidesNew says "denied" of a repository that holds nothing yet, and makes
// it on a push, as GHCR does.
func RegistryHidesNew() RegistryOption {
	return func(r *Registry) { r.hidesNew = true }
}

// RegistryPages gives at most n tags at once, however many are asked for.
func RegistryPages(n int) RegistryOption {
	return func(r *Registry) { r.pageSize = n }
}

// RegistryLinkless gives no Link with a full page, which the specification
// allows: a client has to ask for what comes after the last tag.
func RegistryLinkless() RegistryOption {
	return func(r *Registry) { r.linkless = true }
}

// RegistryTokens asks for a bearer token, which anybody gets from the registry
// itself, and takes each for so many requests.
func RegistryTokens(uses int) RegistryOption {
	return func(r *Registry) { r.tokenUses = uses }
}

// NewRegistry starts a registry that ends with the test.
func NewRegistry(t testing.TB, options ...RegistryOption) *Registry {
	t.Helper()
	quiet := log.New(io.Discard, "", 0)
	r := &Registry{t: t, blobs: newRegistryBlobs()}
	r.store = registry.New(registry.Logger(quiet), registry.WithBlobHandler(r.blobs))
	for _, option := range options {
		option(r)
	}
	server := httptest.NewUnstartedServer(r)
	server.Config.ErrorLog = quiet           // a TLS hello on plain http comes with every ping
	r.Host = server.Listener.Addr().String() // before the first request reads it
	server.Start()
	t.Cleanup(server.Close)
	return r
}

// Requests lists what was asked, as "METHOD /path", in order of arrival.
func (r *Registry) Requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.requests...)
}

// Count says how many requests with this method had part in their path.
func (r *Registry) Count(method, part string) (n int) {
	for _, request := range r.Requests() {
		if m, path, _ := strings.Cut(request, " "); m == method && strings.Contains(path, part) {
			n++
		}
	}
	return n
}

// Forget empties the list of requests.
func (r *Registry) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = nil
}

// Put stores an image or index under path:tag: at once, whatever the options and
// failures say, and without a trace in Requests.
func (r *Registry) Put(path, tag string, image remote.Taggable) {
	r.t.Helper()
	reference, err := name.NewTag(r.Host + "/" + path + ":" + tag)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := remote.Push(reference, image, remote.WithTransport(directly{r.store})); err != nil {
		r.t.Fatal(err)
	}
}

// directly is a transport that calls a handler of this process.
type directly struct{ http.Handler }

func (d directly) RoundTrip(request *http.Request) (*http.Response, error) {
	received := request.Clone(request.Context()) // as a server sees it
	received.URL.Scheme, received.URL.Host = "", ""
	if received.Body == nil {
		received.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	d.ServeHTTP(answer, received)
	response := answer.Result()
	response.Request = request
	return response, nil
}

// Digest is what path:tag holds now; "" where there is nothing.
func (r *Registry) Digest(path, tag string) string {
	answer := httptest.NewRecorder()
	r.store.ServeHTTP(answer, httptest.NewRequest(http.MethodHead, "/v2/"+path+"/manifests/"+tag, nil))
	return answer.Header().Get("Docker-Content-Digest")
}

// holds reports whether the repository has any manifest.
func (r *Registry) holds(path string) bool {
	answer := httptest.NewRecorder()
	r.store.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/v2/"+path+"/tags/list", nil))
	return answer.Code == http.StatusOK
}

// ServeHTTP answers as the options and failures say, else as a good registry does.
func (r *Registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	r.requests = append(r.requests, request.Method+" "+request.URL.Path)
	failure := r.failure(request)
	r.mu.Unlock()
	if failure != nil {
		failure.serve(w, request, http.HandlerFunc(r.answer))
		return
	}
	r.answer(w, request)
}

// answer is what the options say, else what a good registry answers.
func (r *Registry) answer(w http.ResponseWriter, request *http.Request) {
	path, kind, id := splitRegistryPath(request.URL.Path)
	writes := request.Method != http.MethodGet && request.Method != http.MethodHead
	if kind == "manifests" && writes {
		r.writing.Lock()
		defer r.writing.Unlock()
	}
	user, password, _ := request.BasicAuth()
	switch {
	case r.tokenUses > 0 && request.URL.Path == "/token":
		r.giveToken(w)
	case r.tokenUses > 0 && !r.takeToken(request):
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="testkit"`)
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	case user != r.user || password != r.password:
		w.Header().Set("WWW-Authenticate", `Basic realm="http://`+r.Host+`/",service="testkit"`)
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	case request.URL.Path == "/v2/":
		r.store.ServeHTTP(w, request)
	case hasAnyPrefix(path, r.absent):
		refuse(w, http.StatusNotFound, "NAME_UNKNOWN", "The repository with name '"+path+"' does not exist in the registry with id '111122223333'")
	case writes && hasAnyPrefix(path, r.denied):
		refuse(w, http.StatusForbidden, "DENIED", "permission_denied: write_package")
	case r.immutable && request.Method == http.MethodPut && kind == "manifests" && !strings.Contains(id, ":") && r.Digest(path, id) != "":
		refuse(w, http.StatusBadRequest, "TAG_INVALID", "The image tag '"+id+"' already exists in the '"+path+"' repository and cannot be overwritten because the tag is immutable.")
	case r.hidesNew && !writes && (kind == "manifests" || kind == "tags") && !r.holds(path):
		refuse(w, http.StatusForbidden, "DENIED", "denied")
	case request.Method == http.MethodPost && r.blobs.mount(path, request.URL.Query()):
		w.WriteHeader(http.StatusCreated)
	case kind == "tags" && id == "list" && request.Method == http.MethodGet:
		r.list(w, request, path)
	case kind == "manifests", kind == "blobs":
		r.store.ServeHTTP(w, request)
	default:
		r.t.Errorf("the registry was not taught %s %s", request.Method, request.URL.Path)
		refuse(w, http.StatusNotImplemented, "UNSUPPORTED", "not taught")
	}
}

// splitRegistryPath takes /v2/acme/web/manifests/v1 apart.
func splitRegistryPath(url string) (path, kind, id string) {
	rest := strings.TrimPrefix(url, "/v2/")
	for _, kind := range []string{"manifests", "blobs", "tags"} {
		if path, id, found := strings.Cut(rest, "/"+kind+"/"); found {
			return path, kind, id
		}
	}
	return "", "", ""
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}
