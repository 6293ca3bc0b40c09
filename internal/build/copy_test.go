package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The semantics are those of https://docs.docker.com/reference/dockerfile/#copy
// and, where that is silent, of BuildKit's fsutil/copy.
func TestCopy(t *testing.T) {
	tests := map[string]struct {
		files      map[string]string
		dockerfile string
		want       []string
	}{
		"file to a file": {
			files:      map[string]string{"a": "A"},
			dockerfile: "COPY a /b",
			want:       []string{"b 644 0:0 A"},
		},
		"file to a folder that a slash announces": {
			files:      map[string]string{"a": "A"},
			dockerfile: "COPY a /d/",
			want:       []string{"d/ 755 0:0", "d/a 644 0:0 A"},
		},
		"file to a folder that is there": {
			files:      map[string]string{"a": "A", "b": "B"},
			dockerfile: "COPY a /d/\nCOPY b /d",
			want:       []string{"d/ 755 0:0", "d/a 644 0:0 A", "d/b 644 0:0 B"},
		},
		"file to a path whose folders are missing": {
			files:      map[string]string{"a": "A"},
			dockerfile: "COPY a /x/y/z",
			want:       []string{"x/ 755 0:0", "x/y/ 755 0:0", "x/y/z 644 0:0 A"},
		},
		"a folder's content, not the folder": {
			files:      map[string]string{"d/a": "A", "d/e/b": "B"},
			dockerfile: "COPY d /x",
			want:       []string{"x/ 755 0:0", "x/a 644 0:0 A", "x/e/ 755 0:0", "x/e/b 644 0:0 B"},
		},
		"several sources": {
			files:      map[string]string{"a": "A", "d/b": "B"},
			dockerfile: "COPY a d /x/",
			want:       []string{"x/ 755 0:0", "x/a 644 0:0 A", "x/b 644 0:0 B"},
		},
		"the JSON form, for names with spaces": {
			files:      map[string]string{"a b": "A"},
			dockerfile: `COPY ["a b", "/x y"]`,
			want:       []string{"x_y 644 0:0 A"},
		},
		"the source's leading slash is the context": {
			files:      map[string]string{"d/a": "A"},
			dockerfile: "COPY /d/a d/../d/a /",
			want:       []string{"a 644 0:0 A"},
		},
		"destination in the working folder": {
			files:      map[string]string{"a": "A"},
			dockerfile: "WORKDIR /w\nCOPY a .\nCOPY a ./b\nCOPY a ../c",
			want:       []string{"c 644 0:0 A", "w/ 755 0:0", "w/a 644 0:0 A", "w/b 644 0:0 A"},
		},
		"wildcards": {
			files:      map[string]string{"a.go": "A", "b.go": "B", "c.md": "C", "d/e.go": "E"},
			dockerfile: "COPY *.go ?.md [d]/e* /x/\nCOPY nothing* /y/",
			want:       []string{"x/ 755 0:0", "x/a.go 644 0:0 A", "x/b.go 644 0:0 B", "x/c.md 644 0:0 C", "x/e.go 644 0:0 E"},
		},
		"a wildcard that matches folders copies what is in them": {
			files:      map[string]string{"d1/a": "A", "d2/b": "B"},
			dockerfile: "COPY d* /x/",
			want:       []string{"x/ 755 0:0", "x/a 644 0:0 A", "x/b 644 0:0 B"},
		},
		"links in a folder stay links, wherever they point": {
			files:      map[string]string{"d/a": "A", "d/l": "-> a", "d/gone": "-> /etc/passwd", "d/up": "-> ../../.."},
			dockerfile: "COPY d /x",
			want:       []string{"x/ 755 0:0", "x/a 644 0:0 A", "x/gone 777 0:0 -> /etc/passwd", "x/l 777 0:0 -> a", "x/up 777 0:0 -> ../../.."},
		},
		"a link that is named is followed": {
			files:      map[string]string{"d/a": "A", "l": "-> d/a", "m": "-> d"},
			dockerfile: "COPY l /x/\nCOPY m /y/\nCOPY m/a /z",
			want:       []string{"x/ 755 0:0", "x/l 644 0:0 A", "y/ 755 0:0", "y/a 644 0:0 A", "z 644 0:0 A"},
		},
		"links of the image are followed on the way": {
			files:      map[string]string{"root/usr/bin/sh": "S", "root/bin": "-> usr/bin", "root/abs": "-> /usr/bin", "root/out": "-> ../../../usr", "a": "A"},
			dockerfile: "COPY root /\nCOPY a /bin/\nCOPY a /abs/b\nCOPY a /out/bin/c\nWORKDIR /bin/w",
			want: []string{"abs 777 0:0 -> /usr/bin", "bin 777 0:0 -> usr/bin", "out 777 0:0 -> ../../../usr", "usr/ 755 0:0", "usr/bin/ 755 0:0",
				"usr/bin/a 644 0:0 A", "usr/bin/b 644 0:0 A", "usr/bin/c 644 0:0 A", "usr/bin/sh 644 0:0 S", "usr/bin/w/ 755 0:0"},
		},
		"a link in the folder of the destination is replaced": {
			files:      map[string]string{"root/l": "-> a", "root/a": "A", "l": "L"},
			dockerfile: "COPY root /x\nCOPY l /x/",
			want:       []string{"x/ 755 0:0", "x/a 644 0:0 A", "x/l 644 0:0 L"},
		},
		"a later file wins": {
			files:      map[string]string{"a": "A", "b": "B"},
			dockerfile: "COPY a /x\nCOPY b /x",
			want:       []string{"x 644 0:0 B"},
		},
		"--chown, also for folders on the way": {
			files:      map[string]string{"a": "A", "etc/passwd": "app:x:7:8::/:\n", "etc/group": "g:x:9:\n"},
			dockerfile: "COPY etc /etc\nCOPY --chown=1000 a /n/a\nCOPY --chown=1:2 a /b\nCOPY --chown=app a /c\nCOPY --chown=app:g a /d\nCOPY --chown=5:g a /e",
			want: []string{"b 644 1:2 A", "c 644 7:8 A", "d 644 7:9 A", "e 644 5:9 A", "etc/ 755 0:0", "etc/group 644 0:0 g:x:9:\n",
				"etc/passwd 644 0:0 app:x:7:8::/:\n", "n/ 755 1000:1000", "n/a 644 1000:1000 A"},
		},
		"--chown=root needs no /etc/passwd": {
			files:      map[string]string{"a": "A"},
			dockerfile: "COPY --chown=root a /a\nCOPY --chown=5:root a /b\nCOPY --chown=root:root a /c",
			want:       []string{"a 644 0:0 A", "b 644 5:0 A", "c 644 0:0 A"},
		},
		"--chmod, by number and by letters": {
			files:      map[string]string{"a": "A", "d/b": "B"},
			dockerfile: "COPY --chmod=4711 a /a\nCOPY --chmod=u=rwX,go=rX d /d\nCOPY --chmod=+x a /x",
			want:       []string{"a 4711 0:0 A", "d/ 755 0:0", "d/b 644 0:0 B", "x 755 0:0 A"},
		},
		"--exclude": {
			files:      map[string]string{"d/a.go": "A", "d/a.md": "M", "d/e/b.md": "B", "d/v/x": "X", "d/v/keep": "K"},
			dockerfile: "COPY --exclude=**/*.md --exclude=v --exclude=!v/keep d /x/",
			want:       []string{"x/ 755 0:0", "x/a.go 644 0:0 A", "x/e/ 755 0:0", "x/v/ 755 0:0", "x/v/keep 644 0:0 K"},
		},
		"--link does not follow links of the image": {
			files:      map[string]string{"root/l": "-> r", "root/r/x": "X", "a": "A"},
			dockerfile: "COPY root /\nCOPY --link a /l/a",
			want:       []string{"l/ 755 0:0", "l/a 644 0:0 A", "r/ 755 0:0", "r/x 644 0:0 X"},
		},
		"ADD --link, too": {
			files:      map[string]string{"root/l": "-> r", "root/r/x": "X", "a": "A"},
			dockerfile: "COPY root /\nADD --link a /l/a",
			want:       []string{"l/ 755 0:0", "l/a 644 0:0 A", "r/ 755 0:0", "r/x 644 0:0 X"},
		},
		"--link with --chmod is an ordinary copy": { // BuildKit merges only without --chmod
			files:      map[string]string{"root/l": "-> r", "root/r/x": "X", "a": "A"},
			dockerfile: "COPY root /\nCOPY --link --chmod=600 a /l/a\nADD --link --chmod=600 a /l/b",
			want:       []string{"l 777 0:0 -> r", "r/ 755 0:0", "r/a 600 0:0 A", "r/b 600 0:0 A", "r/x 644 0:0 X"},
		},
		"text in the Dockerfile": {
			dockerfile: "ARG who=you\nCOPY <<EOF <<-\"RAW\" /d/\nhi $who\nEOF\n\tkeep $who\nRAW\nCOPY --chmod=755 <<EOF /run.sh\n#!/bin/sh\nEOF",
			want:       []string{"d/ 755 0:0", "d/EOF 644 0:0 hi you\n", "d/RAW 644 0:0 keep $who\n", "run.sh 755 0:0 #!/bin/sh\n"},
		},
		"text in the Dockerfile keeps its quotes": {
			dockerfile: "ARG who=you\nCOPY <<EOF <<'RAW' /d/\nsay \"$who\" 'x' '$who'\nEOF\nsay \"$who\" 'x'\nRAW",
			want:       []string{"d/ 755 0:0", "d/EOF 644 0:0 say \"you\" 'x' 'you'\n", "d/RAW 644 0:0 say \"$who\" 'x'\n"},
		},
		"variables in names": {
			files:      map[string]string{"app-1": "A"},
			dockerfile: "ENV V=1 D=/opt\nCOPY app-$V ${D}/app",
			want:       []string{"opt/ 755 0:0", "opt/app 644 0:0 A"},
		},
		"from a stage by name and by number": {
			files:      map[string]string{"a": "A"},
			dockerfile: "COPY --chown=3:4 a /s/a\nCOPY a /s/b\nFROM scratch AS two\nCOPY --from=0 /s/a /a\nFROM scratch\nCOPY --from=two /a /x/\nCOPY --from=0 /s/* /y/",
			want:       []string{"x/ 755 0:0", "x/a 644 3:4 A", "y/ 755 0:0", "y/a 644 3:4 A", "y/b 644 0:0 A"},
		},
		"from a stage through its links": {
			files:      map[string]string{"r/usr/lib/a": "A", "r/lib": "-> /usr/lib", "r/usr/lib/l": "-> a"},
			dockerfile: "COPY r /\nFROM scratch\nCOPY --from=0 /lib/l /x\nCOPY --from=0 /lib /y",
			want:       []string{"x 644 0:0 A", "y/ 755 0:0", "y/a 644 0:0 A", "y/l 777 0:0 -> a"},
		},
		"a stage on a stage": {
			files:      map[string]string{"a": "A", "b": "B"},
			dockerfile: "COPY a /a\nFROM scratch AS base\nCOPY a /d/a\nFROM base AS one\nCOPY b /d/b\nFROM base\nCOPY b /d/c\nCOPY --from=one /d/b /",
			want:       []string{"b 644 0:0 B", "d/ 755 0:0", "d/a 644 0:0 A", "d/c 644 0:0 B"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"Dockerfile": "FROM scratch\n" + test.dockerfile + "\n"}
			for name, text := range test.files {
				files[name] = text
			}
			got := mustBuild(t, files, nil).files(t)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestCopyMistakes(t *testing.T) {
	tests := map[string]struct {
		files      map[string]string
		dockerfile string
		text, hint string
	}{
		"missing":                          {dockerfile: "COPY ap /", files: map[string]string{"app": ""}, text: `"ap" is not in the context`, hint: `did you mean "app"?`},
		"missing in a folder":              {dockerfile: "COPY d/nothing /", files: map[string]string{"d/one": "", "d/two": ""}, text: `"d/nothing" is not in the context`, hint: `"d" has one, two`},
		"missing with its folder":          {dockerfile: "COPY dist/x/*.js /", files: map[string]string{"src/a": ""}, text: `"dist/x/*.js" is not`, hint: "Dockerfile, src"},
		"ignored":                          {dockerfile: "COPY app.log /", files: map[string]string{"app.log": "", ".dockerignore": "# logs\n*.log\n"}, text: `"app.log" is not in the context`, hint: `.dockerignore excludes it with the pattern "*.log"`},
		"in an ignored folder":             {dockerfile: "COPY d/a /", files: map[string]string{"d/a": "", ".dockerignore": "d\n"}, text: `"d/a" is not`, hint: `pattern "d"`},
		"above the context":                {dockerfile: "COPY ../secret /", text: "leads out of the context", hint: "make `context` the folder above"},
		"above the context by a detour":    {dockerfile: "COPY d/../../secret /", text: "leads out of the context"},
		"an absolute link":                 {dockerfile: "COPY l /", files: map[string]string{"l": "-> /etc/passwd"}, text: "link to /etc/passwd, which leads out of the context"},
		"a link that goes up":              {dockerfile: "COPY l /", files: map[string]string{"l": "-> ../../etc/passwd"}, text: "leads out of the context"},
		"through a link":                   {dockerfile: "COPY l/passwd /", files: map[string]string{"l": "-> /etc"}, text: "leads out of the context"},
		"links in a circle":                {dockerfile: "COPY a /", files: map[string]string{"a": "-> b", "b": "-> a"}, text: "too many links"},
		"files that become one":            {dockerfile: "COPY a b /x", files: map[string]string{"a": "", "b": ""}, text: "both become the file /x", hint: ""},
		"a file on a folder":               {dockerfile: "COPY a /x/a/\nCOPY a /x/", files: map[string]string{"a": ""}, text: "cannot replace the folder /x/a"},
		"a folder on a file":               {dockerfile: "COPY a /x\nCOPY d /x", files: map[string]string{"a": "", "d/b": ""}, text: "cannot replace /x"},
		"a folder on a link":               {dockerfile: "COPY r /\nCOPY s /", files: map[string]string{"r/lib": "-> usr", "s/lib/a": ""}, text: "the folder lib cannot replace /lib, which is a file or a link"},
		"below a file":                     {dockerfile: "COPY a /x\nCOPY a /x/y/z", files: map[string]string{"a": ""}, text: "/x is not a folder"},
		"a user by name without passwd":    {dockerfile: "COPY --chown=app a /", files: map[string]string{"a": ""}, text: `"app" is not in the image`, hint: "--chown=1000:1000"},
		"a group by name without group":    {dockerfile: "COPY --chown=1:app a /", files: map[string]string{"a": ""}, text: `"app" is not in the image`},
		"no user":                          {dockerfile: "COPY --chown=:1 a /", files: map[string]string{"a": ""}, text: "names no user"},
		"a mode too large":                 {dockerfile: "COPY --chmod=17777 a /", files: map[string]string{"a": ""}, text: "not between 0 and 7777"},
		"a mode that is none":              {dockerfile: "COPY --chmod=rwx! a /", files: map[string]string{"a": ""}, text: "neither octal nor"},
		"a name that deletes":              {dockerfile: "COPY d /", files: map[string]string{"d/.wh.etc": ""}, text: "would delete a file"},
		"a pattern that is none":           {dockerfile: "COPY [a /", files: map[string]string{"a": ""}, text: "syntax error in pattern"},
		"missing in a stage":               {dockerfile: "COPY a /bin/app\nFROM scratch\nCOPY --from=0 /bin/ap /", files: map[string]string{"a": ""}, text: `"bin/ap" is not in 0`, hint: `did you mean "bin/app"?`},
		"a folder that is not there in it": {dockerfile: "FROM scratch\nCOPY --from=0 /x /", text: `"x" is not in 0`, hint: "0 has no files"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"Dockerfile": "FROM scratch\n" + test.dockerfile + "\n"}
			for name, text := range test.files {
				files[name] = text
			}
			_, err := buildIn(t, folder(t, files), nil)
			wantFault(t, err, "E_BUILD_COPY", strings.Count(test.dockerfile, "\n")+2, test.text, test.hint)
		})
	}
}

// Nothing outside the context is read, even where a link is swapped in.
func TestCopyStaysInContext(t *testing.T) {
	outside := folder(t, map[string]string{"secret": "S"})
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY d/secret /\n"})
	must(t, os.Symlink(outside, filepath.Join(dir, "d")))
	_, err := buildIn(t, dir, nil)
	wantFault(t, err, "E_BUILD_COPY", 2, "leads out of the context", "")
}
