package ref_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

var sum = "sha256:" + strings.Repeat("a1", 32)

func TestParseImage(t *testing.T) {
	cases := map[string]struct{ repository, tag, digest string }{
		"nginx":                          {"docker.io/library/nginx", "", ""},
		"docker.io/nginx:1.27":           {"docker.io/library/nginx", "1.27", ""},
		"index.docker.io/library/nginx":  {"docker.io/library/nginx", "", ""},
		"acme/web":                       {"docker.io/acme/web", "", ""},
		"ghcr.io/acme/web:pr-7":          {"ghcr.io/acme/web", "pr-7", ""},
		"localhost/web":                  {"localhost/web", "", ""},
		"127.0.0.1:5000/a/b/c:v1@" + sum: {"127.0.0.1:5000/a/b/c", "v1", sum},
		"[::1]:5000/web@" + sum:          {"[::1]:5000/web", "", sum},
		"111122223333.dkr.ecr.us-gov-west-1.amazonaws.com/cms:v0.0.417-1": {"111122223333.dkr.ecr.us-gov-west-1.amazonaws.com/cms", "v0.0.417-1", ""},
	}
	for text, want := range cases {
		got, err := ref.ParseImage(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got.Repository.String() != want.repository || string(got.Tag) != want.tag || string(got.Digest) != want.digest {
			t.Errorf("%q: got %+v", text, got)
		}
		again, err := ref.ParseImage(got.String())
		if err != nil || again != got {
			t.Errorf("%q: its text %q is read as %+v, %v", text, got, again, err)
		}
		data, err := json.Marshal(got)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		var decoded ref.Image
		if err := json.Unmarshal(data, &decoded); err != nil || decoded != got {
			t.Errorf("%q: its JSON %s is read as %+v, %v", text, data, decoded, err)
		}
	}
}

func TestBadImages(t *testing.T) {
	for _, text := range []string{
		"", " ", "ghcr.io/Acme/Web", "https://ghcr.io/acme/web", "ghcr.io/acme/web:", "ghcr.io/acme/web:-x", "ghcr.io/acme//web",
		"ghcr.io/acme/web@sha256:abc", "ghcr.io/acme/web@sha512:" + strings.Repeat("a", 128), "a b", "ghcr.io/-a/b", "ghcr.io/a/b___c",
		strings.Repeat("a", 64), "ghcr.io/" + strings.Repeat("a", 256), "web:" + strings.Repeat("x", 129), "ghcr.io/acme/web\n",
	} {
		if got, err := ref.ParseImage(text); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		} else if code := fault.Code(err); code != "E_IMAGE_NAME" && code != "E_DIGEST" {
			t.Errorf("%q: %s", text, code)
		}
	}
}

func TestARepositoryHasNoTag(t *testing.T) {
	for text, hint := range map[string]string{
		"ghcr.io/acme/web:v1":          "write the repository alone: ghcr.io/acme/web",
		"ghcr.io/acme/web@" + sum:      "write the repository alone: ghcr.io/acme/web",
		"127.0.0.1:5000/web:v1@" + sum: "write the repository alone: 127.0.0.1:5000/web",
	} {
		_, err := ref.ParseRepository(text)
		if faults := fault.All(err); len(faults) != 1 || faults[0].Code != "E_IMAGE_NAME" || faults[0].Hint != hint {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestParts(t *testing.T) {
	r, err := ref.ParseRepository("127.0.0.1:5000/acme/web")
	if err != nil {
		t.Fatal(err)
	}
	if r.Domain() != "127.0.0.1:5000" || r.Path() != "acme/web" || r.Base() != "web" || (ref.Repository{}).String() != "" {
		t.Errorf("%q %q %q", r.Domain(), r.Path(), r.Base())
	}
	if got := ref.Digest(sum).Short(); got != "sha256:a1a1a1a1a1a1" {
		t.Errorf("short digest %q", got)
	}
}

func FuzzParseImage(f *testing.F) {
	for _, seed := range []string{"nginx", "ghcr.io/acme/web:v1@" + sum, "[::1]:5000/x", "A", "a:b:c", "localhost:5000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		image, err := ref.ParseImage(text)
		if err != nil {
			return
		}
		again, err := ref.ParseImage(image.String())
		if err != nil || again != image {
			t.Errorf("%q: %q is read as %+v, %v", text, image, again, err)
		}
		if image.Tag != "" {
			if _, err := ref.ParseTag(string(image.Tag)); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}
