package testkit

import (
	"encoding/json"
	"io"
	"log"
	"net"
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

	mu       sync.Mutex
	requests []string
	failures []*RegistryFailure
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

// RegistryFailure is an answer that comes in the place of the right one.
type RegistryFailure struct {
	Method  string // "" is any
	Path    string // part of the path; "" is any
	Times   int    // how often; 0 is always
	Status  int
	Code    string // the protocol's error code; "" answers without a body
	Message string
	Reset   bool // closes the connection in the middle of the body instead

	left int
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

// Fail adds a failure; of several that match, the first that is left comes first.
func (r *Registry) Fail(f RegistryFailure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f.left = f.Times
	if f.Times == 0 {
		f.left = -1
	}
	r.failures = append(r.failures, &f)
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
	path, kind, id := splitRegistryPath(request.URL.Path)
	writes := request.Method != http.MethodGet && request.Method != http.MethodHead
	user, password, _ := request.BasicAuth()
	switch {
	case failure != nil && failure.Reset:
		reset(w, request)
	case failure != nil:
		refuse(w, failure.Status, failure.Code, failure.Message)
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
	case r.hidesNew && !writes && kind == "manifests" && !r.holds(path):
		refuse(w, http.StatusForbidden, "DENIED", "denied")
	case request.Method == http.MethodPost && r.blobs.mount(path, request.URL.Query()):
		w.WriteHeader(http.StatusCreated)
	case kind == "manifests", kind == "blobs", kind == "tags" && id == "list":
		r.store.ServeHTTP(w, request)
	default:
		r.t.Errorf("the registry was not taught %s %s", request.Method, request.URL.Path)
		refuse(w, http.StatusNotImplemented, "UNSUPPORTED", "not taught")
	}
}

// failure is the first that matches and is left; the caller holds the lock.
func (r *Registry) failure(request *http.Request) *RegistryFailure {
	for _, f := range r.failures {
		if f.left == 0 || f.Method != "" && f.Method != request.Method || !strings.Contains(request.URL.Path, f.Path) {
			continue
		}
		if f.left > 0 {
			f.left--
		}
		return f
	}
	return nil
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

// refuse answers in the protocol's envelope.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	if code == "" {
		return
	}
	type one struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	json.NewEncoder(w).Encode(map[string][]one{"errors": {{code, message}}})
}

// reset reads a little and then breaks the connection, so that the client sees
// ECONNRESET or EPIPE.
func reset(w http.ResponseWriter, request *http.Request) {
	io.CopyN(io.Discard, request.Body, 1<<10)
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	connection.(*net.TCPConn).SetLinger(0)
	connection.Close()
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}
