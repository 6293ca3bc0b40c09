package registry

import (
	"encoding/json"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// referrersIndex is a list of what is attached, as the API gives it and as clients
// keep it under the fallback tag. Its entries stay as others have written them.
type referrersIndex struct {
	Manifests []json.RawMessage
	rest      map[string]json.RawMessage // all other members
	held      ref.Digest                 // that the fallback tag has; "" where there is none
}

func readIndex(data []byte) (index referrersIndex, err error) {
	if err := json.Unmarshal(data, &index.rest); err != nil {
		return index, defectf("%d bytes that are no list: %w", len(data), err)
	}
	manifests, ok := index.rest["manifests"]
	if !ok {
		return index, defectf("a list without `manifests`")
	}
	delete(index.rest, "manifests")
	if err := json.Unmarshal(manifests, &index.Manifests); err != nil {
		return index, defectf("`manifests` is no list: %w", err)
	}
	return index, nil
}

// referrers are the entries. Their digests are of any kind: of those in a target
// it matters only whether they are the ones to be attached.
func (i referrersIndex) referrers() (all []Referrer, err error) {
	for _, raw := range i.Manifests {
		var entry struct {
			Digest                  string
			MediaType, ArtifactType string
			Annotations             map[string]string
			Size                    int64
		}
		if err := json.Unmarshal(raw, &entry); err != nil {
			return nil, defectf("an entry that cannot be read: %w", err)
		}
		all = append(all, Referrer{Digest: ref.Digest(entry.Digest), MediaType: entry.MediaType, ArtifactType: entry.ArtifactType, Annotations: entry.Annotations, Size: entry.Size})
	}
	return all, nil
}

// with is the index with one more entry.
func (i referrersIndex) with(r Referrer) (referrersIndex, error) {
	raw, err := json.Marshal(struct {
		MediaType    string            `json:"mediaType"`
		Digest       ref.Digest        `json:"digest"`
		Size         int64             `json:"size"`
		ArtifactType string            `json:"artifactType,omitempty"`
		Annotations  map[string]string `json:"annotations,omitempty"`
	}{r.MediaType, r.Digest, r.Size, r.ArtifactType, r.Annotations})
	i.Manifests = append(i.Manifests[:len(i.Manifests):len(i.Manifests)], raw)
	return i, err
}

// RawManifest implements remote.Taggable.
func (i referrersIndex) RawManifest() ([]byte, error) {
	all := map[string]any{"schemaVersion": 2, "mediaType": types.OCIImageIndex}
	for name, value := range i.rest {
		all[name] = value
	}
	all["manifests"] = i.Manifests
	return json.Marshal(all)
}

// MediaType goes with RawManifest.
func (referrersIndex) MediaType() (types.MediaType, error) { return types.OCIImageIndex, nil }
