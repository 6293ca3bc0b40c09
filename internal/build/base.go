package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// base is an image of a registry that stages begin with or copy from.
type base struct {
	name   string // with the digest it had
	puller *puller
	config dockerspec.DockerOCIImage
	layers []*layer
	files  *tree // nil until it is asked for
}

// load pulls the layers and reads what files they add up to.
func (b *base) load(ctx context.Context) (*tree, error) {
	if b.files != nil {
		return b.files, nil
	}
	if err := b.pull(ctx); err != nil {
		return nil, err
	}
	files := newTree()
	for _, l := range b.layers {
		if err := files.apply(ctx, l); err != nil {
			return nil, fault.New("E_BASE_IMAGE", "pull the image with docker to see whether it is whole", fmt.Errorf("%s: %w", b.name, err))
		}
	}
	b.files = files
	return files, nil
}

// pull brings the layers into the store, a few at a time.
func (b *base) pull(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for _, l := range b.layers {
		group.Go(func() error { return l.pull(ctx) })
	}
	if err := group.Wait(); err != nil {
		return b.puller.unreachable(b.name, err)
	}
	return nil
}

// fetch reads manifest and config of the image for platform, and where its
// layers are. An image that is no index is taken as it is; see base.matches.
func (g *puller) fetch(ctx context.Context, image string, platform v1.Platform) (*base, error) {
	parsed, err := ref.ParseImage(image)
	if err != nil {
		return nil, fault.New("E_BASE_IMAGE", "it is neither a stage above nor the name of an image", err)
	}
	reference, err := name.ParseReference(parsed.String())
	if err != nil {
		return nil, fault.New("E_BASE_IMAGE", "it is neither a stage above nor the name of an image", err)
	}
	var found *remote.Descriptor
	err = g.openly(ctx, reference, remote.WithAuthFromKeychain(g.logins()), func(with ...remote.Option) (err error) {
		found, err = remote.Get(reference, with...)
		return err
	})
	if err != nil {
		return nil, g.unreachable(image, err)
	}
	img, err := g.pickImage(found, image, platform)
	if err != nil {
		return nil, err
	}
	b, err := g.describe(img)
	if err != nil {
		return nil, g.unreachable(image, err)
	}
	digest, err := img.Digest()
	if err != nil {
		return nil, g.unreachable(image, err)
	}
	parsed.Digest = ref.Digest(digest.String())
	b.name = parsed.String()
	return b, nil
}

// pickImage is the image itself, or the one for platform where it is an index.
func (g *puller) pickImage(found *remote.Descriptor, image string, platform v1.Platform) (v1.Image, error) {
	if !found.MediaType.IsIndex() {
		if found.MediaType.IsSchema1() || !found.MediaType.IsImage() {
			return nil, fault.Newf("E_BASE_IMAGE", "push the image anew with a current tool", "%s is of the kind %s, which is no OCI or Docker image", image, found.MediaType)
		}
		img, err := found.Image()
		if err != nil {
			return nil, g.unreachable(image, err)
		}
		return img, nil
	}
	index, err := found.ImageIndex()
	if err != nil {
		return nil, g.unreachable(image, err)
	}
	list, err := index.IndexManifest()
	if err != nil {
		return nil, g.unreachable(image, err)
	}
	chosen, ok := choose(list, platform)
	if !ok {
		return nil, fault.Newf("E_BASE_IMAGE", "it has "+strings.Join(platformsOf(list), ", "), "%s has no image for %s", image, platform)
	}
	img, err := index.Image(chosen.Digest)
	if err != nil {
		return nil, g.unreachable(image, err)
	}
	return img, nil
}

func platformsOf(list *v1.IndexManifest) []string {
	var all []string
	for _, d := range list.Manifests {
		if d.Platform != nil && d.Platform.OS != "unknown" {
			all = append(all, d.Platform.String())
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// oddImage says what in an image is not as the specification has it, though the
// registry answers.
type oddImage struct{ error }

// describe reads the config and the list of layers.
func (g *puller) describe(img v1.Image) (*base, error) {
	b := &base{puller: g}
	raw, err := img.RawConfigFile()
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &b.config); err != nil {
		return nil, oddImage{fmt.Errorf("its config: %w", err)}
	}
	manifest, err := img.Manifest()
	if err != nil {
		return nil, err
	}
	if len(manifest.Layers) != len(b.config.RootFS.DiffIDs) {
		return nil, oddImage{fmt.Errorf("its manifest has %d layers, its config %d", len(manifest.Layers), len(b.config.RootFS.DiffIDs))}
	}
	for i, d := range manifest.Layers {
		kind, ok := ociLayers[d.MediaType]
		if !ok {
			return nil, oddImage{fmt.Errorf("its layer %d is of the kind %s", i+1, d.MediaType)}
		}
		diffID, err := v1.NewHash(b.config.RootFS.DiffIDs[i].String())
		if err != nil {
			return nil, oddImage{fmt.Errorf("its config: %w", err)}
		}
		l := &layer{diffID: diffID, store: g.store, retry: g.retry}
		l.Descriptor = v1.Descriptor{MediaType: kind, Digest: d.Digest, Size: d.Size}
		l.remote = func() (io.ReadCloser, error) {
			whole, err := img.LayerByDigest(d.Digest)
			if err != nil {
				return nil, err
			}
			return whole.Compressed()
		}
		b.layers = append(b.layers, l)
	}
	b.completeHistory()
	return b, nil
}

// completeHistory gives every layer an entry: tools that make images without a
// Dockerfile often write none, and readers count entries against layers.
func (b *base) completeHistory() {
	missing := len(b.layers)
	for _, entry := range b.config.History {
		if !entry.EmptyLayer {
			missing--
		}
	}
	for range missing {
		b.config.History = append(b.config.History, ocispec.History{CreatedBy: "unknown", Comment: "layer of the base image"})
	}
}

// unreachable is an E_BASE_IMAGE whose hint depends on what the registry said.
func (g *puller) unreachable(image string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if known, ok := errors.AsType[*fault.Fault](err); ok {
		return fault.New(known.Code, known.Hint, fmt.Errorf("base image %s: %w", image, known.Err))
	}
	domain := "the registry"
	if parsed, err := ref.ParseImage(image); err == nil {
		domain = parsed.Repository.Domain()
	}
	hint := "see whether " + domain + " can be reached from here"
	if _, ok := errors.AsType[oddImage](err); ok {
		hint = "the registry answers, but the image is not sound: push the image anew with a current tool, or begin with another"
	}
	if answer, ok := errors.AsType[*transport.Error](err); ok {
		switch answer.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden:
			hint = "log in to " + domain + " with an account that may pull the image (a misspelt name gets the same answer from many registries): " + g.howToLogIn(image, domain)
		case http.StatusNotFound:
			hint = "see whether the name and the tag are right"
		case http.StatusTooManyRequests:
			hint = domain + " limits pulls: log in, or use a mirror of the image"
		}
	}
	return fault.New("E_BASE_IMAGE", hint, fmt.Errorf("base image %s: %w", image, fault.WithoutQueries(err)))
}
