package build

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// folder makes a folder with these files: a name that ends with / is a folder, a
// text that begins with "-> " a symbolic link.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		full := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(full), 0o755))
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			must(t, os.Symlink(target, full))
		} else if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(full, 0o755))
		} else {
			must(t, os.WriteFile(full, []byte(text), 0o644))
		}
	}
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// built is what a build left behind, read back with other code than wrote it.
type built struct {
	*Image
	image  v1.Image
	config *v1.ConfigFile
	log    string
}

// buildIn builds the Dockerfile in a folder with the native builder.
func buildIn(t testing.TB, dir string, change func(*Request)) (*built, error) {
	t.Helper()
	var log bytes.Buffer
	r := Request{Context: dir, Layout: filepath.Join(t.TempDir(), "layout"), Platform: "linux/amd64", Log: &log}
	if change != nil {
		change(&r)
	}
	made, err := Native{}.Build(context.Background(), r)
	if err != nil {
		if _, statErr := os.Stat(filepath.Join(r.Layout, "index.json")); statErr == nil {
			t.Error("a failed build left an index")
		}
		return &built{log: log.String()}, err
	}
	return read(t, made, log.String()), nil
}

func mustBuild(t testing.TB, files map[string]string, change func(*Request)) *built {
	t.Helper()
	b, err := buildIn(t, folder(t, files), change)
	if err != nil {
		t.Fatalf("%v\n%s", err, b.log)
	}
	return b
}

func read(t testing.TB, made *Image, log string) *built {
	t.Helper()
	marker, err := os.ReadFile(filepath.Join(made.Layout, "oci-layout"))
	must(t, err)
	if string(marker) != `{"imageLayoutVersion":"1.0.0"}` {
		t.Errorf("oci-layout holds %q", marker)
	}
	index, err := layout.ImageIndexFromPath(made.Layout)
	must(t, err)
	list, err := index.IndexManifest()
	must(t, err)
	if len(list.Manifests) != 1 || list.Manifests[0].Digest.String() != string(made.Digest) {
		t.Fatalf("index has %v, want only %s", list.Manifests, made.Digest)
	}
	image, err := index.Image(list.Manifests[0].Digest)
	must(t, err)
	must(t, validate.Image(image, howThorough(t, image)...))
	config, err := image.ConfigFile()
	must(t, err)
	layers := 0
	for _, entry := range config.History {
		if !entry.EmptyLayer {
			layers++
		}
	}
	if layers != made.Layers || layers != len(config.RootFS.DiffIDs) {
		t.Fatalf("%d layers in the history, %d reported, %d diff ids", layers, made.Layers, len(config.RootFS.DiffIDs))
	}
	return &built{Image: made, image: image, config: config, log: log}
}

// howThorough is to read every blob, but where a layer is packed with zstd, which
// the validator does not read.
func howThorough(t testing.TB, image v1.Image) []validate.Option {
	t.Helper()
	manifest, err := image.Manifest()
	must(t, err)
	for _, layer := range manifest.Layers {
		if layer.MediaType == types.OCILayerZStd {
			return []validate.Option{validate.Fast}
		}
	}
	return nil
}

// files lists the file system of an image, one line a file: what its layers add up to.
func (b *built) files(t testing.TB) []string {
	t.Helper()
	layers, err := b.image.Layers()
	must(t, err)
	there := map[string]string{}
	for _, layer := range layers {
		r, err := layer.Uncompressed()
		must(t, err)
		for _, line := range list(t, r) {
			name, _, _ := strings.Cut(line, " ")
			if gone, ok := strings.CutPrefix(path.Base(name), ".wh."); ok {
				delete(there, path.Join(path.Dir(name), gone))
				continue
			}
			if !strings.HasSuffix(name, "/") {
				delete(there, name+"/")
				maps.DeleteFunc(there, func(other, _ string) bool { return strings.HasPrefix(other, name+"/") })
			}
			delete(there, strings.TrimSuffix(name, "/"))
			there[name] = line
		}
		must(t, r.Close())
	}
	return slices.Sorted(maps.Values(there))
}

func list(t testing.TB, r io.Reader) []string {
	t.Helper()
	var lines []string
	entries := tar.NewReader(r)
	for {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(lines)
			return lines
		}
		must(t, err)
		data, err := io.ReadAll(entries)
		must(t, err)
		line := fmt.Sprintf("%s %o %d:%d", strings.ReplaceAll(h.Name, " ", "_"), h.Mode, h.Uid, h.Gid)
		switch h.Typeflag {
		case tar.TypeSymlink:
			line += " -> " + h.Linkname
		case tar.TypeLink:
			line += " = " + h.Linkname
		case tar.TypeReg:
			line += " " + string(data)
		}
		lines = append(lines, line)
	}
}

// registryHost starts a registry on loopback.
func registryHost(t testing.TB) string {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir()) // nobody's logins
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func push(t testing.TB, ref string, image v1.Image) {
	t.Helper()
	to, err := name.ParseReference(ref)
	must(t, err)
	must(t, remote.Write(to, image))
}

// entry is a file of a layer.
type entry struct {
	name, text string
	kind       byte // a tar.Type…; 0 is a file, or a folder where the name ends with /
	mode       int64
	uid, gid   int
	xattr      string
}

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: e.mode, Uid: e.uid, Gid: e.gid}
		if e.xattr != "" {
			h.PAXRecords = map[string]string{"SCHILY.xattr.user.x": e.xattr}
		}
		switch {
		case e.kind == tar.TypeSymlink || e.kind == tar.TypeLink:
			h.Linkname = e.text
		case e.kind == 0 && strings.HasSuffix(e.name, "/"):
			h.Typeflag = tar.TypeDir
		case e.kind == 0:
			h.Typeflag, h.Size = tar.TypeReg, int64(len(e.text))
		}
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		must(t, w.WriteHeader(h))
		if h.Typeflag == tar.TypeReg {
			_, err := io.WriteString(w, e.text)
			must(t, err)
		}
	}
	must(t, w.Close())
	return out.Bytes()
}

// baseImage makes an image with these layers for a platform.
func baseImage(t testing.TB, platform v1.Platform, change func(*v1.ConfigFile), layers ...[]byte) v1.Image {
	t.Helper()
	image := v1.Image(empty.Image)
	config, err := image.ConfigFile()
	must(t, err)
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = platform.OS, platform.Architecture, platform.Variant
	if change != nil {
		change(config)
	}
	image, err = mutate.ConfigFile(image, config)
	must(t, err)
	for _, data := range layers {
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
		must(t, err)
		image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: v1.History{CreatedBy: "base"}})
		must(t, err)
	}
	return image
}

var amd64 = v1.Platform{OS: "linux", Architecture: "amd64"}

// wantFault says whether err is a fault with this code at this line, whose text
// and hint hold the given parts.
func wantFault(t testing.TB, err error, code string, line int, text, hint string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok {
		t.Fatalf("got %v, want a fault %s", err, code)
	}
	if f.Code != code || f.Line != line || !strings.Contains(f.Error(), text) || !strings.Contains(f.Hint, hint) {
		t.Errorf("got %s line %d: %v\nhint: %s\nwant %s line %d: …%s…\nhint: …%s…", f.Code, f.Line, f, f.Hint, code, line, text, hint)
	}
	if line > 0 && !strings.HasSuffix(f.File, "Dockerfile") {
		t.Errorf("the fault is in file %q, want the Dockerfile", f.File)
	}
}

// errLine is the line of the fault in err, for tests that do not look at it.
func errLine(err error) int {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f.Line
	}
	return 0
}
