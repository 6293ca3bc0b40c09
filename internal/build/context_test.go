package build

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDockerignore(t *testing.T) {
	tests := map[string]struct {
		ignore string
		files  string
		want   string
	}{
		"no file":                              {files: "a b", want: "a b"},
		"names, comments, wildcards":           {ignore: "# all logs\n*.log\n/b\nd/*.md\n", files: "a x.log b d/x.md d/x.log", want: "a d/ d/x.log"},
		"any depth":                            {ignore: "**/*.log", files: "x.log d/e/x.log d/a", want: "d/ d/a d/e/"},
		"a folder":                             {ignore: "d\n", files: "a d/x d/e/y", want: "a"},
		"back again":                           {ignore: "*\n!a\n", files: "a b d/x", want: "a"},
		"back again in a folder":               {ignore: "d\n!d/keep\n", files: "a d/x d/keep d/e/y", want: "a d/ d/keep"},
		"back again, deeper and by a wildcard": {ignore: "*\n!**/*.go\n", files: "a x.go d/y.go d/n e/f/g/z.go h/i", want: "d/ d/y.go e/ e/f/ e/f/g/ e/f/g/z.go x.go"},
		"back, and away again":                 {ignore: "d\n!d/*.md\nd/secret.md\n", files: "d/a.md d/secret.md d/x", want: "d/ d/a.md"},
		"back in another folder":               {ignore: "n\n!src/n\n", files: "n/a src/n/b", want: "src/ src/n/ src/n/b"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"ctx/.dockerignore": test.ignore, "Dockerfile": "FROM scratch\nCOPY . /\n"}
			for name := range strings.FieldsSeq(test.files) {
				files["ctx/"+name] = ""
			}
			dir := folder(t, files)
			got, err := buildIn(t, filepath.Join(dir, "ctx"), func(r *Request) { r.Dockerfile = filepath.Join(dir, "Dockerfile") })
			must(t, err)
			var names []string
			for _, line := range got.files(t) {
				if name, _, _ := strings.Cut(line, " "); name != ".dockerignore" {
					names = append(names, name)
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(names, " ")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// The ignore file beside the Dockerfile goes before that of the context, and
// Dockerfile and ignore file may themselves be ignored.
func TestDockerignoreOfDockerfile(t *testing.T) {
	dir := folder(t, map[string]string{"a": "", "b": "", ".dockerignore": "a", "web.Dockerfile": "FROM scratch\nCOPY * /\n", "web.Dockerfile.dockerignore": "b\n*Docker*\n.*"})
	got, err := buildIn(t, dir, func(r *Request) { r.Dockerfile = filepath.Join(dir, "web.Dockerfile") })
	must(t, err)
	if diff := cmp.Diff([]string{"a 644 0:0 "}, got.files(t)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The image that is being written is no part of the context it may lie in.
func TestLayoutInContext(t *testing.T) {
	dir := folder(t, map[string]string{"a": "A", "out/b": "B", "Dockerfile": "FROM scratch\nCOPY a out* /\n"})
	got, err := buildIn(t, dir, func(r *Request) { r.Layout = filepath.Join(dir, "out", "image") })
	must(t, err)
	if diff := cmp.Diff([]string{"a 644 0:0 A", "b 644 0:0 B"}, got.files(t)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestDockerignoreMistake(t *testing.T) {
	_, err := buildIn(t, folder(t, map[string]string{"Dockerfile": "FROM scratch\n", ".dockerignore": "[a\n"}), nil)
	wantFault(t, err, "E_BUILD_CONTEXT", 0, ".dockerignore: syntax error in pattern", "dockerignore-files")
}

func TestSocketIsLeftOut(t *testing.T) {
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY d /\n", "d/a": "A"})
	t.Chdir(dir) // the path of a socket is short
	listener, err := net.Listen("unix", "d/s")
	must(t, err)
	defer listener.Close()
	got, err := buildIn(t, dir, nil)
	must(t, err)
	if diff := cmp.Diff([]string{"a 644 0:0 A"}, got.files(t)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !strings.Contains(got.log, "warning: /d/s is a socket") {
		t.Errorf("log: %s", got.log)
	}
}

// The same content gives the same digest, wherever, whenever and under whatever
// umask it was checked out.
func TestReproducible(t *testing.T) {
	files := map[string]string{"app": "binary", "web/index.html": "<p>", "web/l": "-> index.html", "web/css/a.css": "",
		"Dockerfile": "FROM scratch AS a\nCOPY . /src/\nFROM scratch\nLABEL b=1 a=2\nWORKDIR /w\nCOPY --from=a /src/web web\nCOPY app /\n"}
	build := func(file, dir os.FileMode, at time.Time) *built {
		t.Helper()
		root := folder(t, files)
		must(t, filepath.WalkDir(root, func(name string, entry os.DirEntry, err error) error {
			if err != nil || entry.Type()&os.ModeSymlink != 0 {
				return err
			}
			mode := file
			if entry.IsDir() {
				mode = dir
			} else if entry.Name() == "app" {
				mode |= 0o100
			}
			if err := os.Chmod(name, mode); err != nil {
				return err
			}
			return os.Chtimes(name, at, at)
		}))
		got, err := buildIn(t, root, func(r *Request) {
			r.Labels = map[string]string{"x": "1", "y": "2", "z": "3"}
			r.Created = time.Unix(1700000000, 0)
		})
		must(t, err)
		return got
	}
	first := build(0o644, 0o755, time.Unix(1, 0))
	for name, second := range map[string]*built{
		"again":              build(0o644, 0o755, time.Unix(1, 0)),
		"another time":       build(0o644, 0o755, time.Unix(1800000000, 5)),
		"umask 077":          build(0o600, 0o700, time.Unix(1, 0)),
		"umask 002":          build(0o664, 0o775, time.Unix(1, 0)),
		"umask 027":          build(0o640, 0o750, time.Unix(1, 0)),
		"in a setgid folder": build(0o644, 0o755|os.ModeSetgid, time.Unix(1, 0)),
	} {
		if second.Digest != first.Digest || second.Size != first.Size {
			t.Errorf("%s: %s, want %s\n%v\n%v", name, second.Digest, first.Digest, second.files(t), first.files(t))
		}
	}
	for name, other := range map[string]*built{
		"files for all to write": build(0o666, 0o755, time.Unix(1, 0)),
		"sticky folders":         build(0o644, 0o755|os.ModeSticky, time.Unix(1, 0)),
	} {
		if other.Digest == first.Digest {
			t.Errorf("%s: the modes are lost", name)
		}
	}
	// A change of the bytes in an image is a change for everyone who compares
	// digests: this one is to be made knowingly.
	const want = "sha256:5d13d626685b4f6d1fbabf8cd61f7b95dc60104607f510862979cfd9a19b2135"
	if string(first.Digest) != want {
		t.Errorf("the digest is now %s, it was %s", first.Digest, want)
	}
}

// Modes that no usual umask makes are meant; those that differ by the umask only
// become one, and a file that is thereby opened up is told of.
func TestModes(t *testing.T) {
	dir := folder(t, map[string]string{"d/tmp/": "", "d/all/": "", "d/group/": "", "d/own/": "", "d/k600": "", "d/k400": "", "d/run": "", "d/suid": "", "d/sgid": "",
		"d/w": "", "d/none": "", "d/g": "",
		"Dockerfile": "FROM scratch\nCOPY d /d\nFROM scratch\nCOPY --from=0 d /\nCOPY --chmod=600 d/k600 /k\nADD d/k600 /a/\n"})
	for name, mode := range map[string]os.FileMode{"tmp": 0o777 | os.ModeSticky, "all": 0o777, "group": 0o775, "own": 0o700, "k600": 0o600, "k400": 0o400, "run": 0o700,
		"suid": 0o755 | os.ModeSetuid, "sgid": 0o750 | os.ModeSetgid, "w": 0o666, "none": 0o200, "g": 0o640} {
		must(t, os.Chmod(filepath.Join(dir, "d", name), mode))
	}
	got, err := buildIn(t, dir, nil)
	must(t, err)
	want := []string{"a/ 755 0:0", "a/k600 644 0:0 ", "all/ 777 0:0", "g 644 0:0 ", "group/ 755 0:0", "k 600 0:0 ", "k400 444 0:0 ", "k600 644 0:0 ", "none 200 0:0 ",
		"own/ 755 0:0", "run 755 0:0 ", "sgid 2755 0:0 ", "suid 4755 0:0 ", "tmp/ 1777 0:0", "w 666 0:0 "}
	if diff := cmp.Diff(want, got.files(t)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var warnings []string
	for line := range strings.Lines(got.log) {
		if text, ok := strings.CutPrefix(line, "warning: "); ok {
			warnings = append(warnings, strings.TrimSpace(text))
		}
	}
	told := []string{"d/k400 is 0400 here and 0444 in the image; use COPY --chmod", "d/k600 is 0600 here and 0644 in the image; use COPY --chmod",
		"d/run is 0700 here and 0755 in the image; use COPY --chmod", "d/k600 is 0600 here and 0644 in the image; use ADD --chmod"}
	if diff := cmp.Diff(told, warnings); diff != "" {
		t.Errorf("warnings (-want +got)\n%s", diff)
	}
}

// Under the umask 077 every file would be worth a line.
func TestModesOfMany(t *testing.T) {
	files := map[string]string{"Dockerfile": "FROM scratch\nCOPY d /\n"}
	for _, name := range strings.Split("abcdefghij", "") {
		files["d/"+name] = ""
	}
	dir := folder(t, files)
	for _, name := range strings.Split("abcdefghij", "") {
		must(t, os.Chmod(filepath.Join(dir, "d", name), 0o600))
	}
	got, err := buildIn(t, dir, nil)
	must(t, err)
	if strings.Count(got.log, " is 0600 here and 0644") != 5 || !strings.Contains(got.log, "warning: 5 more files are for their owner only here") {
		t.Errorf("log: %s", got.log)
	}
}
