package build

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Every mistake that can be seen in the Dockerfile, with its line.
func TestCheck(t *testing.T) {
	tests := map[string]struct {
		dockerfile string
		target     string
		platform   string
		syntax     string // the build argument BUILDKIT_SYNTAX
		want       string // code:line of each mistake
		text, hint string // of the first
	}{
		"good":                      {dockerfile: "# syntax=docker/dockerfile:1.7\nFROM scratch\nCOPY . /\n"},
		"empty":                     {dockerfile: "", want: "E_DOCKERFILE:0", text: "file with no instructions"},
		"no FROM":                   {dockerfile: "ARG A\n", want: "E_DOCKERFILE:0", text: "there is no FROM"},
		"instruction before FROM":   {dockerfile: "\nCOPY . /\n", want: "E_DOCKERFILE:2", text: "no build stage in current context"},
		"unknown instruction":       {dockerfile: "FROM scratch\nCPOY . /\n", want: "E_DOCKERFILE:2", text: "unknown instruction: CPOY (did you mean COPY?)", hint: "https://docs.docker.com"},
		"unknown flag":              {dockerfile: "FROM scratch\nCOPY --no . /\n", want: "E_DOCKERFILE:2", text: "unknown flag: --no"},
		"broken variable":           {dockerfile: "FROM ${A\n", want: "E_DOCKERFILE:1", text: `failed to process "${A"`},
		"broken global argument":    {dockerfile: "ARG A=1\nARG B=${A\nFROM scratch\n", want: "E_DOCKERFILE:2"},
		"base that is not set":      {dockerfile: "ARG A\nFROM $A\n", want: "E_DOCKERFILE:2", text: "FROM $A is empty: A is not set", hint: "pass the build argument"},
		"RUN":                       {dockerfile: "FROM scratch\n\nRUN a \\\n b\nRUN c\n", want: "E_BUILD_RUN:3", text: "cannot RUN", hint: "`builder: buildx`"},
		"RUN in two needed stages":  {dockerfile: "FROM scratch AS a\nRUN a\nFROM a\nRUN b\n", want: "E_BUILD_RUN:2 E_BUILD_RUN:4"},
		"several mistakes":          {dockerfile: "FROM scratch\nADD https://a/b /\nADD git@github.com:a/b /\nRUN c\nCOPY --parents a /\n", want: "E_BUILD_UNSUPPORTED:2 E_BUILD_UNSUPPORTED:3 E_BUILD_RUN:4 E_BUILD_UNSUPPORTED:5", text: "https://a/b", hint: "COPY the file"},
		"another frontend":          {dockerfile: "# syntax=acme/frontend\nFROM scratch\n", want: "E_BUILD_UNSUPPORTED:1", text: "acme/frontend"},
		"another by argument":       {dockerfile: "FROM scratch\n", syntax: "acme/frontend x=y", want: "E_BUILD_UNSUPPORTED:0", text: "not what acme/frontend reads"},
		"the argument wins":         {dockerfile: "# syntax=acme/frontend\nFROM scratch\n", syntax: "docker/dockerfile:1"},
		"a stage in capitals":       {dockerfile: "FROM scratch AS Build\nFROM Build\n", want: "E_DOCKERFILE:2", text: "FROM Build: stages are named in lower case", hint: "write FROM build"},
		"Windows":                   {dockerfile: "FROM scratch\n", platform: "windows/amd64", want: "E_BUILD_UNSUPPORTED:0", text: "windows/amd64"},
		"a platform that is none":   {dockerfile: "FROM scratch\n", platform: "amd64", want: "E_BUILD_PLATFORM:0", text: `"amd64" is not a platform`, hint: "linux/amd64"},
		"a --platform that is none": {dockerfile: "FROM --platform=$X scratch\n", want: "E_BUILD_PLATFORM:1"},
		"no such target":            {dockerfile: "FROM scratch AS a\nFROM scratch\nFROM a AS b\n", target: "c", want: "E_BUILD_TARGET:0", text: `no stage "c"`, hint: "its stages are a, b"},
		"a target without stages":   {dockerfile: "FROM scratch\n", target: "c", want: "E_BUILD_TARGET:0", hint: "FROM … AS c"},
		"--from a variable":         {dockerfile: "FROM scratch\nCOPY --from=$A a /\n", want: "E_DOCKERFILE:2", text: "--from=$A holds a variable"},
		"--from a number too large": {dockerfile: "FROM scratch\nCOPY --from=1 a /\n", want: "E_DOCKERFILE:2", text: "no such stage", hint: "there are 1"},
		"--from itself":             {dockerfile: "FROM scratch AS a\nCOPY --from=a a /\n", want: "E_DOCKERFILE:2", text: "line 1, which is not above"},
		"--from below":              {dockerfile: "FROM scratch\nCOPY --from=b a /\nFROM scratch AS b\n", target: "", want: ""},
		"--from below, needed":      {dockerfile: "FROM scratch AS a\nCOPY --from=b a /\nFROM scratch AS b\n", target: "a", want: "E_DOCKERFILE:2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := Request{Context: folder(t, map[string]string{"Dockerfile": test.dockerfile}), Target: test.target, Platform: test.platform}
			if test.syntax != "" {
				r.Args = map[string]string{"BUILDKIT_SYNTAX": test.syntax}
			}
			err := Native{}.Check(context.Background(), r)
			var got []string
			for _, f := range fault.All(err) {
				got = append(got, f.Code+":"+string(rune('0'+f.Line)))
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Fatalf("(-want +got)\n%s\n%v", diff, err)
			}
			if test.want != "" {
				wantFault(t, err, got[0][:strings.Index(got[0], ":")], errLine(err), test.text, test.hint)
			}
			if test.want == "" {
				return
			}
			r.Layout = filepath.Join(t.TempDir(), "layout")
			if _, buildErr := (Native{}).Build(context.Background(), r); buildErr == nil || buildErr.Error() != err.Error() {
				t.Errorf("Build says %v, Check says %v", buildErr, err)
			}
			if _, err := os.Stat(r.Layout); err == nil {
				t.Error("something was written before the refusal")
			}
		})
	}
}

func TestCheckFiles(t *testing.T) {
	dir := folder(t, map[string]string{"file": "", "docker/web.Dockerfile": "FROM scratch\n", "Containerfile": "FROM scratch\n", "a.Dockerfile.dockerignore": "",
		"node_modules/x/Dockerfile": "", "empty/": "", "folder/Dockerfile/": ""})
	tests := map[string]struct {
		context, dockerfile string
		code, text, hint    string
	}{
		"no context":                    {filepath.Join(dir, "no"), "", "E_BUILD_CONTEXT", "there is no folder", "has the repository been checked out?"},
		"a context that is a file":      {filepath.Join(dir, "file"), "", "E_BUILD_CONTEXT", "is a file", ""},
		"no Dockerfile":                 {dir, "", "E_DOCKERFILE_MISSING", "there is no Dockerfile", "the context has " + dir + "/Containerfile, " + dir + "/docker/web.Dockerfile"},
		"another Dockerfile":            {dir, filepath.Join(dir, "x"), "E_DOCKERFILE_MISSING", "/x\"", "web.Dockerfile"},
		"nothing at all":                {filepath.Join(dir, "empty"), "", "E_DOCKERFILE_MISSING", "there is no Dockerfile", "add a Dockerfile"},
		"a Dockerfile that is a folder": {filepath.Join(dir, "folder"), "", "E_DOCKERFILE_MISSING", "there is no Dockerfile", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, builder := range []Builder{Native{}, Buildx{}} {
				_, err := builder.Build(context.Background(), Request{Context: test.context, Dockerfile: test.dockerfile, Layout: t.TempDir()})
				wantFault(t, err, test.code, 0, test.text, test.hint)
			}
		})
	}
}

// Mistakes that show only when variables are filled in.
func TestInstructionMistakes(t *testing.T) {
	tests := map[string]struct {
		dockerfile string
		code, text string
	}{
		"EXPOSE no number":    {"EXPOSE http", "E_DOCKERFILE", "EXPOSE http is not a port"},
		"EXPOSE too large":    {"EXPOSE 65536", "E_DOCKERFILE", "EXPOSE 65536"},
		"EXPOSE backwards":    {"EXPOSE 9-8", "E_DOCKERFILE", "EXPOSE 9-8"},
		"EXPOSE no protocol":  {"EXPOSE 80/http", "E_DOCKERFILE", "EXPOSE 80/http"},
		"STOPSIGNAL":          {"STOPSIGNAL sig-x", "E_DOCKERFILE", "STOPSIGNAL sig-x"},
		"a variable":          {"ENV A=${B:?needed}", "E_DOCKERFILE", "needed"},
		"a default":           {"ARG A=${B", "E_DOCKERFILE", `failed to process "${B"`},
		"ADD from a variable": {"ARG U=https://a/b\nADD $U /", "E_BUILD_UNSUPPORTED", "https://a/b"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := buildIn(t, folder(t, map[string]string{"Dockerfile": "FROM scratch\n" + test.dockerfile + "\n"}), nil)
			wantFault(t, err, test.code, 2+strings.Count(test.dockerfile, "\n"), test.text, "")
		})
	}
}

func TestPlatforms(t *testing.T) {
	tests := map[string]string{
		"linux/amd64": "linux/amd64", "Linux/x86_64": "linux/amd64", "linux/arm64/v8": "linux/arm64", "linux/aarch64": "linux/arm64",
		"linux/arm": "linux/arm/v7", "linux/arm/6": "linux/arm/v6", "linux/armhf": "linux/arm/v7", "wasi/wasm": "wasi/wasm",
		"": "", "linux": "", "linux/": "", "/amd64": "", "a/b/c/d": "",
	}
	for give, want := range tests {
		got, err := parsePlatform(give)
		if got.String() != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", give, got, err, want)
		}
	}
}

// An error that is no fault of the user's stays what it is.
func TestLayoutCannotBeWritten(t *testing.T) {
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\n", "file": ""})
	_, err := Native{}.Build(context.Background(), Request{Context: dir, Layout: filepath.Join(dir, "file", "x")})
	if _, ok := errors.AsType[*fault.Fault](err); ok || err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("got %v", err)
	}
}
