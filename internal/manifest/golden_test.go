package manifest

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata/manifests")

// visible shows what an archive cannot hold or an editor would not show: ␍ is a
// carriage return, ␁ a byte order mark, and ␄ the end of a file that has no
// final newline.
var (
	visible = strings.NewReplacer("\r", "␍", "\uFEFF", "␁")
	real    = strings.NewReplacer("␍", "\r", "␁", "\uFEFF", "␄\n", "")
)

// TestGolden edits the files of every archive in testdata/manifests. The first
// lines of an archive say why it is there, `target:`, `pin:`, `field:`, `search:
// no` and `leave: yes` what to do. Its files under want/ are those whose bytes change, and `result` lists changes,
// warnings and errors; both are rewritten by -update.
func TestGolden(t *testing.T) {
	archives, err := filepath.Glob("../../testdata/manifests/*.txtar")
	if err != nil || len(archives) < 30 {
		t.Fatalf("%d archives, %v", len(archives), err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			golden(t, name)
		})
	}
}

func golden(t *testing.T, name string) {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	target := readTarget(t, string(archive.Comment))
	files := fstest.MapFS{}
	want := map[string]string{}
	got := &txtar.Archive{Comment: archive.Comment}
	for _, f := range archive.Files {
		if f.Name == "result" || strings.HasPrefix(f.Name, "want/") {
			want[f.Name] = string(f.Data)
			continue
		}
		got.Files = append(got.Files, f)
		files[f.Name] = &fstest.MapFile{Data: []byte(real.Replace(string(f.Data)))}
	}
	outcome := run(t, files, target)
	if !*update {
		if diff := cmp.Diff(want, outcome); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		return
	}
	for _, file := range slices.Sorted(maps.Keys(outcome)) {
		got.Files = append(got.Files, txtar.File{Name: file, Data: []byte(outcome[file])})
	}
	if err := os.WriteFile(name, txtar.Format(got), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readTarget(t *testing.T, comment string) Target {
	var to Target
	for line := range strings.Lines(comment) {
		if image, ok := strings.CutPrefix(line, "target: "); ok {
			parsed, err := ref.ParseImage(strings.TrimSpace(image))
			if err != nil {
				t.Fatal(err)
			}
			to.Image = parsed
		}
		if pin, ok := strings.CutPrefix(line, "pin: "); ok {
			to.Pin = Pin(strings.TrimSpace(pin))
		}
		if field, ok := strings.CutPrefix(line, "field: "); ok {
			address, err := ParseAddress(strings.TrimSpace(field))
			if err != nil {
				t.Fatal(err)
			}
			to.Fields = append(to.Fields, address)
		}
		to.FieldsOnly = to.FieldsOnly || line == "search: no\n"
		to.Leave = to.Leave || line == "leave: yes\n"
	}
	return to
}

// run edits the files and shows what came of it. It holds for every archive
// that a second edit changes nothing.
func run(t *testing.T, files fstest.MapFS, to Target) map[string]string {
	outcome := map[string]string{}
	var result strings.Builder
	r, err := Edit(files, to)
	for _, f := range fault.All(err) {
		fmt.Fprintf(&result, "%s %v\nhint: %s\n", f.Code, f, f.Hint)
	}
	if err == nil {
		for _, c := range r.Changes {
			fmt.Fprintf(&result, "%s:%d %s: %s -> %s\n", c.File, c.Line, c.Field, c.Old, c.New)
		}
		for _, w := range r.Warnings {
			fmt.Fprintf(&result, "warning: %s\n", w)
		}
		for file, data := range r.Files {
			outcome["want/"+file] = show(data)
		}
		settled(t, files, to, r)
	}
	outcome["result"] = result.String()
	return outcome
}

func show(data []byte) string {
	s := visible.Replace(string(data))
	if !strings.HasSuffix(s, "\n") {
		s += "␄\n"
	}
	return s
}

// settled edits the edited files, and wants nothing to change.
func settled(t *testing.T, files fs.FS, to Target, first *Result) {
	t.Helper()
	again, err := Edit(overlay(t, files, first.Files), to)
	if err != nil {
		t.Fatalf("the second edit: %v", err)
	}
	if again.Changed() || len(again.Changes) != len(first.Changes) {
		t.Errorf("the second edit changes %v", again.Changes)
	}
	for _, c := range again.Changes {
		if c.Old != c.New {
			t.Errorf("not settled: %v", c)
		}
	}
}

// overlay is files with some of them replaced.
func overlay(t *testing.T, files fs.FS, changed map[string][]byte) fstest.MapFS {
	t.Helper()
	all := fstest.MapFS{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		all[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range changed {
		all[name] = &fstest.MapFile{Data: data}
	}
	return all
}
