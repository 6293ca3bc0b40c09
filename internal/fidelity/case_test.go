// Package fidelity holds files as people write them, in each of which one image
// moves, and what tools make of them: the exact bytes, other bytes of the same
// data, other data, or a refusal. `make fidelity` prints docs/fidelity.md.
package fidelity

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// sample is an archive of testdata: a file before and after the edit, under a
// comment that says in its first line what the file is about, and then what to do:
//
//	image: what tagboat is told, and pin, where it is not tag
//	set: a field and its new value, for tools that are told fields; one line each
//	kustomize: what `kustomize edit set image` is told, where it can be told at all
//	refuse: why refusing is right as well
type sample struct {
	name, about string
	image       ref.Image
	pin         string
	sets        []set
	kustomize   string
	refuse      string
	file        string // its name, which some tools go by
	in, want    []byte
}

// set is a field to be changed.
type set struct {
	at    address
	inner *address // in the YAML text that the field holds
	value string
}

// address leads to a field: from a document through keys and positions.
type address struct {
	document int
	steps    []step
}

// step is a key, or a position where key is "".
type step struct {
	key   string
	index int
}

// visible are the signs of testdata for what an archive cannot hold or an editor
// would not show: a carriage return, a byte order mark, a space at the end of a
// line, a tab, and the end of a file that has no final newline.
var visible = strings.NewReplacer("␍", "\r", "␁", "\uFEFF", "␠", " ", "␉", "\t", "␄\n", "")

// samples reads testdata, in the order of the names.
func samples(t *testing.T) (all []sample) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, newSample(t, strings.TrimSuffix(filepath.Base(file), ".txtar"), archive))
	}
	return all
}

func newSample(t *testing.T, name string, archive *txtar.Archive) sample {
	t.Helper()
	if len(archive.Files) != 2 || archive.Files[1].Name != "want" {
		t.Fatalf("%s: an archive is a file and what is wanted of it", name)
	}
	s := sample{
		name: name,
		file: archive.Files[0].Name,
		in:   []byte(visible.Replace(string(archive.Files[0].Data))),
		want: []byte(visible.Replace(string(archive.Files[1].Data))),
	}
	about, todo, _ := strings.Cut(string(archive.Comment), "\n")
	s.about = about
	for line := range strings.Lines(todo) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch word {
		case "":
		case "image":
			image, err := ref.ParseImage(rest)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			s.image = image
		case "pin":
			s.pin = rest
		case "set":
			s.sets = append(s.sets, newSet(t, rest))
		case "kustomize":
			s.kustomize = rest
		case "refuse":
			s.refuse = rest
		default:
			t.Fatalf("%s: %q is not understood", name, line)
		}
	}
	return s
}

// newSet reads `.spec.containers[0].image VALUE`, or `.helm.values | .image.tag VALUE`.
func newSet(t *testing.T, line string) set {
	t.Helper()
	space := strings.LastIndexByte(line, ' ')
	s := set{value: line[space+1:]}
	outer, inner, nested := strings.Cut(line[:space], " | ")
	s.at = newAddress(t, outer)
	if nested {
		in := newAddress(t, inner)
		s.inner = &in
	}
	return s
}

var stepForm = regexp.MustCompile(`^(?:\.([A-Za-z0-9_-]+)|\."([^"]+)"|\[([0-9]+)\])`)

func newAddress(t *testing.T, path string) address {
	t.Helper()
	var a address
	for first := true; path != ""; first = false {
		m := stepForm.FindStringSubmatch(path)
		if m == nil {
			t.Fatalf("%q is no path", path)
		}
		path = path[len(m[0]):]
		index, _ := strconv.Atoi(m[3]) // digits, or a key
		if first && m[3] != "" {
			a.document = index
			continue
		}
		a.steps = append(a.steps, step{m[1] + m[2], index})
	}
	return a
}

// format writes the address with the forms of a tool for a key and a position.
func (a address) format(key, index func(step) string) string {
	var b strings.Builder
	for _, s := range a.steps {
		if s.key == "" {
			b.WriteString(index(s))
		} else {
			b.WriteString(key(s))
		}
	}
	return b.String()
}
