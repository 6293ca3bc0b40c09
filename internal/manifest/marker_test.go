package manifest

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/ref"
)

func TestParseMarker(t *testing.T) {
	tests := map[string]struct {
		role  role
		image string
		bad   bool
	}{
		"":                                    {},
		"keep":                                {},
		"my-tagboat: tag":                     {},
		"https://tagboat:80":                  {},
		"tagboat: image":                      {role: roleImage},
		"tagboat:tag":                         {role: roleTag},
		"tagboat:  digest  ":                  {role: roleDigest},
		"keep # tagboat: name":                {role: roleName},
		"keep, tagboat: version # of the web": {role: roleVersion},
		"(tagboat: tag nginx":                 {role: roleTag, image: "docker.io/library/nginx"},
		"tagboat: tag ghcr.io/acme/web # x":   {role: roleTag, image: "ghcr.io/acme/web"},
		"tagboat:":                            {bad: true},
		"tagboat: Tag":                        {bad: true},
		"tagboat: tag, please":                {bad: true},
		"tagboat: tag a b":                    {bad: true},
		"tagboat: tag web:v1":                 {bad: true},
		"tagboat: tag Web":                    {bad: true},
		"tagboat: tag # tagboat: tag":         {bad: true},
	}
	for comment, want := range tests {
		r, image, ok, err := parseMarker(comment)
		if r != want.role || image.String() != want.image || ok != (want.role != "") || (err != nil) != want.bad {
			t.Errorf("%q: %q %q %t %v", comment, r, image, ok, err)
		}
	}
}

func TestListKnowsMarkers(t *testing.T) {
	files := fstest.MapFS{"a.yaml": {Data: []byte("hub: {image: nginx:1}\nref: nginx:2 # tagboat: image\n" +
		"tag: v3 # tagboat: tag acme/web\nsum: " + oldDigest + " # tagboat: digest acme/web\nany: v1 # tagboat: tag\nbad: x # tagboat: y\n")}}
	got, wrong, err := List(files)
	if err != nil {
		t.Fatal(err)
	}
	want := []Reference{
		{"a.yaml", 1, ".hub.image", mustImage(t, "nginx:1")},
		{"a.yaml", 2, ".ref", mustImage(t, "nginx:2")},
		{"a.yaml", 3, ".tag", mustImage(t, "acme/web:v3")},
		{"a.yaml", 4, ".sum", mustImage(t, "acme/web@"+oldDigest)},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b ref.Repository) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(wrong) != 1 || wrong[0].Line != 6 {
		t.Errorf("wrong: %v", wrong)
	}
}
