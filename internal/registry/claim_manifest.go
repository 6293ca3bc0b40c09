package registry

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// A claim is an artifact without content, as the specification of images has it
// (github.com/opencontainers/image-spec, manifest.md, "Guidelines for Artifact
// Usage"): what it says is in its annotations.
const (
	claimType  types.MediaType = "application/vnd.tagboat.claim.v1+json"
	emptyType  types.MediaType = "application/vnd.oci.empty.v1+json"
	emptyText                  = "{}"
	versionKey                 = "org.opencontainers.image.version"
	createdKey                 = "org.opencontainers.image.created"
	proofKey                   = "dev.tagboat.claim.proof" // of a manifest that must not be taken
)

// claim is what a placeholder says.
type claim struct {
	version ref.Tag // "" where the tag holds something else
	commit  string
	created time.Time
	proof   bool
}

func (c claim) sameCommit(other claim) bool  { return c.commit == other.commit }
func (c claim) sameVersion(other claim) bool { return c.version == other.version }

// emptyBlob is the content of an artifact that has none.
func emptyBlob() v1.Layer { return static.NewLayer([]byte(emptyText), emptyType) }

// MediaType implements remote.Taggable.
func (c claim) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// RawManifest implements remote.Taggable.
func (c claim) RawManifest() ([]byte, error) {
	digest, size, err := v1.SHA256(strings.NewReader(emptyText))
	if err != nil {
		return nil, err
	}
	empty := v1.Descriptor{MediaType: emptyType, Digest: digest, Size: size}
	annotations := map[string]string{
		versionKey: string(c.version), RevisionKey: c.commit, createdKey: c.created.UTC().Format(time.RFC3339),
	}
	if c.proof {
		annotations[proofKey] = "overwritten"
	}
	return json.Marshal(v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: string(claimType),
		Config: empty, Layers: []v1.Descriptor{empty}, Annotations: annotations,
	})
}

// claimed reads a placeholder; nil means that the registry does not have it.
func (s *session) claimed(ctx context.Context, name ref.Tag) (*claim, error) {
	options := append(s.options[:len(s.options):len(s.options)], remote.WithContext(ctx))
	found, err := remote.Get(s.repo.Tag(string(name)), options...)
	if answered(err) == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	var manifest v1.Manifest
	if err := json.Unmarshal(found.Manifest, &manifest); err != nil || manifest.ArtifactType != string(claimType) {
		return &claim{}, nil
	}
	version, err := ref.ParseTag(manifest.Annotations[versionKey])
	if err != nil {
		return &claim{}, nil
	}
	return &claim{version: version, commit: manifest.Annotations[RevisionKey]}, nil
}
