package build

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// What shows only when a build is on its way: auto has promised buildx.
func TestFallback(t *testing.T) {
	host := registryHost(t)
	arm64 := v1.Platform{OS: "linux", Architecture: "arm64"}
	push(t, host+"/runs", baseImage(t, arm64, func(c *v1.ConfigFile) { c.Config.OnBuild = []string{"RUN make"} }))
	tests := map[string]struct {
		dockerfile string
		way        string
		name       string // of the builder afterwards
		log        string
		codes      string
	}{
		"nothing to fall back from":      {dockerfile: "FROM scratch\nCOPY f.tar /\n", way: "no buildx", name: "native"},
		"ADD from a variable":            {dockerfile: "FROM scratch\nARG U=https://a/b\nADD $U /x\n", name: "buildx", log: "Dockerfile:3: the native builder does not ADD from the network: https://a/b; docker buildx builds it anew\n"},
		"an archive packed with xz":      {dockerfile: "FROM scratch\nADD x.tar.xz /\n", name: "buildx", log: "it is packed with xz"},
		"RUN that the base brings along": {dockerfile: "FROM " + host + "/runs\n", name: "buildx", log: "ONBUILD RUN make"},
		"a mistake is one for both":      {dockerfile: "FROM scratch\nCOPY no /\n", codes: "E_BUILD_COPY"},
		"no buildx":                      {dockerfile: "FROM scratch\nADD x.tar.xz /\n", way: "no buildx", codes: "E_BUILD_UNSUPPORTED E_BUILDX_MISSING"},
		"buildx fails":                   {dockerfile: "FROM scratch\nADD x.tar.xz /\n", way: "broken", codes: "E_BUILD_FAILED"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			useDocker(t, test.way)
			var log bytes.Buffer
			dir := folder(t, map[string]string{"Dockerfile": test.dockerfile, "x.tar.xz": "\xfd7zXZ\x00", "f.tar": "F"})
			r := Request{Context: dir, Layout: filepath.Join(t.TempDir(), "l"), Platform: "linux/arm64", Log: &log}
			builder, _, err := Pick(t.Context(), "auto", r, Native{}, Buildx{})
			must(t, err)
			if builder.Name() != "native" {
				t.Errorf("begins with %s", builder.Name())
			}
			made, err := builder.Build(t.Context(), r)
			if test.codes != "" {
				var codes []string
				for _, f := range fault.All(err) {
					codes = append(codes, f.Code)
				}
				if got := strings.Join(codes, " "); got != test.codes {
					t.Errorf("got %s, want %s: %v", got, test.codes, err)
				}
				return
			}
			must(t, err)
			read(t, made, "")
			if builder.Name() != test.name || !strings.Contains(log.String(), test.log) {
				t.Errorf("built by %s, log %s", builder.Name(), log.String())
			}
		})
	}
}
