package testkit

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
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
	versions       *versions // within the store
	blobs          *registryBlobs
	user, password string
	denied, absent []string
	immutable      bool
	hidesNew       bool
	pageSize       int
	linkless       bool
	unordered      bool
	tokenUses      int
	manners        []manner // asked in turn, before all else
	ownLogin       bool     // a manner looks at credentials
	referrers      bool
	storage        string           // address that redirects lead to
	real           bool             // the store is a registry that looks after its own manifests
	now            func() time.Time // clock of tokens and versions

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

// RegistryClock is the time for tokens that end; time.Now is the default.
func RegistryClock(now func() time.Time) RegistryOption {
	return func(r *Registry) { r.now = now }
}

// NewRegistry starts a registry that ends with the test. It is a handler, too, so
// that it can answer under another name.
func NewRegistry(t testing.TB, options ...RegistryOption) *Registry {
	t.Helper()
	r := &Registry{t: t, blobs: newRegistryBlobs(), now: time.Now}
	for _, option := range options {
		option(r)
	}
	if r.store == nil {
		r.store = registry.New(registry.Logger(silent()), registry.WithBlobHandler(r.blobs), registry.WithReferrersSupport(true))
	}
	r.versions = &versions{store: r.store, now: r.now}
	r.store = r.versions
	server := httptest.NewUnstartedServer(r)
	server.Config.ErrorLog = silent()        // a TLS hello on plain http comes with every ping
	r.Host = server.Listener.Addr().String() // before the first request reads it
	server.Start()
	t.Cleanup(server.Close)
	return r
}

// silent is a log that nobody reads.
func silent() *log.Logger { return log.New(io.Discard, "", 0) }

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
	c := newCall(request)
	if c.kind == "manifests" && c.writes {
		r.writing.Lock()
		defer r.writing.Unlock()
	}
	for _, m := range r.manners {
		if m(w, request, c) {
			return
		}
	}
	user, password, _ := request.BasicAuth()
	switch {
	case !r.ownLogin && r.tokenUses > 0 && request.URL.Path == "/token":
		r.giveToken(w)
	case !r.ownLogin && r.tokenUses > 0 && !r.takeToken(request):
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="testkit"`)
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	case !r.ownLogin && (user != r.user || password != r.password):
		w.Header().Set("WWW-Authenticate", `Basic realm="http://`+r.Host+`/",service="testkit"`)
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	case request.URL.Path == "/v2/" && request.Host != hubAuth:
		r.store.ServeHTTP(w, request)
	case hasAnyPrefix(c.path, r.absent):
		refuse(w, http.StatusNotFound, "NAME_UNKNOWN", "The repository with name '"+c.path+"' does not exist in the registry with id '111122223333'")
	case c.writes && hasAnyPrefix(c.path, r.denied):
		refuse(w, http.StatusForbidden, "DENIED", "permission_denied: write_package")
	case r.immutable && c.setsTag(request) && r.Digest(c.path, c.id) != "":
		refuse(w, http.StatusBadRequest, "TAG_INVALID", immutableTag(c))
	case r.hidesNew && !c.writes && (c.kind == "manifests" || c.kind == "tags") && !r.holds(c.path):
		refuse(w, http.StatusForbidden, "DENIED", "denied")
	default:
		r.serve(w, request, c)
	}
}

// serve is what a good registry answers.
func (r *Registry) serve(w http.ResponseWriter, request *http.Request, c call) {
	switch {
	case r.blobs != nil && request.Method == http.MethodPost && r.blobs.mount(c.path, request.URL.Query()):
		w.WriteHeader(http.StatusCreated)
	case c.kind == "tags" && c.id == "list" && request.Method == http.MethodGet:
		r.list(w, request, c.path)
	case c.kind == "referrers" && request.Method == http.MethodGet:
		r.listReferrers(w, request, c)
	case c.kind == "manifests" && request.Method == http.MethodPut:
		r.putManifest(w, request, c)
	case c.uploads() && request.Method == http.MethodDelete && !r.real:
		w.WriteHeader(http.StatusNoContent) // nothing is kept of an upload that has not ended
	case c.kind == "manifests", c.kind == "blobs":
		r.store.ServeHTTP(w, request)
	default:
		r.t.Errorf("the registry was not taught %s %s", request.Method, request.URL.Path)
		refuse(w, http.StatusNotImplemented, "UNSUPPORTED", "not taught")
	}
}

// setsTag reports whether the request writes a tag.
func (c call) setsTag(request *http.Request) bool {
	return request.Method == http.MethodPut && c.kind == "manifests" && !strings.Contains(c.id, ":")
}

func immutableTag(c call) string {
	return "The image tag '" + c.id + "' already exists in the '" + c.path + "' repository and cannot be overwritten because the tag is immutable."
}
