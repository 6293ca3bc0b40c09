package fidelity

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"testing/fstest"

	"github.com/seed-96940006/tagboat/internal/manifest"
)

// tool is one way to edit a file. Where it fails, it gives what it left of the file.
type tool struct {
	name string // short, for a column
	call string // what is called, for the page
	edit func(t *testing.T, s sample) ([]byte, error)
}

// ours edits as the verb bump does.
var ours = tool{"tagboat", "`tagboat bump`", func(_ *testing.T, s sample) ([]byte, error) {
	files := fstest.MapFS{s.file: {Data: s.in}}
	result, err := manifest.Edit(files, manifest.Target{Image: s.image, Pin: manifest.Pin(s.pin)})
	if err != nil {
		return s.in, err
	}
	if out, ok := result.Files[s.file]; ok {
		return out, nil
	}
	return s.in, nil
}}

// peers are what people use today, each in the ways that its makers recommend.
var peers = []tool{
	{"yq", "`yq -i '.path = strenv(VALUE)'`", func(t *testing.T, s sample) ([]byte, error) { return yq(t, s) }},
	{"yq -c", "`yq -i -c …`, with compact sequences", func(t *testing.T, s sample) ([]byte, error) { return yq(t, s, "-c") }},
	{"kyaml", "`yaml.Parse`, `PipeE(Lookup(…), SetField(…))`, `String`", kyamlString},
	{"kyaml kio", "`kio.ByteReader{PreserveSeqIndent: true}`, `Lookup(…)`, `YNode().Value = …`, `kio.ByteWriter`", kyamlStream},
	{"goccy", "`parser.ParseBytes(…, ParseComments)`, `Path.ReplaceWithReader`, `String`", goccyReplace},
	{"goccy value", "the same, but the text of the `ast.StringNode` is set, and quoted where `token.IsNeedQuoted`", goccyValue},
	{"kustomize", "`kustomize edit set image`", kustomize},
}

// binary is a program that .ci/tools has installed.
func binary(t *testing.T, name string) string {
	t.Helper()
	file, err := filepath.Abs("../../.cache/tools/" + name)
	if err == nil {
		_, err = os.Stat(file)
	}
	if err != nil {
		t.Fatalf("%v; `.ci/tools %s` installs it", err, name)
	}
	return file
}

// program edits the file of a sample with a program, in a folder of its own.
func program(t *testing.T, s sample, env []string, args ...string) ([]byte, error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, s.file)
	if err := os.WriteFile(file, s.in, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	text, failed := cmd.CombinedOutput()
	if failed != nil {
		failed = fmt.Errorf("%w: %s", failed, text)
	}
	out, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return out, failed
}

// yq sets one field after the other, each in a run, as scripts do.
func yq(t *testing.T, s sample, flags ...string) ([]byte, error) {
	for _, set := range s.sets {
		field := "." + yqPath(set.at)
		if len(asYAML(s.in)) > 1 {
			field = fmt.Sprintf("select(document_index == %d) | %s", set.at.document, field)
		}
		expression := fmt.Sprintf("(%s) = strenv(VALUE)", field)
		if set.inner != nil {
			expression = fmt.Sprintf("(%s) |= (from_yaml | .%s = strenv(VALUE) | to_yaml)", field, yqPath(*set.inner))
		}
		args := append([]string{binary(t, "yq"), "-i"}, flags...)
		out, err := program(t, s, []string{"VALUE=" + set.value}, append(args, expression, s.file)...)
		if err != nil {
			return out, err
		}
		s.in = out
	}
	return s.in, nil
}

func yqPath(a address) string {
	path := a.format(
		func(s step) string { return "." + strconv.Quote(s.key) },
		func(s step) string { return fmt.Sprintf("[%d]", s.index) })
	return path[1:] // the first dot stands before it
}

func kustomize(t *testing.T, s sample) ([]byte, error) {
	return program(t, s, nil, binary(t, "kustomize"), "edit", "set", "image", s.kustomize)
}
