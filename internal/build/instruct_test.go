package build

import (
	"archive/tar"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const pathEnv = "PATH=" + defaultPath

// What each instruction does to the config, as BuildKit does it.
func TestConfig(t *testing.T) {
	tests := map[string]struct {
		dockerfile string
		args       map[string]string
		want       v1.Config
	}{
		"ENV": {
			dockerfile: "ENV A=1 B=\"x $A y\"\nENV C=$A\nENV A=2",
			want:       v1.Config{Env: []string{pathEnv, "A=2", "B=x  y", "C=1"}},
		},
		"ENV of the image wins over what it names": {
			dockerfile: "ENV PATH=/x:$PATH",
			want:       v1.Config{Env: []string{"PATH=/x:" + defaultPath}},
		},
		"ARG is a variable, not part of the image": {
			dockerfile: "ARG A=1 B\nARG C=${A}x\nLABEL a=$A b=$B c=$C d=${D:-none}",
			args:       map[string]string{"B": "given", "D": "not declared"},
			want:       v1.Config{Labels: map[string]string{"a": "1", "b": "given", "c": "1x", "d": "none"}},
		},
		"ENV after ARG wins": {
			dockerfile: "ARG A=1\nENV A=2\nLABEL a=$A",
			args:       map[string]string{"A": "3"},
			want:       v1.Config{Env: []string{pathEnv, "A=2"}, Labels: map[string]string{"a": "2"}},
		},
		"platform arguments": {
			dockerfile: "ARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT\nLABEL p=$TARGETPLATFORM q=$TARGETOS-$TARGETARCH-$TARGETVARIANT",
			want:       v1.Config{Labels: map[string]string{"p": "linux/amd64", "q": "linux-amd64-"}},
		},
		"ENV of a stage wins over its ARG in the stage on it": {
			dockerfile: "ENV A=env\nARG A=arg B=b\nLABEL p=$A\nFROM base\nLABEL c=$A$B",
			want:       v1.Config{Env: []string{pathEnv, "A=env"}, Labels: map[string]string{"p": "arg", "c": "envb"}},
		},
		"WORKDIR": {
			dockerfile: "WORKDIR /a\nWORKDIR b/../c",
			want:       v1.Config{WorkingDir: "/a/c"},
		},
		"USER": {dockerfile: "ARG U=1000\nUSER $U:7", want: v1.Config{User: "1000:7"}},
		"exec form": {
			dockerfile: `ENTRYPOINT ["/app"]` + "\n" + `CMD ["a", "$B"]`,
			want:       v1.Config{Entrypoint: []string{"/app"}, Cmd: []string{"a", "$B"}},
		},
		"shell form": {
			dockerfile: "ENTRYPOINT app -x\nCMD a  b",
			want:       v1.Config{Entrypoint: []string{"/bin/sh", "-c", "app -x"}, Cmd: []string{"/bin/sh", "-c", "a  b"}},
		},
		"SHELL": {
			dockerfile: `SHELL ["/bin/bash", "-ec"]` + "\nCMD a",
			want:       v1.Config{Shell: []string{"/bin/bash", "-ec"}, Cmd: []string{"/bin/bash", "-ec", "a"}},
		},
		"CMD of the same stage stays with ENTRYPOINT": {
			dockerfile: `CMD ["a"]` + "\n" + `ENTRYPOINT ["/b"]`,
			want:       v1.Config{Entrypoint: []string{"/b"}, Cmd: []string{"a"}},
		},
		"CMD of another stage does not": {
			dockerfile: `CMD ["a"]` + "\nFROM base\n" + `ENTRYPOINT ["/b"]`,
			want:       v1.Config{Entrypoint: []string{"/b"}},
		},
		"EXPOSE": {
			dockerfile: "ARG P='80 81/udp'\nEXPOSE $P 9000-9001/TCP",
			want:       v1.Config{ExposedPorts: map[string]struct{}{"80/tcp": {}, "81/udp": {}, "9000/tcp": {}, "9001/tcp": {}}},
		},
		"LABEL": {
			dockerfile: `LABEL a=1 "b c"="d e"` + "\nLABEL a=2",
			want:       v1.Config{Labels: map[string]string{"a": "2", "b c": "d e"}},
		},
		"VOLUME":     {dockerfile: `VOLUME /a /b` + "\n" + `VOLUME ["/c"]`, want: v1.Config{Volumes: map[string]struct{}{"/a": {}, "/b": {}, "/c": {}}}},
		"STOPSIGNAL": {dockerfile: "STOPSIGNAL SIGRTMIN+3", want: v1.Config{StopSignal: "SIGRTMIN+3"}},
		"HEALTHCHECK": {
			dockerfile: `HEALTHCHECK --interval=5s --retries=2 CMD ["/ok"]`,
			want:       v1.Config{Healthcheck: &v1.HealthConfig{Test: []string{"CMD", "/ok"}, Interval: 5 * time.Second, Retries: 2}},
		},
		"HEALTHCHECK NONE": {dockerfile: "HEALTHCHECK NONE", want: v1.Config{Healthcheck: &v1.HealthConfig{Test: []string{"NONE"}}}},
		"ONBUILD is for the next image": {
			dockerfile: "ONBUILD COPY . /x\nONBUILD RUN make",
			want:       v1.Config{OnBuild: []string{"COPY . /x", "RUN make"}},
		},
		"ONBUILD of a stage is carried out in the stage on it": {
			dockerfile: "ONBUILD ENV A=1\nFROM base\nENV B=$A",
			want:       v1.Config{Env: []string{pathEnv, "A=1", "B=1"}},
		},
		"a stage takes over config and variables": {
			dockerfile: "ARG A=1\nENV E=2\nLABEL l=3\nFROM base\nLABEL m=$A$E",
			want:       v1.Config{Env: []string{pathEnv, "E=2"}, Labels: map[string]string{"l": "3", "m": "12"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := mustBuild(t, map[string]string{"Dockerfile": "FROM scratch AS base\n" + test.dockerfile + "\n"}, func(r *Request) { r.Args = test.args })
			if test.want.Env == nil {
				test.want.Env = []string{pathEnv}
			}
			if test.want.WorkingDir == "" {
				test.want.WorkingDir = "/"
			}
			if diff := cmp.Diff(test.want, got.config.Config, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestConfigAround(t *testing.T) {
	got := mustBuild(t, map[string]string{"a": "A", "Dockerfile": "# escape=`\nFROM scratch\nMAINTAINER me\nLABEL a=1 b=2\nCOPY --chown=1:2 `\n a /x/\nWORKDIR /\n"},
		func(r *Request) {
			r.Platform = "linux/arm"
			r.Labels = map[string]string{"b": "over", "org.opencontainers.image.source": "here"}
			r.Created = time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
		})
	created := v1.Time{Time: time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC)}
	entry := func(text string, empty bool) v1.History {
		return v1.History{Created: created, CreatedBy: text, Comment: "tagboat.native", EmptyLayer: empty}
	}
	want := &v1.ConfigFile{
		OS: "linux", Architecture: "arm", Variant: "v7", Author: "me", Created: created,
		Config: v1.Config{Env: []string{pathEnv}, WorkingDir: "/",
			Labels: map[string]string{"a": "1", "b": "over", "org.opencontainers.image.source": "here"}},
		History: []v1.History{
			entry("MAINTAINER me", true), entry("LABEL a=1 b=2", true),
			entry("COPY --chown=1:2 a /x/ # buildkit", false), entry("WORKDIR /", true),
		},
		RootFS: got.config.RootFS,
	}
	if diff := cmp.Diff(want, got.config); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWorkdir(t *testing.T) {
	got := mustBuild(t, map[string]string{"etc/passwd": "app:x:5:6::/:\n", "etc/group": "g:x:9:\n",
		"Dockerfile": "FROM scratch\nCOPY etc /etc\nWORKDIR /a/b\nUSER app\nWORKDIR c\nUSER nobody\nWORKDIR /n\nWORKDIR /n\n" +
			"USER app:nogrp\nWORKDIR /g\nUSER nobody:g\nWORKDIR /o\nUSER root\nWORKDIR /p\n"}, nil)
	want := []string{"a/ 755 0:0", "a/b/ 755 0:0", "a/b/c/ 755 5:6", "etc/ 755 0:0", "etc/group 644 0:0 g:x:9:\n", "etc/passwd 644 0:0 app:x:5:6::/:\n",
		"g/ 755 5:6", "n/ 755 0:0", "o/ 755 0:9", "p/ 755 0:0"}
	if diff := cmp.Diff(want, got.files(t)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got.Layers != 7 || strings.Count(got.log, "warning") != 4 {
		t.Errorf("%d layers, log %s", got.Layers, got.log)
	}
	for _, line := range []string{
		`warning: /n belongs to 0:0: USER nobody: "nobody" is not in the image (/etc/passwd)`,
		`warning: /g belongs to 5:6: USER app:nogrp: "nogrp" is not in the image (/etc/group)`,
		`warning: /o belongs to 0:9: USER nobody:g: "nobody" is not in the image (/etc/passwd)`,
	} {
		if !strings.Contains(got.log, line+"\n") {
			t.Errorf("the log lacks %s\n%s", line, got.log)
		}
	}
}

func TestArgs(t *testing.T) {
	const dockerfile = "ARG BASE=nothing\nARG NAME=${BASE}-x\nFROM ${BASE} AS s\nARG BASE\nARG NAME=other\nLABEL b=$BASE n=$NAME\n"
	got := mustBuild(t, map[string]string{"Dockerfile": dockerfile}, func(r *Request) {
		r.Args = map[string]string{"BASE": "scratch", "UNUSED": "1", "HTTP_PROXY": "p", "TARGETARCH": "x"}
	})
	if diff := cmp.Diff(map[string]string{"b": "scratch", "n": "other"}, got.config.Config.Labels); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !strings.Contains(got.log, "takes the build argument UNUSED\n") || strings.Count(got.log, "warning") != 1 {
		t.Errorf("log: %s", got.log)
	}
}

func TestTarget(t *testing.T) {
	files := map[string]string{"a": "A", "b": "B",
		"Dockerfile": "FROM broken:$NOPE AS unused\nRUN x\nFROM scratch AS One\nCOPY a /\nFROM scratch\nCOPY b /\n"}
	for target, want := range map[string]string{"one": "a 644 0:0 A", "ONE": "a 644 0:0 A", "": "b 644 0:0 B"} {
		got := mustBuild(t, files, func(r *Request) { r.Target = target })
		if diff := cmp.Diff([]string{want}, got.files(t)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", target, diff)
		}
	}
}

// The build argument wins over Request.Created, as with BuildKit.
func TestSourceDateEpoch(t *testing.T) {
	files := map[string]string{"a": "A", "Dockerfile": "FROM scratch\nCOPY a /\n"}
	for arg, want := range map[string]int64{"86400": 86400, "": 1700000000} {
		got := mustBuild(t, files, func(r *Request) {
			r.Created, r.Args = time.Unix(1700000000, 0), map[string]string{"SOURCE_DATE_EPOCH": arg}
		})
		layers, err := got.image.Layers()
		must(t, err)
		data, err := layers[0].Uncompressed()
		must(t, err)
		h, err := tar.NewReader(data).Next()
		must(t, err)
		if got.config.Created.Unix() != want || got.config.History[0].Created.Unix() != want || h.ModTime.Unix() != want {
			t.Errorf("%q: config %v, history %v, file %v, want %d", arg, got.config.Created, got.config.History[0].Created, h.ModTime, want)
		}
		if strings.Contains(got.log, "warning") {
			t.Errorf("log: %s", got.log)
		}
	}
	_, err := buildIn(t, folder(t, files), func(r *Request) { r.Args = map[string]string{"SOURCE_DATE_EPOCH": "today"} })
	wantFault(t, err, "E_INPUT", 0, `the build argument SOURCE_DATE_EPOCH is "today"`, "seconds since 1970")
}
