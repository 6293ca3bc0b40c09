package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// noImage is an output of docker that is not what was asked for.
func noImage(err error) error {
	return fault.New("E_BUILD_FAILED", "update docker buildx; see `docker buildx version`", fmt.Errorf("docker buildx left no usable image: %w", err))
}

// adoptLayout takes over the one image of an OCI layout: byte for byte, but for
// annotations of its manifest.
func (s *store) adoptLayout(ctx context.Context, dir, platform string) (*Image, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, noImage(err)
	}
	want := host()
	if platform != "" {
		if want, err = parsePlatform(platform); err != nil {
			return nil, err
		}
	}
	image, err := only(index, want)
	if err != nil {
		return nil, noImage(err)
	}
	return s.adopt(ctx, image)
}

// only is the image in an index: the one there is, or else the one for platform.
// Its descriptor may say no platform, and it may be an index within the index.
func only(index v1.ImageIndex, platform v1.Platform) (v1.Image, error) {
	list, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(list.Manifests) == 1 {
		one := list.Manifests[0]
		if one.MediaType.IsImage() {
			return index.Image(one.Digest)
		}
		inner, err := index.ImageIndex(one.Digest)
		if err != nil {
			return nil, err
		}
		return only(inner, platform)
	}
	chosen, ok := choose(list, platform)
	if !ok {
		return nil, fmt.Errorf("its index has %d images, none of them for %s", len(list.Manifests), platform)
	}
	return index.Image(chosen.Digest)
}

// adopt copies the blobs of an image, checking each against its digest.
func (s *store) adopt(ctx context.Context, image v1.Image) (*Image, error) {
	manifest, err1 := image.Manifest()
	raw, err2 := image.RawManifest()
	config, err3 := image.RawConfigFile()
	file, err4 := image.ConfigFile()
	layers, err5 := image.Layers()
	err := errors.Join(err1, err2, err3, err4, err5)
	if err != nil {
		return nil, noImage(err)
	}
	if digest, err := s.putBytes(ctx, config); err != nil || digest != manifest.Config.Digest {
		return nil, noImage(errors.Join(err, fmt.Errorf("its config is %s, its manifest says %s", digest, manifest.Config.Digest)))
	}
	for i, from := range layers {
		l := &layer{Descriptor: manifest.Layers[i], store: s, remote: from.Compressed}
		if err := l.pull(ctx); err != nil {
			return nil, noImage(err)
		}
	}
	if raw, err = s.annotated(manifest.MediaType, raw); err != nil {
		return nil, noImage(err)
	}
	return s.seal(ctx, *manifest, raw, *platformOf(file))
}

// annotated is a manifest with the annotations, and all else that it has. They
// are set here and not by `--annotation`, which older releases of buildx do not
// know. A manifest of Docker's type has no place for them.
func (s *store) annotated(kind types.MediaType, raw []byte) ([]byte, error) {
	if len(s.annotations) == 0 || kind != types.OCIManifestSchema1 {
		return raw, nil
	}
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(raw, &whole); err != nil {
		return nil, err
	}
	all := map[string]string{}
	if there, ok := whole["annotations"]; ok {
		if err := json.Unmarshal(there, &all); err != nil {
			return nil, err
		}
	}
	maps.Copy(all, s.annotations)
	data, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	whole["annotations"] = data
	return json.Marshal(whole)
}

// adoptArchive takes over the image of a `docker save` archive. Its layers are not
// compressed there, so they are here, and the manifest is new.
func (s *store) adoptArchive(ctx context.Context, name string) (*Image, error) {
	image, err := tarball.ImageFromPath(name, nil)
	if err != nil {
		return nil, noImage(err)
	}
	config, err1 := image.RawConfigFile()
	file, err2 := image.ConfigFile()
	from, err3 := image.Layers()
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, noImage(err)
	}
	if len(from) != len(file.RootFS.DiffIDs) {
		return nil, noImage(fmt.Errorf("its archive has %d layers, its config %d", len(from), len(file.RootFS.DiffIDs)))
	}
	var layers []*layer
	for i, one := range from {
		r, err := one.Uncompressed()
		if err != nil {
			return nil, noImage(err)
		}
		l, err := s.compress(ctx, func(w io.Writer) error {
			_, err := io.Copy(w, r)
			return err
		})
		if err = errors.Join(err, r.Close()); err != nil {
			return nil, noImage(err)
		}
		if l.diffID != file.RootFS.DiffIDs[i] {
			return nil, noImage(fmt.Errorf("its layer %d is %s, its config says %s", i+1, l.diffID, file.RootFS.DiffIDs[i]))
		}
		layers = append(layers, l)
	}
	return s.finish(ctx, config, layers, *platformOf(file))
}

func platformOf(config *v1.ConfigFile) *v1.Platform {
	if p := config.Platform(); p != nil {
		return p
	}
	return &v1.Platform{}
}
