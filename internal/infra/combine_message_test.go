package infra

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestCombinedMessage(t *testing.T) {
	long := strings.Repeat("ä", 100)
	cases := map[string]struct {
		messages []string
		want     string
	}{
		"alone":    {[]string{"web: v1 → v2\n\nTagboat-Image: web\n"}, "web: v1 → v2\n\nTagboat-Image: web\n"},
		"subjects": {[]string{"a\n", "b"}, "2 bumps: a; b\n\na\n\nb\n"},
		"trailers": {
			[]string{"web: 2\n\nTagboat-Image: web\nTagboat-To: 2\n", "api: 3\n\nBecause.\n\nOf that.\n\nTagboat-Image: api\nTagboat-To: 3\n  and more\n"},
			"2 bumps: web: 2; api: 3\n\nweb: 2\n\napi: 3\n\nBecause.\n\nOf that.\n\nTagboat-Image: web\nTagboat-To: 2\nTagboat-Image: api\nTagboat-To: 3\n  and more\n",
		},
		"no trailers": {
			[]string{"web: 2\n\nSee: this\nand that\n", "api\n\nTagboat-Image: api\n"},
			"2 bumps: web: 2; api\n\nweb: 2\n\nSee: this\nand that\n\napi\n\nTagboat-Image: api\n",
		},
		"long": {[]string{long, "b"}, "2 bumps: " + long + "; b\n\n" + long + "\n\nb\n"},
		"longer": {
			[]string{long, long},
			"2 bumps: " + long + "; ääääääää…\n\n" + long + "\n\n" + long + "\n",
		},
	}
	for name, c := range cases {
		var sets []ChangeSet
		for _, m := range c.messages {
			sets = append(sets, ChangeSet{Message: m})
		}
		if diff := cmp.Diff(c.want, combined(sets)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestOverlay(t *testing.T) {
	base := fstest.MapFS{"a/x": {Data: []byte("old"), Mode: 0o755}, "a/y": {Data: []byte("same"), Mode: 0o644}, "z": {Data: []byte("z"), Mode: 0o644}}
	files := map[string][]byte{"a/x": []byte("newer"), "a/new": []byte("new")}
	for _, added := range []bool{false, true} {
		o := overlay{base, files, added}
		if err := fstest.TestFS(o, "a/x", "a/y", "z"); err != nil {
			t.Error(err)
		}
		got := map[string]string{}
		for _, name := range []string{"a/x", "a/y", "a/new", "a/none", "z"} {
			if data, err := o.ReadFile(name); err == nil {
				got[name] = string(data)
			}
		}
		want := map[string]string{"a/x": "newer", "a/y": "same", "z": "z"}
		if added {
			want["a/new"] = "new"
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("added %v: %s", added, diff)
		}
		if info, err := o.Stat("a/x"); err != nil || info.Size() != 5 || info.Mode() != 0o755 {
			t.Errorf("got %v, %v", info, err)
		}
	}
}

// Edits that would write over what they have not seen are left for another commit.
func TestEditsThatDoNotFitTogether(t *testing.T) {
	base := fstest.MapFS{"x": {Data: []byte("old")}}
	write := func(names ...string) Edit {
		return func(*Snapshot) (ChangeSet, error) {
			c := ChangeSet{Files: map[string][]byte{}}
			for _, name := range names {
				c.Files[name] = []byte("mine")
			}
			return c, nil
		}
	}
	for name, c := range map[string]struct {
		edit Edit
		fits bool
	}{
		"another new file":   {write("dir/b"), true},
		"a file it has seen": {write("x"), true},
		"the same new file":  {write("dir/a"), false},
		"a folder as file":   {write("dir"), false},
		"a file as folder":   {write("dir/a/b"), false},
	} {
		b := &batch{on: &Snapshot{Files: base, Tree: base}, files: map[string][]byte{"x": []byte("new"), "dir/a": []byte("new")}}
		if set, err := b.try(c.edit, base); (err == nil) != c.fits {
			t.Errorf("%s: got %v, %v", name, set, err)
		}
	}
}
