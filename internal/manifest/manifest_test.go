package manifest

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

func TestScreen(t *testing.T) {
	const web, nginx = "ghcr.io/acme/web", "docker.io/library/nginx"
	tests := []struct {
		repository, text string
		want             int
	}{
		{web, "a\nb: ghcr.io/acme/web\n", 2},
		{web, "ghcr.io/acme/web", 1},
		{web, `"ghcr.io/acme/web"`, 1},
		{web, `"ghcr.io\/acme\/web:v1"`, 1},
		{web, "ghcr.io/acme/web-admin ghcr.io/acme/web/x\nghcr.io/acme/web@sha256", 2},
		{web, "ghcr.io/acme/web-admin", 0},
		{web, "ghcr.io/acme/webs ghcr.io/acme/web.s ghcr.io/acme/web_s", 0},
		{web, `ghcr.io\/acme\/web\/admin`, 0},
		{web, "mirror/ghcr.io/acme/web", 0},
		{web, "xghcr.io/acme/web", 0},
		{web, "ghcr.io:443/acme/web acme/web web", 0},
		{nginx, "image: nginx", 1},
		{nginx, "image:nginx:1", 1},
		{nginx, "docker.io/nginx", 1},
		{nginx, "index.docker.io/library/nginx", 1},
		{nginx, "library/nginx", 1},
		{nginx, "bitnami/nginx ghcr.io/library/nginx nginx-ingress", 0},
		{"docker.io/acme/web", "acme/web", 1},
		{"docker.io/acme/web", "index.docker.io/acme/web", 1},
		{"docker.io/acme/web", "web library/acme/web", 0},
		{"localhost:5000/web", "localhost:5000/web:v1", 1},
		{"localhost:5000/web", "localhost:5001/web:v1", 0},
	}
	for _, tt := range tests {
		image := mustImage(t, tt.repository)
		if got := newNames(image.Repository).line([]byte(tt.text)); got != tt.want {
			t.Errorf("%s in %q: line %d, want %d", tt.repository, tt.text, got, tt.want)
		}
	}
}

// Every way to write a name that ref reads as the repository passes the screen.
func TestScreenKnowsWhatRefKnows(t *testing.T) {
	for _, s := range []string{"nginx", "library/nginx", "docker.io/nginx", "docker.io/library/nginx",
		"index.docker.io/nginx", "index.docker.io/library/nginx"} {
		image := mustImage(t, s)
		if image.Repository != mustImage(t, "nginx").Repository || newNames(image.Repository).line([]byte(s+":1")) == 0 {
			t.Errorf("%s does not pass", s)
		}
	}
}

func TestTargetIsChecked(t *testing.T) {
	image := mustImage(t, "ghcr.io/acme/web:v1")
	tests := map[string]struct {
		to   Target
		want []string
	}{
		"no image":  {Target{}, []string{"E_IMAGE_NAME"}},
		"no tag":    {Target{Image: ref.Image{Repository: image.Repository}}, []string{"E_TAG_UNKNOWN"}},
		"no digest": {Target{Image: image, Pin: PinDigest}, []string{"E_DIGEST_UNKNOWN"}},
		"neither":   {Target{Image: ref.Image{Repository: image.Repository}, Pin: PinBoth}, []string{"E_TAG_UNKNOWN", "E_DIGEST_UNKNOWN"}},
		"other pin": {Target{Image: image, Pin: "sha"}, []string{"E_PIN"}},
	}
	for name, tt := range tests {
		_, err := Edit(fstest.MapFS{}, tt.to)
		var got []string
		for _, f := range fault.All(err) {
			got = append(got, f.Code)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

func TestList(t *testing.T) {
	files := fstest.MapFS{
		"b/kustomization.yaml": {Data: []byte("images:\n- {name: web, newName: ghcr.io/acme/web, newTag: v1}\n- name: nginx\n  digest: " + newDigest + "\n")},
		"a/pod.yaml":           {Data: []byte("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: nginx\n  - image: '{{ x }}'\n  volumes:\n  - image: {reference: 'ghcr.io/acme/site:v2'}\n")},
		"a/broken.yaml":        {Data: []byte("a: b\nc: [\n")},
		"a/readme.md":          {Data: []byte("image: nginx")},
		".git/x.yaml":          {Data: []byte("a: [")},
		"link.yaml":            {Data: []byte("a/pod.yaml"), Mode: fs.ModeSymlink},
	}
	got, unread, err := List(files)
	if err != nil {
		t.Fatal(err)
	}
	want := []Reference{
		{"a/pod.yaml", 5, ".spec.containers[0].image", mustImage(t, "nginx")},
		{"a/pod.yaml", 8, ".spec.volumes[0].image.reference", mustImage(t, "ghcr.io/acme/site:v2")},
		{"b/kustomization.yaml", 2, ".images[0].newName", mustImage(t, "ghcr.io/acme/web:v1")},
		{"b/kustomization.yaml", 3, ".images[1].name", mustImage(t, "nginx@"+newDigest)},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b ref.Repository) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(unread) != 1 || !strings.HasPrefix(unread[0].String(), "a/broken.yaml:") {
		t.Errorf("unread: %v", unread)
	}
}

func TestNoMatchListsNoMoreThanAPerson(t *testing.T) {
	files := fstest.MapFS{}
	for _, c := range "abcdefghijklmnopqrstuvwxyz" {
		files[string(c)+".yaml"] = &fstest.MapFile{Data: []byte("apiVersion: v1\nkind: Pod\nspec: {containers: [{image: image-" + string(c) + "}]}\n")}
	}
	_, err := Edit(files, Target{Image: mustImage(t, "ghcr.io/acme/web:v1")})
	if !fault.Is(err, "E_NO_MATCH") || strings.Count(err.Error(), "found ") != 20 || !strings.Contains(err.Error(), "and 6 more") {
		t.Errorf("got %v", err)
	}
}

// unreadable is a file system that fails.
type unreadable struct{ fstest.MapFS }

func (unreadable) ReadFile(string) ([]byte, error) { return nil, errors.New("the wire is cut") }

func TestReadErrorIsReturned(t *testing.T) {
	files := unreadable{fstest.MapFS{"a.yaml": {}}}
	if _, err := Edit(files, Target{Image: mustImage(t, "web:v1")}); err == nil || !strings.Contains(err.Error(), "the wire is cut") {
		t.Errorf("got %v", err)
	}
}

// A file that is no text is harmless, whatever it holds.
func TestNoText(t *testing.T) {
	files := fstest.MapFS{
		"a.bin":    {Data: []byte("\x7fELF\x00\xff ghcr.io/acme/web\x00")},
		"b.bin":    {Data: []byte("\x7fELF\x00\xff")},
		"pod.yaml": {Data: []byte("apiVersion: v1\nkind: Pod\nspec: {containers: [{image: ghcr.io/acme/web:v1}]}\n")},
	}
	r, err := Edit(files, Target{Image: mustImage(t, "ghcr.io/acme/web:v2")})
	if err != nil {
		t.Fatal(err)
	}
	want := []Warning{{"a.bin", 1, "the file names ghcr.io/acme/web, but is no text; it is left alone"}}
	if diff := cmp.Diff(want, r.Warnings); diff != "" || len(r.Files) != 1 {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
