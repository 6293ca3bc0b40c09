package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/seed-96940006/tagboat/internal/testkit/sample"
)

// entries are what goes into a tar, in order; content may be a link or a folder.
type entries []entry

type entry struct {
	name, content string
	header        tar.Header
}

// write makes a tar of the entries.
func (e entries) write(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, one := range e {
		one.header.Name, one.header.Mode, one.header.Size = one.name, 0o644, int64(len(one.content))
		if one.header.Typeflag == 0 {
			one.header.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(&one.header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, one.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (e entries) without(name string) entries {
	var rest entries
	for _, one := range e {
		if !strings.HasPrefix(one.name, name) {
			rest = append(rest, one)
		}
	}
	return rest
}

func (e entries) with(name, content string) entries {
	return append(e.without(name), entry{name: name, content: content})
}

// ofLayout are the files of an OCI layout.
func ofLayout(t testing.TB, dir string) (all entries) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all = append(all, entry{name: filepath.ToSlash(name), content: string(data)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ofDocker is what docker save writes before version 25: each layer in a folder of
// its own, one of which is a link to the same layer.
func ofDocker(t testing.TB, tags ...string) (entries, v1.Image) {
	t.Helper()
	one := layer(t, "a", strings.Repeat("a", 5000))
	img, err := mutate.AppendLayers(empty.Image, one, layer(t, "b", "b"), one)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	name := digestHex(t, config) + ".json"
	all := entries{
		{name: "l0/", header: tar.Header{Typeflag: tar.TypeDir}},
		{name: "l0/VERSION", content: "1.0"}, {name: "l0/json", content: "{}"}, {name: "l0/layer.tar", content: uncompressed(t, layers[0])},
		{name: "l1/layer.tar", content: uncompressed(t, layers[1])},
		{name: "l2/layer.tar", header: tar.Header{Typeflag: tar.TypeSymlink, Linkname: "../l0/layer.tar"}},
		{name: name, content: string(config)},
	}
	return append(all, entry{name: "manifest.json", content: marshal(t, []any{savedAs(name, tags)})}), img
}

func savedAs(config string, tags []string) map[string]any {
	return map[string]any{"Config": config, "RepoTags": tags, "Layers": []string{"l0/layer.tar", "l1/layer.tar", "l2/layer.tar"}}
}

func uncompressed(t testing.TB, l v1.Layer) string {
	t.Helper()
	content, err := l.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	data, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func digestHex(t testing.TB, data []byte) string {
	t.Helper()
	hash, _, err := v1.SHA256(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return hash.Hex
}

func marshal(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func zipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func onFile(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// layer is a layer with one file.
func layer(t testing.TB, name, content string) v1.Layer {
	t.Helper()
	data := entries{{name: name, content: content}}.write(t)
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var (
	randomImage = sample.Image
	onDisk      = sample.Layout
	digestOf    = sample.Digest
	check       = sample.Fault
)
