package registry

import (
	"context"
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// The labels and annotations by which an image says what it was built from. The
// first two name the commit and where that is (github.com/opencontainers/image-spec,
// annotations.md); the others are our own, and docs/retag.md tells their meaning.
const (
	RevisionKey = "org.opencontainers.image.revision"
	SourceKey   = "org.opencontainers.image.source"
	TreeKey     = "dev.tagboat.source.tree"
	FilesKey    = "dev.tagboat.build.files"
	InputsKey   = "dev.tagboat.build.inputs"
)

// Revision is what an image in a registry says of itself; "" where it says nothing.
type Revision struct {
	Digest ref.Digest // what the tag points at: of the index, if it is one
	Commit string     // the commit that people find again: of a pull request its head
	Source string     // a page
	Tree   string     // of the commit that was checked out, as git names it
	Files  string     // hash of the files that the build could take
	Inputs string     // hash of what else was asked for
}

// Revision reads what an image was built from, so that what is there already need
// not be built again. An image that has the annotations is not read further, and
// of others the labels count. Of an index, whose other images nobody has looked
// at, only its own annotations say tree, files and inputs; where it names no
// commit, the labels of the image for Client.Platform do. It fails with
// E_IMAGE_MISSING.
func (c *Client) Revision(ctx context.Context, image ref.Image) (Revision, error) {
	s, found, err := c.get(ctx, image)
	if err != nil {
		return Revision{}, err
	}
	revision, err := c.revision(found)
	return revision, s.explain(ctx, err)
}

func (c *Client) revision(found *remote.Descriptor) (Revision, error) {
	var manifest struct { // what indexes and images have in common
		Annotations map[string]string `json:"annotations"`
	}
	if err := json.Unmarshal(found.Manifest, &manifest); err != nil {
		return Revision{}, err
	}
	revision := said(manifest.Annotations)
	revision.Digest = ref.Digest(found.Digest.String())
	isIndex := found.MediaType.IsIndex()
	if revision.Commit != "" && (isIndex || revision.Inputs != "") {
		return revision, nil
	}
	one, err := c.choose(found)
	if err != nil {
		return Revision{}, err
	}
	config, err := one.ConfigFile()
	if err != nil {
		return Revision{}, err
	}
	labels := said(config.Config.Labels)
	labels.Digest = revision.Digest
	if isIndex {
		labels.Tree, labels.Files, labels.Inputs = "", "", ""
	}
	return labels, nil
}

// said reads labels or annotations.
func said(of map[string]string) Revision {
	return Revision{Commit: of[RevisionKey], Source: of[SourceKey], Tree: of[TreeKey], Files: of[FilesKey], Inputs: of[InputsKey]}
}

// readBy is the key under which the requests for an image carry their session.
// What they read lazily may be refused in the middle of another session's upload.
type readBy struct{}

// downloads bounds how many blobs of an image may be on their way here at once: so
// many that those which a registry does not take stop nobody else's.
const downloads = parallel * parallel * streams

// get reads the manifest of an image.
func (c *Client) get(ctx context.Context, image ref.Image) (*session, *remote.Descriptor, error) {
	s, err := c.reading(ctx, image.Repository)
	if err != nil {
		return nil, nil, err
	}
	ctx = context.WithValue(ctx, readBy{}, s)
	options := append(s.options[:len(s.options):len(s.options)], remote.WithContext(ctx), remote.WithJobs(downloads))
	found, err := remote.Get(s.reference(identifier(image)), options...)
	if err != nil {
		return nil, nil, s.explain(ctx, err)
	}
	return s, found, nil
}

// choose gives the image itself, or that of an index for Client.Platform.
func (c *Client) choose(found *remote.Descriptor) (v1.Image, error) {
	if !found.MediaType.IsIndex() {
		return found.Image()
	}
	index, err := found.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	var wanted v1.Platform
	if c.Platform != "" {
		parsed, err := v1.ParsePlatform(c.Platform)
		if err != nil {
			return nil, fault.New("E_PLATFORM", "write os/arch, such as linux/amd64", fmt.Errorf("platform %q: %w", c.Platform, err))
		}
		wanted = *parsed
	}
	for _, entry := range manifest.Manifests {
		if runs(entry) && (c.Platform == "" || entry.Platform != nil && entry.Platform.Satisfies(wanted)) {
			return index.Image(entry.Digest)
		}
	}
	return nil, fault.Newf("E_PLATFORM", "name one of the platforms that the image was built for",
		"the index %s has no image for platform %q", found.Digest, c.Platform)
}

// runs reports whether an index's entry is an image that can be started; BuildKit
// keeps attestations beside the images, for the platform unknown/unknown.
func runs(entry v1.Descriptor) bool {
	return entry.MediaType.IsImage() && (entry.Platform == nil || entry.Platform.OS != "unknown")
}
