package build

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"
)

func TestBase(t *testing.T) {
	host := registryHost(t)
	push(t, host+"/base:1", baseImage(t, amd64, func(c *v1.ConfigFile) {
		c.Config = v1.Config{Env: []string{"A=1", "PATH=/p"}, WorkingDir: "/w", User: "app", Cmd: []string{"old"},
			Labels: map[string]string{"org.opencontainers.image.source": "theirs", "k": "v"}}
	}, archive(t, entry{name: "etc/"}, entry{name: "etc/passwd", text: "app:x:5:6::/:\n"}, entry{name: "usr/bin/", mode: 0o711}, entry{name: "bin", text: "usr/bin", kind: tar.TypeSymlink})))
	got := mustBuild(t, map[string]string{"a": "A", "Dockerfile": "ARG HOST\nFROM $HOST/base:1\nCOPY a /bin/a\nCOPY --chown=app a .\nENTRYPOINT [\"x\"]\n"}, func(r *Request) {
		r.Args = map[string]string{"HOST": host}
		r.Labels = map[string]string{"org.opencontainers.image.source": "ours"}
	})
	want := v1.Config{Env: []string{"A=1", "PATH=/p"}, WorkingDir: "/w", User: "app", Entrypoint: []string{"x"},
		Labels: map[string]string{"org.opencontainers.image.source": "ours", "k": "v"}}
	if diff := cmp.Diff(want, got.config.Config); diff != "" {
		t.Errorf("config (-want +got)\n%s", diff)
	}
	files := []string{"bin 755 0:0 -> usr/bin", "etc/ 755 0:0", "etc/passwd 755 0:0 app:x:5:6::/:\n", "usr/bin/ 711 0:0", "usr/bin/a 644 0:0 A", "w/ 755 5:6", "w/a 644 5:6 A"}
	if diff := cmp.Diff(files, got.files(t)); diff != "" {
		t.Errorf("files (-want +got)\n%s", diff)
	}
	if !strings.Contains(got.log, "base image "+host+"/base:1@sha256:") {
		t.Errorf("log: %s", got.log)
	}
}

// The layers of an image are one file system: whiteouts hide what is below,
// wherever they stand in their layer.
func TestWhiteouts(t *testing.T) {
	host := registryHost(t)
	lower := archive(t, entry{name: "d/"}, entry{name: "d/a", text: "a"}, entry{name: "d/b", text: "b"}, entry{name: "d/e/f", text: "f"},
		entry{name: "o/x", text: "x"}, entry{name: "o/y/z", text: "z"}, entry{name: "gone/way", text: "g"}, entry{name: "file", text: "old"}, entry{name: "both", text: "1"})
	upper := archive(t, entry{name: "d/.wh.a"}, entry{name: "d/.wh.e"}, entry{name: "o/new", text: "n"}, entry{name: "o/.wh..wh..opq"},
		entry{name: ".wh.gone"}, entry{name: "file/now", text: "folder"}, entry{name: "both", text: "2"}, entry{name: ".wh.both"}, entry{name: ".wh.never"})
	push(t, host+"/b", baseImage(t, amd64, nil, lower, upper))
	got := mustBuild(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY --from=" + host + "/b / /\n"}, nil)
	want := []string{"both 755 0:0 2", "d/ 755 0:0", "d/b 755 0:0 b", "file/ 755 0:0", "file/now 755 0:0 folder", "o/ 755 0:0", "o/new 755 0:0 n"}
	if diff := cmp.Diff(want, got.files(t)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Hard links, devices, owners, modes and attributes come along.
func TestCopyFromImage(t *testing.T) {
	host := registryHost(t)
	push(t, host+"/b", baseImage(t, amd64, nil, archive(t, entry{name: "bin/b", text: "busybox", mode: 0o4755, uid: 1, gid: 2, xattr: "cap"},
		entry{name: "bin/ls", text: "bin/b", kind: tar.TypeLink}, entry{name: "bin/a", text: "bin/ls", kind: tar.TypeLink}, entry{name: "bin/p", kind: tar.TypeFifo, mode: 0o600})))
	got := mustBuild(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY --from=" + host + "/b /bin /x/\nCOPY --from=" + host + "/b /bin/ls /\n"}, nil)
	want := []string{"ls 4755 1:2 busybox", "x/ 755 0:0", "x/a 4755 1:2 busybox", "x/b 4755 1:2 = x/a", "x/ls 4755 1:2 = x/a", "x/p 600 0:0"}
	if diff := cmp.Diff(want, got.files(t)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	layers, err := got.image.Layers()
	must(t, err)
	r, err := layers[1].Uncompressed()
	must(t, err)
	h, err := tar.NewReader(r).Next()
	must(t, err)
	if h.PAXRecords["SCHILY.xattr.user.x"] != "cap" {
		t.Errorf("the attribute is gone: %v", h.PAXRecords)
	}
}

func TestBasePlatforms(t *testing.T) {
	host := registryHost(t)
	arm := func(variant string) v1.Platform {
		return v1.Platform{OS: "linux", Architecture: "arm", Variant: variant}
	}
	index := v1.ImageIndex(empty.Index)
	for _, p := range []v1.Platform{{OS: "unknown", Architecture: "unknown"}, amd64, {OS: "linux", Architecture: "arm64", Variant: "v8"}, arm("v6"), {OS: "windows", Architecture: "amd64"}} {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: baseImage(t, p, nil, archive(t, entry{name: p.Architecture + p.Variant})), Descriptor: v1.Descriptor{Platform: &p}})
	}
	to, err := name.ParseReference(host + "/index")
	must(t, err)
	must(t, remote.WriteIndex(to, index))
	push(t, host+"/single", baseImage(t, v1.Platform{OS: "linux", Architecture: "arm64"}, nil, archive(t, entry{name: "single"})))
	push(t, host+"/silent", baseImage(t, v1.Platform{}, nil, archive(t, entry{name: "silent"})))
	tests := map[string]struct {
		from, platform string
		want           string // the one file
		arch           string // of the image
		fails          string
	}{
		"amd64":                       {from: "index", platform: "linux/amd64", want: "amd64", arch: "linux/amd64"},
		"arm64 is arm64/v8":           {from: "index", platform: "linux/arm64", want: "arm64v8", arch: "linux/arm64"},
		"other names":                 {from: "index", platform: "linux/aarch64", want: "arm64v8", arch: "linux/arm64"},
		"v7 can do what v6 can":       {from: "index", platform: "linux/arm/v7", want: "armv6", arch: "linux/arm/v7"},
		"v5 cannot":                   {from: "index", platform: "linux/arm/v5", fails: "has no image for linux/arm/v5"},
		"not there":                   {from: "index", platform: "linux/s390x", fails: "has no image for linux/s390x"},
		"--platform":                  {from: "--platform=linux/arm64 index", platform: "linux/amd64", want: "arm64v8", arch: "linux/amd64"},
		"--platform by argument":      {from: "--platform=$TARGETPLATFORM index", platform: "linux/arm64", want: "arm64v8", arch: "linux/arm64"},
		"an image for another":        {from: "single", platform: "linux/amd64", fails: "is an image for linux/arm64, not for linux/amd64"},
		"an image for another, meant": {from: "--platform=linux/arm64 single", platform: "linux/amd64", want: "single", arch: "linux/amd64"},
		"an image that does not say":  {from: "silent", platform: "linux/amd64", want: "silent", arch: "linux/amd64"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			from := strings.Replace(" "+test.from, " ", " "+host+"/", 1)
			if flag, image, ok := strings.Cut(test.from, " "); ok {
				from = " " + flag + " " + host + "/" + image
			}
			got, err := buildIn(t, folder(t, map[string]string{"Dockerfile": "FROM" + from + "\n"}), func(r *Request) { r.Platform = test.platform })
			if test.fails != "" {
				wantFault(t, err, "E_BASE_IMAGE", 1, test.fails, "linux/a")
				return
			}
			must(t, err)
			if files := got.files(t); len(files) != 1 || !strings.HasPrefix(files[0], test.want+" ") || got.config.Platform().String() != test.arch {
				t.Errorf("got %v for %s, want %s for %s", files, got.config.Platform(), test.want, test.arch)
			}
		})
	}
}

// What a base image holds is taken as it is: Docker's media types get their OCI
// names, zstd stays zstd, a missing history is filled up.
func TestBaseKinds(t *testing.T) {
	host := registryHost(t)
	data := archive(t, entry{name: "bin/a", text: "A"})
	var packed bytes.Buffer
	z, err := zstd.NewWriter(&packed)
	must(t, err)
	_, err = z.Write(data)
	must(t, errors.Join(err, z.Close()))
	sum, _, err := v1.SHA256(bytes.NewReader(data))
	must(t, err)
	image, err := mutate.Append(mutate.MediaType(empty.Image, types.OCIManifestSchema1), mutate.Addendum{Layer: zstdLayer{static.NewLayer(packed.Bytes(), types.OCILayerZStd), sum}})
	must(t, err)
	config, err := image.ConfigFile()
	must(t, err)
	config = config.DeepCopy()
	config.History = nil
	image, err = mutate.ConfigFile(image, config)
	must(t, err)
	push(t, host+"/zstd", image)
	push(t, host+"/docker", mutate.MediaType(baseImage(t, amd64, nil, data), types.DockerManifestSchema2))
	for name, kind := range map[string]types.MediaType{"zstd": types.OCILayerZStd, "docker": types.OCILayer} {
		got := mustBuild(t, map[string]string{"b": "B", "Dockerfile": "FROM " + host + "/" + name + "\nCOPY b /bin/\nCOPY --from=" + host + "/" + name + " /bin/a /c\n"}, nil)
		if diff := cmp.Diff([]string{"bin/a 755 0:0 A", "bin/b 644 0:0 B", "c 755 0:0 A"}, got.files(t)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		manifest, err := got.image.Manifest()
		must(t, err)
		if manifest.MediaType != types.OCIManifestSchema1 || manifest.Layers[0].MediaType != kind {
			t.Errorf("%s: manifest %s, layer %s", name, manifest.MediaType, manifest.Layers[0].MediaType)
		}
	}
}

type zstdLayer struct {
	v1.Layer
	diffID v1.Hash
}

func (z zstdLayer) DiffID() (v1.Hash, error) { return z.diffID, nil }

func TestOnbuildOfBase(t *testing.T) {
	host := registryHost(t)
	onbuild := func(lines ...string) func(*v1.ConfigFile) {
		return func(c *v1.ConfigFile) { c.Config.OnBuild = lines }
	}
	push(t, host+"/copies", baseImage(t, amd64, onbuild("COPY a /x/", "LABEL l=1", "COPY --from=tool /t /t")))
	push(t, host+"/runs", baseImage(t, amd64, onbuild("RUN make")))
	push(t, host+"/broken", baseImage(t, amd64, onbuild("NO")))
	files := map[string]string{"a": "A", "Dockerfile": "FROM scratch AS tool\nCOPY a /t\nFROM " + host + "/copies\nCOPY a /b\n"}
	got := mustBuild(t, files, nil)
	if diff := cmp.Diff([]string{"b 644 0:0 A", "t 644 0:0 A", "x/ 755 0:0", "x/a 644 0:0 A"}, got.files(t)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got.config.Config.Labels["l"] != "1" || got.config.Config.OnBuild != nil {
		t.Errorf("config %+v", got.config.Config)
	}
	files["Dockerfile"] = "FROM " + host + "/runs\n"
	_, err := buildIn(t, folder(t, files), nil)
	wantFault(t, err, "E_BUILD_RUN", 1, "the base image's ONBUILD RUN make: the native builder runs no programs", "buildx")
	files["Dockerfile"] = "FROM " + host + "/broken\n"
	_, err = buildIn(t, folder(t, files), nil)
	wantFault(t, err, "E_DOCKERFILE", 1, "ONBUILD NO: unknown instruction: NO", "")
}

func TestBaseMistakes(t *testing.T) {
	host := registryHost(t)
	status := http.StatusOK
	answers := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			w.WriteHeader(status)
		}
	}))
	defer answers.Close()
	says := strings.TrimPrefix(answers.URL, "http://")
	image := baseImage(t, amd64, nil, archive(t, entry{name: "a"}))
	config, err := image.ConfigFile()
	must(t, err)
	config = config.DeepCopy()
	config.RootFS.DiffIDs = nil
	short, err := mutate.ConfigFile(image, config)
	must(t, err)
	push(t, host+"/short", short)
	odd, err := mutate.AppendLayers(empty.Image, static.NewLayer([]byte("x"), "application/x-odd"))
	must(t, err)
	push(t, host+"/odd", odd)
	tests := map[string]struct {
		dockerfile string
		status     int
		line       int
		text, hint string
	}{
		"unknown":             {dockerfile: "FROM " + host + "/no:1", line: 1, text: "base image " + host + "/no:1: ", hint: "whether the name and the tag are right"},
		"unknown, in COPY":    {dockerfile: "FROM scratch\nCOPY --from=" + host + "/no:1 / /", line: 2, text: "/no:1", hint: "whether the name"},
		"a name that is none": {dockerfile: "FROM No:1", line: 1, text: "lower case", hint: "neither a stage above nor the name of an image"},
		"not allowed":         {dockerfile: "FROM " + says + "/x", status: 401, line: 1, text: "401", hint: "log in to " + says},
		"forbidden":           {dockerfile: "FROM " + says + "/x", status: 403, line: 1, text: "403", hint: "log in to " + says},
		"too few layers":      {dockerfile: "FROM " + host + "/short", line: 1, text: "base image " + host + "/short: its manifest has 1 layers, its config 0", hint: "push the image anew"},
		"an odd layer":        {dockerfile: "FROM " + host + "/odd", line: 1, text: "its layer 1 is of the kind application/x-odd", hint: "push the image anew"},
		"unreachable":         {dockerfile: "FROM 127.0.0.1:1/x", line: 1, text: "refused", hint: "see whether 127.0.0.1:1 can be reached"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status = test.status
			_, err := buildIn(t, folder(t, map[string]string{"Dockerfile": test.dockerfile + "\n"}), nil)
			wantFault(t, err, "E_BASE_IMAGE", test.line, test.text, test.hint)
		})
	}
}

// recorder notes the paths that are asked for.
type recorder struct {
	mu    sync.Mutex
	paths []string
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.paths = append(r.paths, request.URL.Path)
	return http.DefaultTransport.RoundTrip(request)
}

// A second build into the same folder fetches no layer again and leaves only the
// new image.
func TestLayoutAgain(t *testing.T) {
	host := registryHost(t)
	push(t, host+"/b", baseImage(t, amd64, nil, archive(t, entry{name: "a", text: strings.Repeat("x", 1000)})))
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch AS other\nCOPY f /\nFROM " + host + "/b\nCOPY --from=other f /g\n", "f": "1"})
	r := Request{Context: dir, Layout: filepath.Join(t.TempDir(), "l"), Platform: "linux/amd64"}
	wire := &recorder{}
	first, err := Native{Reach: by(wire)}.Build(context.Background(), r)
	must(t, err)
	if !strings.Contains(strings.Join(wire.paths, "\n"), "/v2/b/blobs/") {
		t.Fatalf("the layer was not fetched: %v", wire.paths)
	}
	must(t, os.WriteFile(filepath.Join(dir, "f"), []byte("2"), 0o600))
	wire.paths = nil
	second, err := Native{Reach: by(wire)}.Build(context.Background(), r)
	must(t, err)
	if first.Digest == second.Digest {
		t.Error("the image is the old one")
	}
	blobs := 0
	for _, p := range wire.paths {
		if strings.Contains(p, "/blobs/") {
			blobs++
		}
	}
	if blobs != 1 { // the config
		t.Errorf("asked for %v", wire.paths)
	}
	read(t, second, "")
	left, err := filepath.Glob(filepath.Join(r.Layout, "blobs", "sha256", "*"))
	must(t, err)
	if len(left) != 4 { // two layers, config, manifest
		t.Errorf("blobs: %v", left)
	}
}

// by reaches every registry by one network.
func by(network http.RoundTripper) func(host string) http.RoundTripper {
	return func(string) http.RoundTripper { return network }
}
