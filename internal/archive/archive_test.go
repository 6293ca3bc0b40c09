package archive_test

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/seed-96940006/tagboat/internal/archive"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/testkit/sample"
)

// opened opens an archive, sees that the image is whole and has the files of all its
// layers, and gives its digest.
func opened(t testing.TB, data []byte, want string) ref.Digest {
	t.Helper()
	made, err := archive.Open(t.Context(), onFile(t, data), t.TempDir(), want)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	index, err := layout.ImageIndexFromPath(made.Layout)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	hash, err := v1.NewHash(string(made.Digest))
	if err != nil {
		t.Fatal(err)
	}
	img, err := index.Image(hash)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	flat := mutate.Extract(img)
	defer flat.Close()
	for files := tar.NewReader(flat); ; {
		file, err := files.Next()
		if err != nil {
			break
		}
		names[file.Name] = true
	}
	if !names["b"] {
		t.Errorf("the image has the files %v, without b", names)
	}
	return made.Digest
}

func TestOpenWhatDockerSaved(t *testing.T) {
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
			digest := opened(t, test.data, test.want)
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
func TestOpenAnArchiveOfBothKinds(t *testing.T) {
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
			got := opened(t, test.data.write(t), "")
			if (got == digest) != test.same || got == plainDigest {
				t.Errorf("it is %s, the layout has %s", got, digest)
			}
		})
	}
}

// uncompressedLayout is what docker save writes from its own store: layers as they
// are, named by both the layout and manifest.json.
func uncompressedLayout(t testing.TB) (entries, ref.Digest) {
	t.Helper()
	raw := uncompressed(t, layer(t, "b", "b"))
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

// An index comes with its children, and each is what it was.
func TestOpenAnIndexInAnArchive(t *testing.T) {
	dir, digest := onDisk(t, sample.Index(t, 100, 1, 2))
	made, err := archive.Open(t.Context(), onFile(t, ofLayout(t, dir).write(t)), t.TempDir(), "")
	if err != nil || made.Digest != digest {
		t.Fatalf("got %s and %v, want %s", made.Digest, err, digest)
	}
	if err := made.Verify(t.Context()); err != nil {
		t.Error(err)
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
			_, err := archive.Open(t.Context(), onFile(t, test.data), scratch, test.want)
			check(t, err, "E_ARCHIVE", test.told, "")
			if left, err := os.ReadDir(scratch); err != nil || len(left) != 0 {
				t.Errorf("it left %v, %v", left, err)
			}
		})
	}
	_, err := archive.Open(t.Context(), t.TempDir(), t.TempDir(), "")
	check(t, err, "E_ARCHIVE", "it is a folder", "OCI layout")
	_, err = archive.Open(t.Context(), filepath.Join(t.TempDir(), "none"), t.TempDir(), "")
	check(t, err, "E_ARCHIVE", "no such file", "docker save")
}
