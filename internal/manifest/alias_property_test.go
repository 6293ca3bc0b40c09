package manifest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// sharer makes up values of a chart in which anchors, aliases and merge keys
// share whatever they can, between our image and others.
type sharer struct {
	*rand.Rand
	strings.Builder
	scalars, mappings []string // anchors so far
}

func (s *sharer) pick(choices ...string) string { return choices[s.IntN(len(choices))] }

// scalar is one with an anchor, or an alias, or neither.
func (s *sharer) scalar(value string) string {
	switch s.IntN(4) {
	case 0:
		name := fmt.Sprintf("s%d", len(s.scalars))
		s.scalars = append(s.scalars, name)
		return "&" + name + " " + value
	case 1:
		if len(s.scalars) > 0 {
			return "*" + s.pick(s.scalars...) + " "
		}
	}
	return value
}

// mapping has some of the fields of an image, and merges.
func (s *sharer) mapping(depth int) string {
	var fields []string
	if len(s.mappings) > 0 && s.IntN(2) == 0 {
		sources := "*" + s.pick(s.mappings...) + " "
		if s.IntN(3) == 0 {
			sources = "[" + sources + ", *" + s.pick(s.mappings...) + " ]"
		}
		fields = append(fields, "<<: "+sources)
	}
	add := func(key, value string) {
		if s.IntN(2) == 0 {
			fields = append(fields, key+": "+s.scalar(value))
		}
	}
	add("registry", s.pick("ghcr.io", "quay.io"))
	add("repository", s.pick("acme/web", "ghcr.io/acme/web", "ghcr.io/acme/api"))
	add("tag", s.pick("v1", "v2", `"1.20"`))
	add("image", s.pick("ghcr.io/acme/web:v1", "ghcr.io/acme/web-admin:v1", "ghcr.io/acme/web"))
	add("version", s.pick("v1", "v2"))
	if depth < 2 {
		for _, key := range []string{"image", "labels", "x"} {
			if s.IntN(4) == 0 && !slices.ContainsFunc(fields, func(f string) bool { return strings.HasPrefix(f, key+":") }) {
				fields = append(fields, key+": "+s.value(depth+1))
			}
		}
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// value is a mapping, with an anchor, or an alias of one.
func (s *sharer) value(depth int) string {
	if len(s.mappings) > 0 && s.IntN(6) == 0 {
		return "*" + s.pick(s.mappings...) + " "
	}
	text := s.mapping(depth)
	if s.IntN(2) == 0 {
		name := fmt.Sprintf("m%d", len(s.mappings))
		s.mappings = append(s.mappings, name)
		return "&" + name + " " + text
	}
	return text
}

// flat are the values that a reader sees, by their paths.
func flat(all map[string]string, at path, value any) {
	switch value := value.(type) {
	case map[string]any:
		for k, v := range value {
			flat(all, at.to(key(k)), v)
		}
	case []any:
		for i, v := range value {
			flat(all, at.to(item(i)), v)
		}
	default:
		all[at.String()] = fmt.Sprint(value)
	}
}

func seen(t *testing.T, src []byte) map[string]string {
	t.Helper()
	var value any
	if err := yaml.Unmarshal(src, &value); err != nil {
		t.Fatalf("%v in\n%s", err, src)
	}
	all := map[string]string{}
	flat(all, nil, value)
	return all
}

// moved are the bytes that an edit leads to.
func moved(t *testing.T, files fstest.MapFS, to Target) []byte {
	t.Helper()
	r, err := Edit(files, to)
	if err != nil {
		t.Fatalf("%v in\n%s", err, files["values.yaml"].Data)
	}
	return overlay(t, files, r.Files)["values.yaml"].Data
}

// Whatever is shared with whatever, a reader sees what the changes tell and
// nothing else, and it does not matter which way leads to a tag.
func TestWhatIsSharedChangesAsTold(t *testing.T) {
	there, back := Target{Image: mustImage(t, "ghcr.io/acme/web:v9"), Leave: true}, Target{Image: mustImage(t, "ghcr.io/acme/web:v1"), Leave: true}
	edited := 0
	for seed := range uint64(4000) {
		s := sharer{Rand: rand.New(rand.NewPCG(seed, 7))}
		for i := range 2 + s.IntN(4) {
			fmt.Fprintf(&s, "%s%d: %s\n", s.pick("x-", "web", "api", "tag", "image"), i, s.value(0))
		}
		src := []byte(s.String())
		was := seen(t, src)
		files := fstest.MapFS{"values.yaml": {Data: src}}
		r, err := Edit(files, there)
		if err != nil {
			continue // what is shared with others
		}
		if !r.Changed() {
			continue
		}
		edited++
		want, is := was, seen(t, r.Files["values.yaml"])
		for _, c := range r.Changes {
			if want[c.Field] != c.Old {
				t.Fatalf("seed %d: %v was %q in\n%s", seed, c, want[c.Field], src)
			}
			want[c.Field] = c.New
		}
		if diff := cmp.Diff(want, is); diff != "" {
			t.Fatalf("seed %d, in\n%s\n(-told +is)\n%s%s", seed, src, diff, r.Files["values.yaml"])
		}
		settled(t, files, there, r)
		if !bytes.Equal(moved(t, overlay(t, files, r.Files), back), moved(t, files, back)) {
			t.Fatalf("seed %d: by way of v9, v1 is something else, in\n%s", seed, src)
		}
	}
	if edited < 1000 {
		t.Errorf("only %d files were edited", edited)
	}
}
