package registry

import (
	"bytes"
	"context"
	"net/http"
	"net/url"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// typed is a manifest of a kind: that of an image, of an index, or of an artifact.
type typed interface {
	remote.Taggable
	MediaType() (types.MediaType, error)
}

// put writes a manifest by its digest or under a tag. It is not left to
// go-containerregistry, which asks after each one that names a subject whether
// there is a referrers API, and writes the fallback tag where there is none: that
// is done once for all that is attached to a manifest (link).
func (p *promotion) put(ctx context.Context, id string, manifest typed) error {
	s := p.target.session
	raw, err := manifest.RawManifest()
	if err != nil {
		return err
	}
	at := url.URL{Scheme: s.repo.Scheme(), Host: s.repo.RegistryStr(), Path: "/v2/" + s.repo.RepositoryStr() + "/manifests/" + id}
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, at.String(), bytes.NewReader(raw))
	if err != nil {
		return err
	}
	media, err := manifest.MediaType()
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", string(media))
	response, err := (&http.Client{Transport: s.transport}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := transport.CheckError(response, http.StatusOK, http.StatusCreated, http.StatusAccepted); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written++
	return nil
}

// blob is a blob of the original.
func (o *original) blob(ctx context.Context, d v1.Descriptor) (v1.Layer, error) {
	s := o.session
	ctx = context.WithValue(ctx, readBy{}, s)
	layer, err := remote.Layer(s.repo.Digest(d.Digest.String()), append(s.options[:len(s.options):len(s.options)], remote.WithContext(ctx))...)
	if err != nil {
		return nil, err
	}
	if mountable, ok := layer.(*remote.MountableLayer); ok {
		layer = mountable.Layer
	}
	return described{layer, d}, nil
}

// described is a blob of which the manifest tells what the registry need not be
// asked for.
type described struct {
	v1.Layer
	is v1.Descriptor
}

func (d described) Size() (int64, error)                { return d.is.Size, nil }
func (d described) MediaType() (types.MediaType, error) { return d.is.MediaType, nil }

// expectAlso says that more blobs are needed: those of a promotion are known one
// manifest after the other.
func (m *meter) expectAlso(blobs []v1.Descriptor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.many += len(blobs)
	for _, d := range blobs {
		m.size += d.Size
	}
}
