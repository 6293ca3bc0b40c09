package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// original is the image that is promoted, where it stands.
type original struct {
	session *session
	root    *node

	subjects [][]*subject // with something attached to them: the image and its parts, what is attached to those, …
	count    int          // of what is attached
}

// subject is a manifest with what is attached to it.
type subject struct {
	digest   ref.Digest
	attached []attachment
}

type attachment struct {
	Referrer
	*node
}

// node is a manifest of the original. It is read when it is needed, and once:
// what every target has already is not asked for.
type node struct {
	digest ref.Digest
	media  types.MediaType // as it was announced; may be ""
	head   *content        // where it is known from the beginning
	read   func() (*content, error)
}

// content is a manifest with what it names.
type content struct {
	raw       []byte
	media     types.MediaType
	manifests []*node
	blobs     []v1.Descriptor
	subject   ref.Digest // "" where it names none
}

// RawManifest implements remote.Taggable.
func (c *content) RawManifest() ([]byte, error) { return c.raw, nil }

// MediaType goes with RawManifest.
func (c *content) MediaType() (types.MediaType, error) { return c.media, nil }

// original takes the manifest of the image apart.
func (c *Client) original(ctx context.Context, image ref.Image) (*original, error) {
	s, found, err := c.manifest(ctx, image)
	if err != nil {
		return nil, err
	}
	o := &original{session: s}
	head, err := o.parse(ctx, found)
	if err != nil {
		return nil, err
	}
	digest := ref.Digest(found.Digest.String())
	o.root = &node{digest: digest, media: found.MediaType, head: head, read: func() (*content, error) { return head, nil }}
	return o, nil
}

func (o *original) node(ctx context.Context, digest ref.Digest, media types.MediaType) *node {
	return &node{digest: digest, media: media, read: sync.OnceValues(func() (*content, error) {
		s := o.session
		ctx := accept(context.WithValue(ctx, readBy{}, s), media)
		found, err := remote.Get(s.reference(string(digest)), append(s.options[:len(s.options):len(s.options)], remote.WithContext(ctx))...)
		switch {
		case answered(err) == http.StatusNotFound:
			return nil, &absent{digest, s.fault("E_IMAGE_MISSING", hintGone, fmt.Errorf("%s is named by the image, or by what is attached to it, and is gone: %w", digest, err))}
		case err != nil:
			return nil, s.explain(ctx, err)
		}
		return o.parse(ctx, found)
	})}
}

const hintGone = "see whether a clean-up removes what has no tag, as the parts of an image have none: restore it (GHCR keeps what was deleted for 30 days), or build the image again"

// absent is the fault of a manifest that another one names and the registry does
// not have.
type absent struct {
	digest ref.Digest
	fault  error
}

func (a *absent) Error() string { return a.fault.Error() }
func (a *absent) Unwrap() error { return a.fault }

// parse takes a manifest apart, of whatever kind it is: what the specification
// calls manifests, config and layers, and blobs as artifacts of ORAS have them.
func (o *original) parse(ctx context.Context, found *remote.Descriptor) (*content, error) {
	var m struct {
		Manifests, Layers, Blobs []v1.Descriptor
		Config, Subject          *v1.Descriptor
	}
	if err := json.Unmarshal(found.Manifest, &m); err != nil || found.MediaType.IsSchema1() {
		return nil, o.session.fault("E_REGISTRY", "build the image again with a tool of this decade: it is of a kind that registries do not take any more",
			fmt.Errorf("manifest %s of kind %s cannot be copied", found.Digest, found.MediaType))
	}
	c := &content{raw: found.Manifest, media: found.MediaType, blobs: slices.Concat(m.Layers, m.Blobs)}
	if m.Config != nil {
		c.blobs = append(c.blobs, *m.Config)
	}
	if m.Subject != nil {
		c.subject = ref.Digest(m.Subject.Digest.String())
	}
	for _, d := range m.Manifests {
		child := o.node(ctx, ref.Digest(d.Digest.String()), d.MediaType)
		blob, err := o.isBlob(child)
		switch {
		case err != nil:
			return nil, err
		case blob:
			c.blobs = append(c.blobs, d)
		default:
			c.manifests = append(c.manifests, child)
		}
	}
	return c, nil
}

// isBlob reports whether what an index names is no manifest: caches of BuildKit
// name layers there. Of a kind that is not known, the registry tells.
func (o *original) isBlob(child *node) (bool, error) {
	switch m := child.media; {
	case m.IsIndex(), m.IsImage(), m.IsSchema1():
		return false, nil
	case m.IsLayer(), m.IsConfig():
		return true, nil
	}
	_, err := child.read()
	if _, gone := errors.AsType[*absent](err); gone {
		return true, nil
	}
	return false, err
}
