package build

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBuildx(t *testing.T) {
	tests := map[string]struct {
		way    string
		output []string
	}{
		"a driver that writes OCI":        {"docker-container", []string{"--output", "type=oci,tar=false,rewrite-timestamp=true,"}},
		"an image in an index":            {"index", []string{"--output", "type=oci,tar=false,rewrite-timestamp=true,"}},
		"the docker driver, which cannot": {"docker driver", []string{"--load", "--tag", "tagboat-build:"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			calls := useDocker(t, test.way)
			dir := folder(t, map[string]string{"Dockerfile": "FROM scratch AS app\nRUN true\n"})
			var log bytes.Buffer
			r := Request{Context: dir, Target: "app", Platform: "linux/arm64", Layout: filepath.Join(dir, "out"), Log: &log,
				Args: map[string]string{"B": "2", "A": "1 x"}, Labels: map[string]string{"l": "v"}, Created: time.Unix(1700000000, 5)}
			made, err := Buildx{}.Build(context.Background(), r)
			must(t, err)
			got := read(t, made, log.String())
			if got.config.Architecture != "arm64" || got.Layers != 2 || !strings.Contains(got.log, "#1 building") {
				t.Errorf("got %+v, log %q", got.config, got.log)
			}
			var args []string
			data, err := os.ReadFile(calls)
			must(t, err)
			must(t, json.Unmarshal(data, &args))
			last := 4 + len(test.output) // holds a temporary folder, or a name by chance
			args[last], _, _ = strings.Cut(args[last], "dest=")
			if name, _, ok := strings.Cut(args[last], ":"); ok {
				args[last] = name + ":"
			}
			want := []string{"--file", filepath.Join(dir, "Dockerfile"), "--provenance=false", "--sbom=false", "--progress=plain"}
			want = append(append(want, test.output...), "--platform", "linux/arm64", "--target", "app",
				"--build-arg", "A=1 x", "--build-arg", "B=2", "--label", "l=v", dir, "SOURCE_DATE_EPOCH=1700000000")
			if _, err := os.Stat(calls + ".tar"); !os.IsNotExist(err) {
				t.Errorf("the image stays in the daemon's store: %v", err)
			}
			if diff := cmp.Diff(want, args); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			left, err := filepath.Glob(filepath.Join(r.Layout, ".*"))
			must(t, err)
			if len(left) > 0 {
				t.Errorf("temporary files stay: %v", left)
			}
		})
	}
}

// Every call of docker that builds has the logins: to pull base images, and to find
// the builder.
func TestBuildxWithLogins(t *testing.T) {
	for _, way := range []string{"docker-container", "docker driver"} {
		useDocker(t, way)
		config := t.TempDir()
		t.Setenv("FAKE_DOCKER_CONFIG", config)
		logins := func(context.Context) (string, error) { return config, nil }
		dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\nRUN true\n"})
		if _, err := (Buildx{Logins: logins}).Build(t.Context(), Request{Context: dir, Layout: t.TempDir()}); err != nil {
			t.Errorf("%s: %v", way, err)
		}
	}
}

func TestBuildxMistakes(t *testing.T) {
	tests := map[string]struct {
		way        string
		code       string
		line       int
		text, hint string
	}{
		"no buildx":       {"no buildx", "E_BUILDX_MISSING", 0, "docker buildx is not here", "docker/setup-buildx-action"},
		"no daemon":       {"no daemon", "E_BUILD_FAILED", 0, "Cannot connect to the Docker daemon", "docker buildx inspect"},
		"a broken build":  {"broken", "E_BUILD_FAILED", 7, "exit code 1:\n#5 [2/2] RUN false", "in the log above"},
		"no output":       {"nothing", "E_BUILD_FAILED", 0, "left no usable image", "update docker buildx"},
		"a damaged layer": {"damaged", "E_BUILD_FAILED", 0, "left no usable image", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			useDocker(t, test.way)
			dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\n"})
			r := Request{Context: dir, Layout: filepath.Join(dir, "out"), Platform: "linux/arm64"}
			_, err := Buildx{}.Build(context.Background(), r)
			wantFault(t, err, test.code, test.line, test.text, test.hint)
			if _, err := os.Stat(filepath.Join(r.Layout, "index.json")); err == nil {
				t.Error("a failed build left an index")
			}
		})
	}
	t.Run("no docker", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		err := Buildx{}.Check(context.Background(), Request{Context: folder(t, map[string]string{"Dockerfile": "FROM scratch\n"})})
		wantFault(t, err, "E_BUILDX_MISSING", 0, `no program "docker"`, "`builder: native`")
	})
}

func TestBuildxCheck(t *testing.T) {
	tests := map[string]struct {
		dockerfile string
		target     string
		platform   string
		code       string
		line       int
	}{
		"good":                          {dockerfile: "FROM x\nRUN y\n", target: "", platform: "linux/amd64"},
		"no such target":                {dockerfile: "FROM x\n", target: "y", code: "E_BUILD_TARGET"},
		"does not parse":                {dockerfile: "FROM x\nNO\n", code: "E_DOCKERFILE", line: 2},
		"a frontend that may know more": {dockerfile: "# syntax=docker/dockerfile:2-labs\nFROM x\nNO\n"},
		"a platform that is none":       {dockerfile: "FROM x\n", platform: "amd64", code: "E_BUILD_PLATFORM"},
		"no Dockerfile":                 {code: "E_DOCKERFILE_MISSING"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			useDocker(t, "docker-container")
			files := map[string]string{"a": ""}
			if test.dockerfile != "" {
				files["Dockerfile"] = test.dockerfile
			}
			err := Buildx{}.Check(context.Background(), Request{Context: folder(t, files), Target: test.target, Platform: test.platform})
			if test.code == "" {
				must(t, err)
				return
			}
			wantFault(t, err, test.code, test.line, "", "")
		})
	}
}
