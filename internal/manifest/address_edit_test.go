package manifest

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// fields are addresses that must be right.
func fields(t testing.TB, all ...string) (parsed []Address) {
	t.Helper()
	for _, s := range all {
		a, err := ParseAddress(s)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, a)
	}
	return parsed
}

func TestFieldsOfOddFiles(t *testing.T) {
	files := fstest.MapFS{
		"latin1.txt":  {Data: []byte("tag=v1 \xe9")},
		"link.yaml":   {Data: []byte("a.yaml"), Mode: fs.ModeSymlink},
		"a.yaml":      {Data: []byte("tag: v1\n")},
		"binary.yaml": {Data: []byte("tag: v1\x00\n")},
		"empty.yaml":  {},
		"list.yaml":   {Data: []byte("- tag: v1\n---\n- tag: v1\n")},
	}
	tests := map[string]struct{ field, code, text, hint string }{
		"not UTF-8":        {"latin1.txt:/tag=(\\S+)/", "E_EDIT_REFUSED", "not UTF-8", "UTF-8"},
		"a link":           {"link.yaml:.tag", "E_FIELD_MISSING", "no regular file", "leads to"},
		"binary":           {"binary.yaml:.tag", "E_YAML", "", "address a part of its text: binary.yaml:/"},
		"empty":            {"empty.yaml:.tag", "E_FIELD_MISSING", "the file is empty", "correct the address"},
		"near in a folder": {"x/a.yml:.tag", "E_FIELD_MISSING", "no such file", "from the root"},
		"a near name":      {"b.yaml:.tag", "E_FIELD_MISSING", "no such file", "did you mean a.yaml?"},
		"a list of lists":  {"list.yaml:[0].tag", "E_FIELD_MISSING", "[0] is a list of 1", "write list.yaml:[0][0].tag"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			to := Target{Image: mustImage(t, "ghcr.io/acme/web:v2"), Fields: fields(t, tt.field)}
			for _, only := range []bool{true, false} {
				to.FieldsOnly = only
				_, err := Edit(files, to)
				all := fault.All(err)
				if len(all) != 1 || all[0].Code != tt.code || !strings.Contains(all[0].Error(), tt.text) || !strings.Contains(all[0].Hint, tt.hint) {
					t.Errorf("only %t: %+v", only, all)
				}
			}
		})
	}
}

func TestFieldTwice(t *testing.T) {
	files := fstest.MapFS{"a.yaml": {Data: []byte("tag: v1\nimage: ghcr.io/acme/web:v1\n")}, "b.txt": {Data: []byte("v1")}}
	to := Target{
		Image:  mustImage(t, "ghcr.io/acme/web:v2"),
		Fields: fields(t, "a.yaml:.tag", `a.yaml:."tag"`, "a.yaml:.tag=tag", "a.yaml:.image=image", "b.txt:/(v.)/", "b.txt:/^(.*)/=tag"),
	}
	r, err := Edit(files, to)
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{
		{"a.yaml", 1, ".tag", "v1", "v2"},
		{"a.yaml", 2, ".image", "ghcr.io/acme/web:v1", "ghcr.io/acme/web:v2"},
		{"b.txt", 1, "/(v.)/", "v1", "v2"},
	}
	if diff := cmp.Diff(want, r.Changes); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	settled(t, files, to, r)
}

func TestFieldForTwoThings(t *testing.T) {
	files := fstest.MapFS{"a.yaml": {Data: []byte("tag: v1\n")}}
	to := Target{Image: mustImage(t, "ghcr.io/acme/web:v2"), Fields: fields(t, "a.yaml:.tag", "a.yaml:.tag=version"), FieldsOnly: true}
	if _, err := Edit(files, to); !fault.Is(err, "E_FIELD") || !strings.Contains(err.Error(), "one for its tag and one for its version") {
		t.Errorf("%v", err)
	}
}

// An address that chooses by what it changes would be right once.
func TestChoiceByWhatChanges(t *testing.T) {
	files := fstest.MapFS{"a.yaml": {Data: []byte("list:\n- {image: 'ghcr.io/acme/web:v1', version: v1}\n")}}
	for _, field := range []string{`a.yaml:.list[image="ghcr.io/acme/web:v1"].version`, "a.yaml:.list[version=v1].version"} {
		to := Target{Image: mustImage(t, "ghcr.io/acme/web:v2"), Fields: fields(t, field)}
		if _, err := Edit(files, to); !fault.Is(err, "E_FIELD") || !strings.Contains(err.Error(), "which this edit changes") {
			t.Errorf("%s: %v", field, err)
		}
	}
	to := Target{Image: mustImage(t, "ghcr.io/acme/web:v1"), Fields: fields(t, "a.yaml:.list[version=v1].version")}
	if _, err := Edit(files, to); err != nil {
		t.Errorf("where it is so already: %v", err)
	}
}

// Without the search, no other file is read.
func TestFieldsOnlyReadsTheirFiles(t *testing.T) {
	files := onlyRead{fstest.MapFS{"a.yaml": {Data: []byte("tag: v1\n")}, "b.yaml": {Data: []byte("image: ghcr.io/acme/web:v1\n")}}, "a.yaml"}
	to := Target{Image: mustImage(t, "ghcr.io/acme/web:v2"), Fields: fields(t, "a.yaml:.tag"), FieldsOnly: true}
	if r, err := Edit(files, to); err != nil || len(r.Files) != 1 {
		t.Errorf("%v", err)
	}
}

// onlyRead fails where another file is read.
type onlyRead struct {
	fstest.MapFS
	name string
}

func (f onlyRead) ReadFile(name string) ([]byte, error) {
	if name != f.name {
		return nil, fs.ErrPermission
	}
	return f.MapFS.ReadFile(name)
}

func TestRoleOf(t *testing.T) {
	nginx := mustImage(t, "nginx").Repository
	tests := []struct {
		key, old string
		want     role
	}{
		{"tag", "v1", roleTag},
		{"newTag", "", roleTag},
		{"appVersion", "1.2.3", roleTag},
		{"version", "1.2.3", roleVersion},
		{"version", "v1.2.3", roleTag},
		{"version", "", roleVersion},
		{"digest", "", roleDigest},
		{"repository", "acme/web", roleName},
		{"repository", "acme/web:v1", roleImage},
		{"newName", "", roleName},
		{"image", "web", roleImage},
		{"workerImage", "", roleImage},
		{"image", oldDigest, roleDigest},
		{"value", "v1", roleTag},
		{"value", "web:v1", roleImage},
		{"value", "acme/web", roleImage},
		{"value", oldDigest, roleDigest},
		{"value", "v1@" + oldDigest, roleTag},
		{"value", "nginx@" + oldDigest, roleImage},
		{"value", "web:v1@" + oldDigest, roleImage},
		{"", "", roleTag},
	}
	for _, tt := range tests {
		if got := roleOf(tt.key, tt.old, nginx); got != tt.want {
			t.Errorf("%q: %q is %q, want %q", tt.key, tt.old, got, tt.want)
		}
	}
}
