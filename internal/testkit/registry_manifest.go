package testkit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// RegistryReferrers answers which manifests refer to another one, as the API of
// the OCI's distribution specification 1.1. Without it the address answers 404.
func RegistryReferrers() RegistryOption {
	return func(r *Registry) { r.referrers = true }
}

// manifest is what this registry reads of one.
type manifest struct {
	Config       v1.Descriptor     `json:"config"`
	Layers       []v1.Descriptor   `json:"layers"`
	Subject      *v1.Descriptor    `json:"subject"`
	ArtifactType string            `json:"artifactType"`
	Annotations  map[string]string `json:"annotations"`
}

// putManifest stores a manifest whose blobs are there.
func (r *Registry) putManifest(w http.ResponseWriter, request *http.Request, c call) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the client is gone
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	var m manifest
	json.Unmarshal(body, &m)
	if missing := r.missing(c.path, m); missing != "" && !r.real {
		refuse(w, http.StatusNotFound, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry: "+missing)
		return
	}
	if r.referrers && m.Subject != nil {
		w.Header().Set("OCI-Subject", m.Subject.Digest.String())
	}
	r.store.ServeHTTP(w, request)
}

// missing is a blob that a manifest names and the repository lacks.
func (r *Registry) missing(path string, m manifest) string {
	for _, d := range append(m.Layers, m.Config) {
		if d.Digest.Hex == "" || d.MediaType != "" && !d.MediaType.IsDistributable() {
			continue
		}
		if r.ask(http.MethodHead, "/v2/"+path+"/blobs/"+d.Digest.String()).Code != http.StatusOK {
			return d.Digest.String()
		}
	}
	return ""
}

// listReferrers is go-containerregistry's answer, in an order, with the types
// that manifests say they have, and with the filter.
func (r *Registry) listReferrers(w http.ResponseWriter, request *http.Request, c call) {
	if !r.referrers {
		http.NotFound(w, request)
		return
	}
	if r.real {
		r.store.ServeHTTP(w, request)
		return
	}
	list := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{}}
	answer := r.ask(http.MethodGet, request.URL.Path)
	if answer.Code == http.StatusOK {
		json.Unmarshal(answer.Body.Bytes(), &list)
	}
	wanted := request.URL.Query().Get("artifactType")
	if wanted != "" {
		w.Header().Set("OCI-Filters-Applied", "artifactType")
	}
	list.Manifests = slices.DeleteFunc(list.Manifests, func(d v1.Descriptor) bool {
		return wanted != "" && r.artifactType(c.path, d) != wanted
	})
	for i, d := range list.Manifests {
		list.Manifests[i].ArtifactType = r.artifactType(c.path, d)
	}
	slices.SortFunc(list.Manifests, func(a, b v1.Descriptor) int { return cmp.Compare(a.Digest.Hex, b.Digest.Hex) })
	w.Header().Set("Content-Type", string(types.OCIImageIndex))
	json.NewEncoder(w).Encode(list)
}

// artifactType is what a manifest says it is, else what its configuration is.
func (r *Registry) artifactType(path string, d v1.Descriptor) string {
	var m manifest
	json.Unmarshal(r.ask(http.MethodGet, "/v2/"+path+"/manifests/"+d.Digest.String()).Body.Bytes(), &m)
	return cmp.Or(m.ArtifactType, string(m.Config.MediaType))
}

// captured is the store's answer, to be changed before it is given.
func (r *Registry) captured(request *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	r.store.ServeHTTP(answer, request)
	return answer
}
