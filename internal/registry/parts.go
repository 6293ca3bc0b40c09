package registry

import (
	"cmp"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// part is a manifest, with the blobs that it names. What it has below it are parts
// of their own.
type part struct {
	digest   v1.Hash
	manifest remote.Taggable
	blobs    []blob
	height   int  // 0 has no manifests below it
	subject  bool // it is about another manifest, whose list of referrers may be rewritten with it
}

// blob is a layer or a config. It is read anew for each repository.
type blob struct {
	v1.Layer
	digest v1.Hash
	size   int64
	layout string // folder that it is in; "" where it comes from a registry
}

// parts takes an image apart, once: what comes first can be written first, and the
// image itself is last. Manifests of a registry are read for that.
func (s *source) parts() ([]part, error) {
	s.once.Do(func() {
		w := walk{layout: s.layout, seen: map[v1.Hash]int{}}
		_, s.failed = w.add(s.manifest)
		s.all = w.parts
	})
	return s.all, s.failed
}

// apart is a source that was taken apart.
type apart struct {
	once   sync.Once
	all    []part
	failed error
}

type walk struct {
	layout string
	parts  []part
	seen   map[v1.Hash]int // heights
}

func (w *walk) add(manifest remote.Taggable) (height int, err error) {
	named, ok := manifest.(interface{ Digest() (v1.Hash, error) })
	if !ok {
		return 0, errNoManifest
	}
	digest, err := named.Digest()
	if err != nil {
		return 0, err
	}
	if height, done := w.seen[digest]; done {
		return height, nil
	}
	p := part{digest: digest, manifest: manifest}
	switch m := manifest.(type) {
	case v1.ImageIndex:
		err = w.addIndex(&p, m)
	case v1.Image:
		err = w.addImage(&p, m)
	}
	if err != nil {
		return 0, err
	}
	w.seen[digest] = p.height
	w.parts = append(w.parts, p)
	return p.height, nil
}

func (w *walk) addIndex(p *part, index v1.ImageIndex) error {
	children, err := partial.Manifests(index)
	if err != nil {
		return err
	}
	for _, child := range children {
		switch child := child.(type) {
		case remote.Taggable:
			height, err := w.add(child)
			if err != nil {
				return err
			}
			p.height = max(p.height, height+1)
		case v1.Layer:
			if err := w.addBlob(p, child); err != nil {
				return err
			}
		default:
			return errNoManifest
		}
	}
	described, err := index.IndexManifest()
	if err == nil {
		p.subject = described.Subject != nil
	}
	return err
}

func (w *walk) addImage(p *part, image v1.Image) error {
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	p.subject = manifest.Subject != nil
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	config, err := partial.ConfigLayer(image)
	if err != nil {
		return err
	}
	for _, layer := range append(layers, config) {
		if err := w.addBlob(p, layer); err != nil {
			return err
		}
	}
	return nil
}

// addBlob leaves out what stays where it is, such as Windows' base layers.
func (w *walk) addBlob(p *part, layer v1.Layer) error {
	kind, err := layer.MediaType()
	if err != nil || !kind.IsDistributable() {
		return err
	}
	if mountable, ok := layer.(*remote.MountableLayer); ok {
		layer = mountable.Layer // where it is mounted from is decided for each repository
	}
	b := blob{Layer: layer, layout: w.layout}
	if b.digest, err = layer.Digest(); err != nil {
		return err
	}
	if b.size, err = layer.Size(); err != nil {
		return err
	}
	p.blobs = append(p.blobs, b)
	return nil
}

// blobsOf gives the blobs of some parts, each once, the largest first: the last
// one to be sent should not be one that takes long.
func blobsOf(parts []part) []blob {
	var all []blob
	seen := map[v1.Hash]bool{}
	for _, p := range parts {
		for _, b := range p.blobs {
			if !seen[b.digest] {
				seen[b.digest] = true
				all = append(all, b)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b blob) int { return cmp.Compare(b.size, a.size) })
	return all
}
