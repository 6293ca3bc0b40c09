package testkit

import (
	"net/http"
	"strings"
)

// call is a request as registries understand it: /v2/PATH/KIND/ID.
type call struct {
	path, kind, id string
	writes         bool
}

// manner is a habit of a registry. It reports whether it has answered.
type manner func(w http.ResponseWriter, request *http.Request, c call) bool

func newCall(request *http.Request) call {
	c := call{writes: request.Method != http.MethodGet && request.Method != http.MethodHead}
	rest := strings.TrimPrefix(request.URL.Path, "/v2/")
	for _, kind := range []string{"manifests", "blobs", "tags", "referrers"} {
		if path, id, found := strings.Cut(rest, "/"+kind+"/"); found {
			c.path, c.kind, c.id = path, kind, id
			return c
		}
	}
	return c
}

// uploads reports whether a request belongs to the upload of a blob.
func (c call) uploads() bool { return c.kind == "blobs" && strings.HasPrefix(c.id, "uploads") }

// action is the right that the request needs.
func (c call) action() string {
	if c.writes {
		return "push"
	}
	return "pull"
}

// address is where a client reached the registry, without a path.
func address(request *http.Request) string {
	if request.TLS != nil {
		return "https://" + request.Host
	}
	return "http://" + request.Host
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}
