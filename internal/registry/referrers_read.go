package registry

import (
	"context"
	"fmt"
	"io"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// ManifestBytes reads the manifest of an image as the registry has it. That of a
// digest is checked against it.
func (c *Client) ManifestBytes(ctx context.Context, image ref.Image) (manifest []byte, mediaType string, err error) {
	_, found, err := c.get(ctx, image)
	if err != nil {
		return nil, "", err
	}
	return found.Manifest, string(found.MediaType), nil
}

// Blob reads a blob of at most limit bytes, and checks it against its digest.
func (c *Client) Blob(ctx context.Context, repository ref.Repository, digest ref.Digest, limit int64) ([]byte, error) {
	s, err := c.reading(ctx, repository)
	if err != nil {
		return nil, err
	}
	ctx = context.WithValue(ctx, readBy{}, s)
	data, err := s.blob(ctx, digest, limit)
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	return data, nil
}

func (s *session) blob(ctx context.Context, digest ref.Digest, limit int64) ([]byte, error) {
	layer, err := remote.Layer(s.repo.Digest(string(digest)), append(s.options[:len(s.options):len(s.options)], remote.WithContext(ctx))...)
	if err != nil {
		return nil, err
	}
	content, err := layer.Compressed() // as it is stored
	if err != nil {
		return nil, err
	}
	defer content.Close()
	data, err := io.ReadAll(io.LimitReader(content, limit+1)) // to its end, where the digest is compared
	switch {
	case err != nil:
		return nil, fmt.Errorf("blob %s: %w", digest, err)
	case int64(len(data)) > limit:
		return nil, s.fault("E_REGISTRY", "nothing of this size is expected here: see what the image's manifest names", fmt.Errorf("blob %s has more than %d bytes", digest, limit))
	}
	return data, nil
}
