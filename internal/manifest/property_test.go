package manifest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// writer makes up a manifest, and beside it what an edit must make of it: both
// come from the same draws, so the expectation knows nothing of the code.
type writer struct {
	*rand.Rand
	was, want strings.Builder
}

func (w *writer) pick(choices ...string) string { return choices[w.IntN(len(choices))] }

// both writes the same to either text.
func (w *writer) both(format string, args ...any) {
	fmt.Fprintf(&w.was, format, args...)
	fmt.Fprintf(&w.want, format, args...)
}

var others = []string{"ghcr.io/acme/web-admin:v1", "quay.io/acme/web:v1", "nginx", "ghcr.io/acme/webs:v1", "ghcr.io/acme/we:v1"}

// image writes a reference, in one of the quotes, and what becomes of it.
func (w *writer) image(to Target) {
	was := w.pick("ghcr.io/acme/web", "ghcr.io/acme/web:v1", "ghcr.io/acme/web:1.20", "ghcr.io/acme/web@"+oldDigest, "ghcr.io/acme/web:v1@"+oldDigest)
	hasDigest, hasTag := strings.Contains(was, "@"), strings.Contains(strings.TrimSuffix(was, "@"+oldDigest), ":")
	want := "ghcr.io/acme/web"
	if to.Pin == PinBoth || to.Pin == PinTag && (hasTag || !hasDigest) {
		want += ":" + string(to.Image.Tag)
	}
	if to.Pin != PinTag || hasDigest {
		want += "@" + newDigest
	}
	if w.IntN(3) == 0 {
		was = w.pick(others...)
		want = was
	}
	quote := w.pick("", "", "'", `"`)
	fmt.Fprint(&w.was, quote+was+quote)
	fmt.Fprint(&w.want, quote+want+quote)
}

// document writes a workload.
func (w *writer) document(to Target) {
	w.both("%s", w.pick("", "# ghcr.io/acme/web:v1 日本\n", "\n\n", "#\ttab\n"))
	w.both("apiVersion: %s\nkind: %s\n", w.pick("v1", "apps/v1", `"example.com/v1"`), w.pick("Pod", "Deployment", "Fleet # 🚢"))
	w.both("%s", w.pick("", "metadata:\n  annotations: {image: 'ghcr.io/acme/web:v1'}\n"))
	indent := w.pick("  ", "    ", " ")
	w.both("spec:\n%s%s:\n", indent, w.pick("containers", "initContainers", "'ephemeralContainers'"))
	for range 1 + w.IntN(4) {
		w.both("%s-%s", indent, w.pick(" ", "   "))
		switch w.IntN(4) {
		case 0:
			w.both("{%s", w.pick("", "name: ö, ", "'é🚢': [x, y], "))
			w.both("image: ")
			w.image(to)
			w.both("%s}", w.pick("", " ", ", stdin: true", " ,tty: true"))
		case 1:
			w.both("image: %s\n%s        ", w.pick("", "# why", "&anchor", "!!str"), indent)
			w.image(to)
		default:
			w.both("image:%s", w.pick(" ", "    ", "\t", " &x ", " !!str "))
			w.image(to)
		}
		w.both("%s\n", w.pick("", " # ghcr.io/acme/web:v1", "\t#x", "   "))
	}
}

// Whatever a manifest looks like, its references change and nothing else does;
// and moving it back and forth settles on the same bytes.
func TestOnlyReferencesChange(t *testing.T) {
	image, err := ref.ParseImage("ghcr.io/acme/web:v1.2.3@" + newDigest)
	if err != nil {
		t.Fatal(err)
	}
	edited := 0
	for seed := range uint64(3000) {
		w := writer{Rand: rand.New(rand.NewPCG(seed, 0))}
		to := Target{Image: image, Pin: Pin(w.pick("tag", "digest", "both"))}
		w.both("%s", w.pick("", "", "---\n", "\uFEFF", "%YAML 1.1\n---\n"))
		for i := range 1 + w.IntN(3) {
			if i > 0 {
				w.both("---\n")
			}
			w.document(to)
		}
		was, want := w.was.String(), w.want.String()
		if w.IntN(4) == 0 {
			was, want = strings.ReplaceAll(was, "\n", "\r\n"), strings.ReplaceAll(want, "\n", "\r\n")
		}
		if w.IntN(4) == 0 {
			was, want = strings.TrimRight(was, "\r\n"), strings.TrimRight(want, "\r\n")
		}
		files := fstest.MapFS{"a.yaml": {Data: []byte(was)}}
		r, err := Edit(files, to)
		if err != nil {
			if was != want {
				t.Fatalf("seed %d: %v in\n%s", seed, err, was)
			}
			continue
		}
		got := was
		if r.Changed() {
			got = string(r.Files["a.yaml"])
			edited++
		}
		if got != want {
			t.Fatalf("seed %d, in\n%s\n(-want +got)\n%s", seed, was, cmp.Diff(want, got))
		}
		settled(t, files, to, r)
	}
	if edited < 2000 {
		t.Errorf("only %d files were edited", edited)
	}
}

// There and back again is where it began.
func TestThereAndBack(t *testing.T) {
	there, back := Target{Image: mustImage(t, "ghcr.io/acme/web:1.20")}, Target{Image: mustImage(t, "ghcr.io/acme/web:v1")}
	const was = "apiVersion: v1\r\nkind: Pod\r\nspec: {containers: [{image: ghcr.io/acme/web:v1 }]} # x"
	files := fstest.MapFS{
		"pod.yaml":           {Data: []byte(was)},
		"kustomization.yaml": {Data: []byte("images:\n- name:  ghcr.io/acme/web\n  newTag:  'v1' # c\n")},
	}
	first, err := Edit(files, there)
	if err != nil {
		t.Fatal(err)
	}
	moved := overlay(t, files, first.Files)
	second, err := Edit(moved, back)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range overlay(t, moved, second.Files) {
		if diff := cmp.Diff(string(files[name].Data), string(f.Data)); diff != "" {
			t.Errorf("%s (-was +is)\n%s", name, diff)
		}
	}
}

func mustImage(t testing.TB, s string) ref.Image {
	t.Helper()
	image, err := ref.ParseImage(s)
	if err != nil {
		t.Fatal(err)
	}
	return image
}
