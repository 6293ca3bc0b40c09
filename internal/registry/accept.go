package registry

import (
	"context"
	"mime"
	"net/http"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// alsoAccepted is the key, in a context, of a kind of manifest to ask for.
type alsoAccepted struct{}

// accept adds the announced media type to the Accept header: go-containerregistry
// names images and indexes only, and a registry that goes by that has no artifact of
// ORAS, say.
func accept(ctx context.Context, kind types.MediaType) context.Context {
	if _, _, err := mime.ParseMediaType(string(kind)); err != nil || kind.IsImage() || kind.IsIndex() {
		return ctx
	}
	return context.WithValue(ctx, alsoAccepted{}, string(kind))
}

// accepting asks for the kind that a request's context has.
type accepting struct{ inner http.RoundTripper }

func (a accepting) RoundTrip(request *http.Request) (*http.Response, error) {
	kind, ok := request.Context().Value(alsoAccepted{}).(string)
	if accepted := request.Header.Get("Accept"); ok && accepted != "" {
		request = request.Clone(request.Context())
		request.Header.Set("Accept", accepted+","+kind)
	}
	return a.inner.RoundTrip(request)
}
