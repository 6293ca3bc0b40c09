package attest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
)

// FromRegistry looks for what is attached to the image in its own registry: bundles
// as actions/attest-* (`push-to-registry`) and cosign 3 leave them, and cosign's
// older signatures and attestations under the tags sha256-….sig and .att.
type FromRegistry struct{ Registry *registry.Client }

// What things in a registry call themselves.
const (
	typeBundle        = "application/vnd.dev.sigstore.bundle" // with a version behind it
	typeSimpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json"
	typeEnvelope      = "application/vnd.dsse.envelope.v1+json"
	typeEmpty         = "application/vnd.oci.empty.v1+json"
	typeImageConfig   = "application/vnd.oci.image.config.v1+json"
)

// mostReferrers is how many attached manifests are read about one image.
const mostReferrers = 200

// manifest is what matters of one that is attached.
type manifest struct {
	ArtifactType string  `json:"artifactType"`
	Layers       []layer `json:"layers"`
}

type layer struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Annotations map[string]string `json:"annotations"`
}

// Find reads what is attached to the image's digest.
func (f *FromRegistry) Find(ctx context.Context, image ref.Image, _ []Requirement, take func(Candidate) bool) ([]string, error) {
	looked := []string{"what is attached to it in " + image.Repository.String()}
	attached, err := f.Registry.Referrers(ctx, image.Repository, image.Digest)
	if err != nil {
		return looked, err
	}
	var errs []error
	read := 0
	for _, r := range attached {
		if !mayBeSigned(r) {
			continue
		}
		if read++; read > mostReferrers {
			errs = append(errs, fault.Newf("E_VERIFY_FAILED", "remove what is attached to it and not needed", "more than %d manifests are attached to %s", mostReferrers, image))
			break
		}
		more, err := f.read(ctx, image.Repository, r, take)
		if errs = append(errs, err); !more {
			break
		}
	}
	return looked, errors.Join(errs...)
}

// mayBeSigned tells bundles and signatures from what cannot be one by its type.
// Where a registry has no referrers API, the type may be that of an empty config.
func mayBeSigned(r registry.Referrer) bool {
	switch {
	case r.Tag != "":
		return strings.HasSuffix(string(r.Tag), ".sig") || strings.HasSuffix(string(r.Tag), ".att")
	case r.ArtifactType == "" || r.ArtifactType == typeEmpty || r.ArtifactType == typeImageConfig:
		return true
	}
	return strings.HasPrefix(r.ArtifactType, typeBundle) || strings.HasPrefix(r.ArtifactType, "application/vnd.dev.cosign.")
}

// read takes the candidates out of an attached manifest, as long as more are wanted.
func (f *FromRegistry) read(ctx context.Context, repository ref.Repository, r registry.Referrer, take func(Candidate) bool) (more bool, err error) {
	where := fmt.Sprintf("%s@%s", repository, r.Digest.Short())
	if r.Tag != "" {
		where = fmt.Sprintf("%s:%s", repository, shortTag(r.Tag))
	}
	text, _, err := f.Registry.ManifestBytes(ctx, ref.Image{Repository: repository, Digest: r.Digest})
	if err != nil {
		return true, err
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return take(Candidate{Where: where, Problem: "its manifest is no JSON of a manifest"}), nil
	}
	more = true
	var errs []error
	for _, l := range m.Layers[:min(len(m.Layers), mostReferrers)] {
		form := formOf(l.MediaType)
		if form == nil {
			continue
		}
		c, err := f.candidate(ctx, repository, l, form)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.Where = where
		if more = take(c); !more {
			break
		}
	}
	return more, errors.Join(errs...)
}

// candidate reads the content of a layer.
func (f *FromRegistry) candidate(ctx context.Context, repository ref.Repository, l layer, form func([]byte, map[string]string) Candidate) (Candidate, error) {
	digest, err := ref.ParseDigest(l.Digest)
	if err != nil {
		return Candidate{Problem: "its content has no digest of sha256"}, nil
	}
	content, err := f.Registry.Blob(ctx, repository, digest, largest)
	if err != nil {
		return Candidate{}, err
	}
	return form(content, l.Annotations), nil
}

// formOf is how content of a type becomes a candidate; nil for what is none.
func formOf(mediaType string) func(content []byte, annotations map[string]string) Candidate {
	switch {
	case strings.HasPrefix(mediaType, typeBundle):
		return func(content []byte, _ map[string]string) Candidate { return Candidate{Bundle: content} }
	case mediaType == typeSimpleSigning:
		return simpleSigning
	case mediaType == typeEnvelope:
		return envelope
	}
	return nil
}

// shortTag is a tag of cosign's with its digest cut.
func shortTag(tag ref.Tag) string {
	name, kind, _ := strings.Cut(string(tag), ".")
	return name[:min(len(name), len("sha256-")+12)] + "…." + kind
}
