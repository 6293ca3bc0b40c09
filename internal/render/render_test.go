package render

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/ref"
)

var update = flag.Bool("update", false, "rewrite what the archives expect")

// scenario is an archive: the repository, a change of it, and what comes of that.
// Its first lines say, one a line, what happens:
//
//	image REFERENCE           what is wanted
//	edit FILE FIELD OLD NEW   OLD becomes NEW at its first place in the file, as intended
//	also FILE OLD NEW         the same at every place, and nobody intended it
type scenario struct {
	files   fstest.MapFS
	changed map[string][]byte
	want    Want
}

func read(t testing.TB, archive *txtar.Archive) scenario {
	t.Helper()
	s := scenario{files: fstest.MapFS{}, changed: map[string][]byte{}}
	for _, f := range archive.Files {
		if f.Name != "want" {
			s.files[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	for line := range strings.Lines(string(archive.Comment)) {
		w := append(strings.Fields(line), "", "", "", "", "")
		var err error
		switch w[0] {
		case "image":
			s.want.Image, err = ref.ParseImage(w[1])
		case "edit":
			was := s.content(t, w[1])
			place := regexp.MustCompile(regexp.QuoteMeta(w[3]) + `([^A-Za-z0-9]|$)`).FindIndex(was)
			if place == nil {
				t.Fatalf("%s does not hold %q", w[1], w[3])
			}
			at := place[0]
			s.changed[w[1]] = slices.Concat(was[:at], []byte(w[4]), was[at+len(w[3]):])
			s.want.Changes = append(s.want.Changes, manifest.Change{
				File: w[1], Line: 1 + bytes.Count(was[:at], []byte("\n")), Field: w[2], Old: w[3], New: w[4]})
		case "also":
			s.changed[w[1]] = bytes.ReplaceAll(s.content(t, w[1]), []byte(w[2]), []byte(w[3]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s scenario) content(t testing.TB, name string) []byte {
	t.Helper()
	if data, ok := s.changed[name]; ok {
		return data
	}
	if f := s.files[name]; f != nil {
		return f.Data
	}
	t.Fatalf("there is no %s", name)
	return nil
}

func (s scenario) kustomizations() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		if strings.HasPrefix(strings.ToLower(filepath.Base(name)), "kustomization") {
			names = append(names, name)
		}
	}
	return names
}

func (s scenario) check() (*Report, error) {
	return Check(s.files, s.kustomizations(), s.changed, s.want)
}

// told is a report with its errors, as text.
func told(r *Report, err error) string {
	var b strings.Builder
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "%s: %s %s: %s → %s\n", c.Kustomization, c.Object, c.Field, c.Old, c.New)
	}
	for _, u := range r.Unverified {
		fmt.Fprintf(&b, "unverified %s: %s\n", u.Kustomization, u.Reason)
	}
	for _, f := range fault.All(err) {
		fmt.Fprintf(&b, "%s %v\n  hint: %s\n", f.Code, f, f.Hint)
	}
	return b.String()
}

func archives(t testing.TB) map[string]*txtar.Archive {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d archives, %v", len(paths), err)
	}
	all := map[string]*txtar.Archive{}
	for _, path := range paths {
		if all[path], err = txtar.ParseFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestCheck(t *testing.T) {
	for path, archive := range archives(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			s := read(t, archive)
			got := told(s.check())
			last := len(archive.Files) - 1
			if last < 0 || archive.Files[last].Name != "want" {
				archive.Files = append(archive.Files, txtar.File{Name: "want"})
				last++
			}
			if *update {
				archive.Files[last].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(archive.Files[last].Data), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
