package render

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// alarm notes what kustomize would do outside: requests, programs, scratch files.
type alarm struct {
	requests []string
	programs string // the file that programs write into
	scratch  string
}

func (a *alarm) RoundTrip(r *http.Request) (*http.Response, error) {
	a.requests = append(a.requests, r.URL.String())
	return nil, errors.New("there is no network")
}

func newAlarm(t *testing.T) *alarm {
	a := &alarm{programs: filepath.Join(t.TempDir(), "started"), scratch: t.TempDir()}
	transport := http.DefaultTransport
	http.DefaultTransport = a
	t.Cleanup(func() { http.DefaultTransport = transport })
	bin := t.TempDir()
	for _, name := range []string{"git", "helm", "docker", "sh", "go"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\necho \"$0 $*\" >>"+a.programs+"\nexit 1\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	t.Setenv("TMPDIR", a.scratch)
	return a
}

// rang is all that was noted.
func (a *alarm) rang(t *testing.T) (all []string) {
	t.Helper()
	all = append(all, a.requests...)
	if data, err := os.ReadFile(a.programs); err == nil {
		all = append(all, string(data))
	}
	left, err := os.ReadDir(a.scratch)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range left {
		all = append(all, file.Name())
	}
	return all
}

// Whatever a kustomization wants, nothing is fetched and nothing is started.
func TestNothingOutside(t *testing.T) {
	a := newAlarm(t)
	for path, archive := range archives(t) {
		read(t, archive).check()
		if rang := a.rang(t); len(rang) > 0 {
			t.Fatalf("%s: %q", path, rang)
		}
	}
}

// The alarm rings where kustomize is let loose.
func TestTheAlarmRings(t *testing.T) {
	for _, name := range []string{"remote_https", "remote_ssh", "remote_github", "remote_component", "remote_patch", "remote_plugin", "remote_plugin_folder"} {
		t.Run(name, func(t *testing.T) {
			a := newAlarm(t)
			s := read(t, archives(t)["testdata/"+name+".txtar"])
			c := newCheck(s.files, s.changed, s.want)
			for _, folder := range c.touched(s.kustomizations()) {
				if c.before.closure(folder).remote == "" {
					t.Errorf("%s is not known to be remote", folder)
				}
				if _, err := c.before.build(folder, &closure{}); err == nil {
					t.Error("it built")
				}
			}
			if len(a.rang(t)) == 0 {
				t.Error("nothing was noted")
			}
		})
	}
}

// Kustomize's warnings of old fields are not printed, and what others print is.
func TestQuiet(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer func(f *os.File) { os.Stderr = f }(os.Stderr)
	os.Stderr = out
	read(t, archives(t)["testdata/patches_old_field.txtar"]).check()
	os.Stderr.WriteString("done")
	if data, err := os.ReadFile(out.Name()); err != nil || string(data) != "done" {
		t.Errorf("got %q, %v", data, err)
	}
}

// counting counts how often a file is opened.
type counting struct {
	fs.FS
	opened map[string]int
}

func (c counting) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if info, statErr := fs.Stat(c.FS, name); statErr == nil && !info.IsDir() {
		c.opened[name]++
	}
	return f, err
}

func (c counting) Stat(name string) (fs.FileInfo, error)  { return fs.Stat(c.FS, name) }
func (c counting) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(c.FS, name) }
func (c counting) ReadLink(name string) (string, error)   { return fs.ReadLink(c.FS, name) }

func TestEachFileIsOpenedOnce(t *testing.T) {
	s := read(t, archives(t)["testdata/base_edited.txtar"])
	s.files["unrelated/kustomization.yaml"].Data = []byte("resources: [pod.yaml]\n")
	s.files["unrelated/pod.yaml"] = &fstest.MapFile{Data: []byte("not opened")}
	files := counting{s.files, map[string]int{}}
	if _, err := Check(files, s.kustomizations(), s.changed, s.want); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"base/deployment.yaml": 1, "unrelated/kustomization.yaml": 1}
	for _, name := range s.kustomizations() {
		want[name] = 1
	}
	if diff := cmp.Diff(want, files.opened); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// broken is a file system of which one file cannot be read.
type broken struct {
	fs.FS
	name string
}

func (b broken) Open(name string) (fs.File, error) {
	if name == b.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("the wire is cut")}
	}
	return b.FS.Open(name)
}

func TestReadErrorIsReturned(t *testing.T) {
	s := read(t, archives(t)["testdata/overlay.txtar"])
	for name := range s.files {
		r, err := Check(broken{s.files, name}, s.kustomizations(), s.changed, s.want)
		if err == nil || !strings.Contains(err.Error(), "the wire is cut") || r != nil {
			t.Errorf("%s: got %v, %v", name, r, err)
		}
	}
}

// A symbolic link is not followed: what it leads to is no file of the repository.
func TestSymlinkIsNotFollowed(t *testing.T) {
	s := read(t, archives(t)["testdata/overlay.txtar"])
	dir := t.TempDir()
	if err := os.CopyFS(dir, s.files); err != nil {
		t.Fatal(err)
	}
	if r, err := Check(os.DirFS(dir), s.kustomizations(), s.changed, s.want); err != nil || len(r.Changes) != 2 || len(r.Unverified) != 0 {
		t.Fatalf("got %v, %v", r, err)
	}
	elsewhere := filepath.Join(t.TempDir(), "deployment.yaml")
	linked := filepath.Join(dir, "base", "deployment.yaml")
	if err := errors.Join(os.Rename(linked, elsewhere), os.Symlink(elsewhere, linked)); err != nil {
		t.Fatal(err)
	}
	unverified := func(missing string) {
		t.Helper()
		r, err := Check(os.DirFS(dir), s.kustomizations(), s.changed, s.want)
		if err != nil {
			t.Fatal(err)
		}
		want := []Unverified{{"overlays/prod", "it does not build before the change: " + missing + " is not among the files"}}
		if diff := cmp.Diff(want, r.Unverified); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	unverified("base/deployment.yaml")
	base := filepath.Dir(linked)
	if err := errors.Join(os.Rename(base, base+"-elsewhere"), os.Symlink(base+"-elsewhere", base)); err != nil {
		t.Fatal(err)
	}
	unverified("base")
}

// panicking is a file system that breaks while kustomize reads.
type panicking struct {
	fstest.MapFS
	name string
}

func (p panicking) ReadFile(name string) ([]byte, error) {
	if name == p.name {
		panic("the disk is on fire")
	}
	return p.MapFS.ReadFile(name)
}

func TestPanicIsNoVerdict(t *testing.T) {
	s := read(t, archives(t)["testdata/overlay.txtar"])
	r, err := Check(panicking{s.files, "base/deployment.yaml"}, nil, s.changed, s.want)
	if got := told(r, err); got != "unverified overlays/prod: it does not build before the change: kustomize gave up: the disk is on fire\n" {
		t.Errorf("got %s", got)
	}
}

// An entry that kustomize does not read is not called dead.
func TestUnknownEntry(t *testing.T) {
	s := read(t, archives(t)["testdata/overlay.txtar"])
	s.want.Changes[0].Field = ".images[7].newTag"
	r, err := Check(s.files, nil, s.changed, s.want)
	want := []Unverified{{"overlays/prod", "whether overlays/prod/kustomization.yaml:5 has an effect: kustomize reads no such entry"}}
	if diff := cmp.Diff(want, r.Unverified); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func BenchmarkCheck(b *testing.B) {
	s := read(b, archives(b)["testdata/overlay.txtar"])
	for b.Loop() {
		if _, err := s.check(); err != nil {
			b.Fatal(err)
		}
	}
}

// A kustomization is found from the folders of what changed, and an overlay only
// among those that are given.
func TestOnlyGivenOverlays(t *testing.T) {
	s := read(t, archives(t)["testdata/base_edited.txtar"])
	r, err := Check(s.files, []string{"overlays/prod/kustomization.yaml", "overlays/prod/deployment.yaml", "gone/kustomization.yaml"}, s.changed, s.want)
	if err != nil {
		t.Fatal(err)
	}
	folders := map[string]int{}
	for _, c := range r.Changes {
		folders[c.Kustomization]++
	}
	if diff := cmp.Diff(map[string]int{"base": 2, "overlays/prod": 2}, folders); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Those above a changed file are found by themselves, in whatever folder.
func TestFoundAbove(t *testing.T) {
	for _, above := range []string{"", "overlays/"} {
		s := read(t, archives(t)["testdata/overlay.txtar"])
		s.files[above+"kustomization.yml"] = &fstest.MapFile{Data: []byte("resources: [" + strings.TrimPrefix("overlays/prod", above) + "]\n")}
		r, err := Check(s.files, []string{"overlays/prod/kustomization.yaml"}, s.changed, s.want)
		if err != nil || len(r.Changes) != 4 || r.Changes[0].Kustomization != path.Dir(above+"x") {
			t.Errorf("%q: got %v, %v", above, r, err)
		}
	}
}

// The same comes of it every time, also of several checks at once; a schema of
// one kustomization is gone when the next is built.
func TestSameEveryTime(t *testing.T) {
	all := archives(t)
	var group sync.WaitGroup
	for range 3 {
		for path, archive := range all {
			s := read(t, archive)
			want := string(archive.Files[len(archive.Files)-1].Data)
			group.Go(func() {
				if diff := cmp.Diff(want, told(s.check())); diff != "" {
					t.Errorf("%s (-want +got)\n%s", path, diff)
				}
			})
		}
	}
	group.Wait()
}

// A schema that a kustomization brings is for that one alone: kustomize merges
// lists by it.
func TestSchemaIsForOneBuild(t *testing.T) {
	all := archives(t)
	built := func(name, folder string) string {
		s := read(t, all["testdata/"+name+".txtar"])
		c := newCheck(s.files, s.changed, s.want)
		objects, err := c.before.build(folder, c.before.closure(folder))
		if err != nil {
			t.Fatal(err)
		}
		text, err := objects.AsYaml()
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for range 2 {
		if got := built("patch_file", "overlays/prod"); !strings.Contains(got, "nginx:1.27") {
			t.Errorf("the patch takes the place of the list:\n%s", got)
		}
		if got := built("openapi", "."); strings.Contains(got, "ghcr.io/acme/web") {
			t.Errorf("the patch is merged into the list, whose key is not in the schema:\n%s", got)
		}
	}
}

func TestMeans(t *testing.T) {
	const (
		was = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
		is  = "sha256:abababababababababababababababababababababababababababababababab"
	)
	full, err := ref.ParseImage("nginx:v2@" + is)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		old, new string
		noDigest bool
		want     bool
	}{
		"tag":              {old: "nginx:v1", new: "nginx:v2", want: true},
		"other spelling":   {old: "nginx:v1", new: "docker.io/library/nginx:v2", want: true},
		"first tag":        {old: "nginx", new: "nginx:v2", want: true},
		"digest":           {old: "nginx:v1", new: "nginx@" + is, want: true},
		"both":             {old: "nginx:v1@" + was, new: "nginx:v2@" + is, want: true},
		"stale digest":     {old: "nginx:v1@" + was, new: "nginx:v2@" + was},
		"unknown digest":   {old: "nginx:v1@" + was, new: "nginx:v2@" + is, noDigest: true},
		"neither":          {old: "nginx:v1", new: "nginx"},
		"other tag":        {old: "nginx:v1", new: "nginx:v3"},
		"other repository": {old: "quay.io/nginx:v1", new: "quay.io/nginx:v2"},
		"takes the place":  {old: "httpd:v1", new: "nginx:v2"},
		"gives its place":  {old: "nginx:v1", new: "httpd:v2"},
		"longer name":      {old: "nginx-admin:v1", new: "nginx-admin:v2"},
		"no reference":     {old: "nginx:v1:", new: "nginx:v2"},
	}
	for name, tt := range tests {
		image := full
		if tt.noDigest {
			image.Digest = ""
		}
		if got := newJudge(Want{Image: image}).means(move{tt.old, tt.new}); got != tt.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
