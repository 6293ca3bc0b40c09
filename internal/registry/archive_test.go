package registry_test

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
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/match"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
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
	one := layer(t, file("a", strings.Repeat("a", 5000)))
	img, err := mutate.AppendLayers(empty.Image, one, layer(t, file("b", "b")), one)
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

// pushArchive pushes the archive of a request, sees that the image can be read back,
// and gives its digest.
func pushArchive(t testing.TB, r registry.PushRequest) ref.Digest {
	t.Helper()
	reg := testkit.NewRegistry(t)
	r.Scratch = t.TempDir()
	r.Repositories, r.Tags = []ref.Repository{repository(t, reg.Host+"/acme/web")}, []registry.Tag{{Name: "main"}}
	pushed, err := newClient().Push(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(r.Scratch); err != nil || len(left) != 0 {
		t.Errorf("it left %v, %v", left, err)
	}
	found, err := newClient().File(t.Context(), image(t, reg.Host+"/acme/web:main"), "/b")
	if err != nil || string(found) != "b" {
		t.Errorf("the file is %q, %v", found, err)
	}
	return pushed[0].Digest
}

func TestPushOfADockerArchive(t *testing.T) {
	plain, _ := ofDocker(t, "acme/web:v1", "acme/web:latest")
	untagged, _ := ofDocker(t)
	several := plain.with("manifest.json", marshal(t, []any{
		savedAs("none.json", []string{"other:v2"}),
		savedAs(plain[len(plain)-2].name, []string{"acme/web:v1"}),
	}))
	var compressed entries
	for _, one := range plain {
		if strings.HasSuffix(one.name, "layer.tar") && one.content != "" {
			one.content = string(zipped(t, []byte(one.content)))
		}
		compressed = append(compressed, one)
	}
	var same ref.Digest
	for name, test := range map[string]struct {
		data       []byte
		want       string
		compressed bool
	}{
		"plain":                {data: plain.write(t)},
		"by tag":               {data: plain.write(t), want: "acme/web:v1"},
		"by its whole name":    {data: plain.write(t), want: "docker.io/acme/web:v1"},
		"by its latest":        {data: plain.write(t), want: "acme/web"},
		"without a tag":        {data: untagged.write(t)},
		"gzip":                 {data: zipped(t, plain.write(t))},
		"one of several":       {data: several.write(t), want: "acme/web:v1"},
		"compressed by podman": {data: compressed.write(t), compressed: true},
	} {
		t.Run(name, func(t *testing.T) {
			digest := pushArchive(t, registry.PushRequest{Archive: onFile(t, test.data), Name: test.want})
			if test.compressed {
				return
			}
			if same == "" {
				same = digest
			}
			if digest != same {
				t.Errorf("the digest is %s, and was %s", digest, same)
			}
		})
	}
}

// What docker save writes since version 25 is both kinds at once.
func TestPushOfAnArchiveOfBothKinds(t *testing.T) {
	_, img := ofDocker(t)
	dir, digest := onDisk(t, img)
	whole := ofLayout(t, dir)
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range layers {
		names = append(names, "blobs/sha256/"+strings.TrimPrefix(string(digestOf(t, l)), "sha256:"))
	}
	both := whole.with("manifest.json", marshal(t, []any{map[string]any{"Config": "blobs/sha256/" + config.Hex, "RepoTags": []string{"acme/web:v1"}, "Layers": names}}))
	hex := strings.TrimPrefix(string(digest), "sha256:")
	plainly, plainDigest := uncompressedLayout(t)
	for name, test := range map[string]struct {
		data entries
		same bool
	}{
		"the layout alone":        {whole, true},
		"both":                    {both, true},
		"the layout is not whole": {both.without("blobs/sha256/" + hex), false},
		"its layers are plain":    {plainly, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := pushArchive(t, registry.PushRequest{Archive: onFile(t, test.data.write(t))})
			if (got == digest) != test.same || got == plainDigest {
				t.Errorf("pushed as %s, the layout has %s", got, digest)
			}
		})
	}
}

// uncompressedLayout is what docker save writes from its own store: layers as they
// are, named by both the layout and manifest.json.
func uncompressedLayout(t testing.TB) (entries, ref.Digest) {
	t.Helper()
	raw := uncompressed(t, layer(t, file("b", "b")))
	img, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), static.NewLayer([]byte(raw), types.OCIUncompressedLayer))
	if err != nil {
		t.Fatal(err)
	}
	dir, digest := onDisk(t, img)
	config, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	list := []any{map[string]any{"Config": "blobs/sha256/" + config.Hex, "Layers": []string{"blobs/sha256/" + digestHex(t, []byte(raw))}}}
	return ofLayout(t, dir).with("manifest.json", marshal(t, list)), digest
}

func TestPushOfAnIndexInAnArchive(t *testing.T) {
	r := platforms(t, 2)
	reg := testkit.NewRegistry(t)
	r.Archive, r.Layout = onFile(t, ofLayout(t, r.Layout).write(t)), ""
	want := r.Digest
	r.Digest, r.Scratch, r.Repositories = "", t.TempDir(), []ref.Repository{repository(t, reg.Host+"/acme/web")}
	if _, err := newClient().Push(t.Context(), r); err != nil || reg.Digest("acme/web", "v0.0.7") != string(want) {
		t.Errorf("the tag is %q, want %s, %v", reg.Digest("acme/web", "v0.0.7"), want, err)
	}
}

func TestBadArchives(t *testing.T) {
	plain, img := ofDocker(t, "acme/web:v1")
	dir, _ := onDisk(t, img)
	oci := ofLayout(t, dir)
	blob := ""
	for _, one := range oci {
		if strings.HasPrefix(one.name, "blobs/") {
			blob = one.name
		}
	}
	several := plain.with("manifest.json", marshal(t, []any{savedAs("a.json", []string{"web:v1", "web:v2"}), savedAs("b.json", nil)}))
	whole := plain.write(t)
	for name, test := range map[string]struct {
		data []byte
		want string
		told string
	}{
		"empty":              {data: nil, told: "no tar"},
		"no tar":             {data: bytes.Repeat([]byte("no tar"), 500), told: "it is no tar"},
		"zstd":               {data: []byte("\x28\xb5\x2f\xfd...."), told: "unzstd"},
		"no gzip":            {data: []byte("\x1f\x8b no gzip at all"), told: "gzip"},
		"an empty tar":       {data: entries{}.write(t), told: "empty tar"},
		"cut off":            {data: whole[:len(whole)/2], told: "cut off"},
		"gzip is cut off":    {data: zipped(t, whole)[:len(zipped(t, whole))-20], told: "cut off"},
		"another tar":        {data: entries{{name: "readme", content: "x"}}.write(t), told: "holds no image"},
		"of an old docker":   {data: entries{{name: "repositories", content: "{}"}}.write(t), told: "before 1.10"},
		"leads out":          {data: entries{{name: "../../x", content: "x"}}.write(t), told: `"../../x" leads out`},
		"leads to the root":  {data: entries{{name: "/etc/x", content: "x"}}.write(t), told: `"/etc/x" leads out`},
		"a link leads out":   {data: entries{{name: "l2/layer.tar", header: tar.Header{Typeflag: tar.TypeSymlink, Linkname: "../../etc/passwd"}}}.write(t), told: "leads out of it"},
		"a link to the root": {data: entries{{name: "l2/layer.tar", header: tar.Header{Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}}}.write(t), told: "leads out of it"},
		"links in circles":   {data: append(plain.without("l0"), entry{name: "l0/layer.tar", header: tar.Header{Typeflag: tar.TypeSymlink, Linkname: "../l2/layer.tar"}}).write(t), told: "in circles"},
		"a link as blob":     {data: append(oci.without(blob), entry{name: blob, header: tar.Header{Typeflag: tar.TypeSymlink, Linkname: "../../oci-layout"}}).write(t), told: "no regular file"},
		"a device":           {data: entries{{name: "dev", header: tar.Header{Typeflag: tar.TypeChar}}}.write(t), told: "no regular file"},
		"twice":              {data: append(plain, plain[1]).write(t), told: "twice"},
		"a damaged blob":     {data: oci.with(blob, "x").write(t), told: "damaged"},
		"a strange blob":     {data: oci.with("blobs/md5/x", "x").write(t), told: "no blob"},
		"a missing blob":     {data: oci.without(blob).write(t), told: "no such file"},
		"a damaged layer":    {data: plain.with("l1/layer.tar", "x").write(t), told: "damaged"},
		"a missing layer":    {data: plain.without("l1").write(t), told: `no "l1/layer.tar"`},
		"a missing config":   {data: plain.without(plain[len(plain)-2].name).write(t), told: "it has no"},
		"no list":            {data: plain.with("manifest.json", "{").write(t), told: "manifest.json"},
		"no images":          {data: plain.with("manifest.json", "[]").write(t), told: "no image in it"},
		"several":            {data: several.write(t), told: "2 images in it, say which: web:v1 = web:v2, b.json"},
		"none of that name":  {data: plain.write(t), want: "acme/api", told: `is called "acme/api"; there are acme/web:v1`},
	} {
		t.Run(name, func(t *testing.T) {
			scratch := t.TempDir()
			_, err := registry.OpenArchive(onFile(t, test.data), scratch, test.want)
			check(t, err, "E_ARCHIVE", test.told, "")
			if left, err := os.ReadDir(scratch); err != nil || len(left) != 0 {
				t.Errorf("it left %v, %v", left, err)
			}
		})
	}
	_, err := registry.OpenArchive(t.TempDir(), t.TempDir(), "")
	check(t, err, "E_ARCHIVE", "it is a folder", "OCI layout")
	_, err = registry.OpenArchive(filepath.Join(t.TempDir(), "none"), t.TempDir(), "")
	check(t, err, "E_ARCHIVE", "no such file", "docker save")
}

func TestDigestOfALayout(t *testing.T) {
	dir, digest := onDisk(t, randomImage(t, 1<<10, 2))
	two := t.TempDir()
	path, err := layout.Write(two, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	first, second := randomImage(t, 100, 1), randomImage(t, 100, 1)
	for tag, img := range map[string]v1.Image{"v1": first, "ghcr.io/acme/web:v2": second} {
		if err := path.AppendImage(img, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag})); err != nil {
			t.Fatal(err)
		}
	}
	index, err := random.Index(100, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	many := t.TempDir()
	if path, err = layout.Write(many, empty.Index); err != nil {
		t.Fatal(err)
	}
	if err := path.ReplaceIndex(index, match.Digests()); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		dir, want string
		digest    ref.Digest
		told      string
	}{
		"the only one":       {dir: dir, digest: digest},
		"by its digest":      {dir: dir, want: string(digest), digest: digest},
		"by its tag":         {dir: two, want: "v1", digest: digestOf(t, first)},
		"by its name":        {dir: two, want: "ghcr.io/acme/web:v2", digest: digestOf(t, second)},
		"an index":           {dir: many, digest: digestOf(t, index)},
		"which of them":      {dir: two, told: "2 images in it, say which: "},
		"none of that name":  {dir: two, want: "v3", told: `is called "v3"`},
		"no layout":          {dir: t.TempDir(), told: "no such file"},
		"no folder":          {dir: filepath.Join(dir, "none"), told: "no such file"},
		"a blob is damaged":  {dir: harmed(t, func(path string) error { return flip(path) }), told: "is damaged"},
		"a blob is cut off":  {dir: harmed(t, func(path string) error { return os.Truncate(path, 10) }), told: "has 10 bytes"},
		"a blob is missing":  {dir: harmed(t, os.Remove), told: "no such file"},
		"a blob is a link":   {dir: harmed(t, linked), told: "no regular file"},
		"index.json is text": {dir: withIndex(t, "hello"), told: "index.json"},
		"nothing in it":      {dir: withIndex(t, `{"schemaVersion":2,"manifests":[]}`), told: "no image in it"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := registry.DigestOf(test.dir, test.want)
			if test.told != "" {
				check(t, err, "E_LAYOUT", test.told, "OCI layout")
				return
			}
			if err != nil || got != test.digest {
				t.Errorf("got %s and %v, want %s", got, err, test.digest)
			}
		})
	}
}

func harmed(t testing.TB, damage func(path string) error) string {
	t.Helper()
	r := broken(t, damage)
	return r.Layout
}

func flip(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	return os.WriteFile(path, data, 0o644)
}

func linked(path string) error {
	if err := os.Rename(path, path+"-away"); err != nil {
		return err
	}
	return os.Symlink(filepath.Base(path)+"-away", path)
}

func withIndex(t testing.TB, content string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.json"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}
