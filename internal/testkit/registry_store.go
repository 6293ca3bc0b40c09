package testkit

import (
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// manifestTypes is what a client says that it can read; some registries hide the
// rest from it.
var manifestTypes = strings.Join([]string{
	string(types.OCIManifestSchema1), string(types.OCIImageIndex),
	string(types.DockerManifestSchema2), string(types.DockerManifestList),
}, ", ")

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
	return r.ask(http.MethodHead, "/v2/"+path+"/manifests/"+tag).Header().Get("Docker-Content-Digest")
}

// holds reports whether the repository has any manifest.
func (r *Registry) holds(path string) bool {
	return r.ask(http.MethodGet, "/v2/"+path+"/tags/list").Code == http.StatusOK
}

// ask is what the store answers, without manners.
func (r *Registry) ask(method, path string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, nil)
	request.Header.Set("Accept", manifestTypes)
	answer := httptest.NewRecorder()
	r.store.ServeHTTP(answer, request)
	return answer
}
