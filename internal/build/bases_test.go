package build

import (
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
		"stages":   {"FROM golang:1.26 AS build\nRUN make\nFROM ghcr.io/acme/base:1@sha256:" + hex64 + "\nCOPY --from=build /a /\nCOPY --from=0 /b /\n", nil, []string{"docker.io/library/golang", "ghcr.io/acme/base"}},
		"copied":   {"FROM scratch\nCOPY --from=quay.io/acme/files:2 / /\nRUN --mount=type=bind,from=harbor.example/base/tools,target=/t true\n", nil, []string{"quay.io/acme/files", "harbor.example/base/tools"}},
		"argument": {"ARG BASE=quay.io/acme/a\nFROM ${BASE}:1\n", nil, []string{"quay.io/acme/a"}},
		"given":    {"ARG BASE=quay.io/acme/a\nFROM ${BASE}:1\n", map[string]string{"BASE": "quay.io/acme/b"}, []string{"quay.io/acme/b"}},
		"frontend": {"# syntax=harbor.example/docker/dockerfile:1\nFROM scratch\n", nil, []string{"harbor.example/docker/dockerfile"}},
		"unset":    {"FROM $NOTHING\n", nil, nil},
		"broken":   {"FROM quay.io/acme/a\nNO\n", nil, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, map[string]string{"Dockerfile": c.dockerfile})
			var got []string
			for _, repository := range BaseImages(Request{Context: dir, Args: c.args}) {
				got = append(got, repository.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

const hex64 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
