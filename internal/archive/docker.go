package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"
)

// saved is an image of a docker archive: an entry of its manifest.json.
type saved struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// docker turns an image that docker has saved into one of an OCI layout.
func (a *archive) docker(ctx context.Context, list member, want string) (v1.Descriptor, error) {
	var all []saved
	if err := a.readJSON(list.file, &all); err != nil {
		return v1.Descriptor{}, fmt.Errorf("its manifest.json: %w", err)
	}
	one, err := chooseSaved(all, want)
	if err != nil {
		return v1.Descriptor{}, err
	}
	configFile, err := a.find(one.Config)
	if err != nil {
		return v1.Descriptor{}, err
	}
	raw, err := readSmall(configFile)
	if err != nil {
		return v1.Descriptor{}, err
	}
	config, err := v1.ParseConfigFile(bytes.NewReader(raw))
	if err != nil {
		return v1.Descriptor{}, fmt.Errorf("its config %q: %w", one.Config, err)
	}
	if len(config.RootFS.DiffIDs) != len(one.Layers) {
		return v1.Descriptor{}, fmt.Errorf("its image has %d layers, and its config %q tells of %d", len(one.Layers), one.Config, len(config.RootFS.DiffIDs))
	}
	manifest := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1}
	if manifest.Layers, err = a.layers(ctx, one.Layers, config.RootFS.DiffIDs); err != nil {
		return v1.Descriptor{}, err
	}
	if manifest.Config, err = a.store(raw, types.OCIConfigJSON); err != nil {
		return v1.Descriptor{}, err
	}
	content, err := json.Marshal(manifest)
	if err != nil {
		return v1.Descriptor{}, err
	}
	return a.store(content, types.OCIManifestSchema1)
}

func chooseSaved(all []saved, want string) (saved, error) {
	var names []string
	for _, one := range all {
		for _, tag := range one.RepoTags {
			if want != "" && sameName(tag, want) {
				return one, nil
			}
		}
		names = append(names, strings.Join(append(one.RepoTags, one.Config)[:max(len(one.RepoTags), 1)], " = "))
	}
	if want == "" && len(all) == 1 {
		return all[0], nil
	}
	return saved{}, unclear(names, want)
}

// layers compresses layers, some at once, each once.
func (a *archive) layers(ctx context.Context, names []string, diffs []v1.Hash) ([]v1.Descriptor, error) {
	done := make([]v1.Descriptor, len(names))
	first := map[v1.Hash]int{}
	var group errgroup.Group
	group.SetLimit(min(4, runtime.NumCPU()))
	for i, name := range names {
		if _, again := first[diffs[i]]; again {
			continue
		}
		first[diffs[i]] = i
		group.Go(func() (err error) {
			done[i], err = a.layer(ctx, name, diffs[i])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i := range done {
		done[i] = done[first[diffs[i]]]
	}
	return done, nil
}

// layer keeps a compressed layer as it is, and compresses another one: at a fixed
// level, without a name or a time. Its content must be what the config tells.
func (a *archive) layer(ctx context.Context, name string, diff v1.Hash) (v1.Descriptor, error) {
	file, err := a.find(name)
	if err != nil {
		return v1.Descriptor{}, err
	}
	in, err := os.Open(file)
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer in.Close()
	packed := bufio.NewReaderSize(whileWanted(ctx, in), 1<<20)
	begin, _ := packed.Peek(len(zstdMagic))
	kind := types.OCILayer
	plainSum := sha256.New()
	b, err := a.create()
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer b.drop()
	switch {
	case bytes.HasPrefix(begin, gzipMagic):
		err = keep(b, packed, plainSum, func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })
	case bytes.HasPrefix(begin, zstdMagic):
		kind = types.OCILayerZStd
		err = keep(b, packed, plainSum, func(r io.Reader) (io.Reader, error) {
			return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		})
	default:
		err = compress(b, io.TeeReader(packed, plainSum))
	}
	if err != nil {
		return v1.Descriptor{}, fmt.Errorf("its layer %q: %w", name, err)
	}
	if got := hashOf("sha256", plainSum); got != diff {
		return v1.Descriptor{}, fmt.Errorf("its layer %q is damaged: the content is %s, and the config tells %s", name, got, diff)
	}
	return b.finish(kind)
}

// keep copies what is compressed, and sums up what is in it.
func keep(to io.Writer, packed io.Reader, sum io.Writer, open func(io.Reader) (io.Reader, error)) error {
	tee := io.TeeReader(packed, to)
	plain, err := open(tee)
	if err != nil {
		return err
	}
	if _, err := io.Copy(sum, plain); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, tee)
	return err
}

func compress(to io.Writer, plain io.Reader) error {
	packer, err := gzip.NewWriterLevel(to, gzip.DefaultCompression)
	if err != nil {
		return err
	}
	if _, err := io.Copy(packer, plain); err != nil {
		return err
	}
	return packer.Close()
}

// store keeps a small blob.
func (a *archive) store(content []byte, kind types.MediaType) (v1.Descriptor, error) {
	b, err := a.create()
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer b.drop()
	if _, err := b.Write(content); err != nil {
		return v1.Descriptor{}, err
	}
	return b.finish(kind)
}

// readSmall reads a file that is a manifest or a config, if it is not too large
// for one.
func readSmall(file string) ([]byte, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return readAll(in)
}

func readAll(in io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxManifest+1))
	if err == nil && len(data) > maxManifest {
		return nil, fmt.Errorf("it has more than %d bytes", maxManifest)
	}
	return data, err
}

func (a *archive) readJSON(file string, into any) error {
	data, err := readSmall(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

func writeJSON(file string, content any) error {
	data, err := json.Marshal(content)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Clean(file), data, 0o644); err != nil {
		return &unwritten{err}
	}
	return nil
}
