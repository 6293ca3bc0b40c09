package build

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBaseImages(t *testing.T) {
	cases := map[string]struct {
		dockerfile string
		args       map[string]string
		want       []string
	}{
		"none":     {"FROM scratch\nCOPY a /\n", nil, nil},
		"stages":   {"FROM golang:1.26 AS build\nRUN make\nFROM ghcr.io/acme/base:1@sha256:" + hex64 + "\nCOPY --from=build /a /\nCOPY --from=0 /b /\n", nil, []string{"docker.io/library/golang:1.26", "ghcr.io/acme/base:1@sha256:" + hex64}},
		"copied":   {"FROM scratch\nCOPY --from=quay.io/acme/files:2 / /\nRUN --mount=type=bind,from=harbor.example/base/tools,target=/t true\n", nil, []string{"quay.io/acme/files:2", "harbor.example/base/tools"}},
		"argument": {"ARG BASE=quay.io/acme/a\nFROM ${BASE}:1\n", nil, []string{"quay.io/acme/a:1"}},
		"given":    {"ARG BASE=quay.io/acme/a\nFROM ${BASE}:1\n", map[string]string{"BASE": "quay.io/acme/b"}, []string{"quay.io/acme/b:1"}},
		"frontend": {"# syntax=harbor.example/docker/dockerfile:1\nFROM scratch\n", nil, []string{"harbor.example/docker/dockerfile:1"}},
		"unset":    {"FROM $NOTHING\n", nil, nil},
		"broken":   {"FROM quay.io/acme/a\nNO\n", nil, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, map[string]string{"Dockerfile": c.dockerfile})
			var got []string
			for _, image := range BaseImages(Request{Context: dir, Args: c.args}) {
				got = append(got, image.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

const hex64 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// What will not be pulled is told before anything is built; an unneeded stage, and a
// registry that cannot be asked, are no reason to stop.
func TestCheckBases(t *testing.T) {
	host := registryHost(t)
	push(t, host+"/base", baseImage(t, amd64, nil))
	denies := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer denies.Close()
	closed := strings.TrimPrefix(denies.URL, "http://")
	cases := map[string]struct {
		dockerfile string
		line       int
		hint       string
	}{
		"there":       {"FROM " + host + "/base\n", 0, ""},
		"none":        {"FROM scratch\n", 0, ""},
		"unneeded":    {"FROM " + host + "/no AS other\nFROM scratch\n", 0, ""},
		"missing":     {"FROM scratch AS a\nFROM " + host + "/no\nCOPY --from=a / /\n", 2, "whether the name and the tag are right"},
		"denied":      {"FROM " + closed + "/private\n", 1, "`docker login "},
		"unreachable": {"FROM 127.0.0.1:1/x\n", 0, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := Native{}.CheckBases(t.Context(), Request{Context: folder(t, map[string]string{"Dockerfile": c.dockerfile})})
			if c.line == 0 {
				must(t, err)
				return
			}
			wantFault(t, err, "E_BASE_IMAGE", c.line, "base image", c.hint)
		})
	}
}
