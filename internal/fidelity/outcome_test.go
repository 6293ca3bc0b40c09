package fidelity

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
	k8s "sigs.k8s.io/yaml"
)

// outcome is what a tool made of a file.
type outcome string

const (
	exact   outcome = "exact"
	noise   outcome = "noise"      // other bytes, the same data
	wrong   outcome = "wrong data" // also a file that cannot be read any more, and one left as it was without an error
	refused outcome = "refused"    // an error, and the file is untouched
	none    outcome = "–"          // the tool does not edit such files
)

// judge compares what a tool left of a file with what is wanted. A file that no
// reader can read even when it is right is judged by its bytes alone.
func judge(s sample, got []byte, err error) outcome {
	if bytes.Equal(got, s.in) && err != nil {
		return refused
	}
	if bytes.Equal(got, s.want) && err == nil {
		return exact
	}
	want := s.views(s.want)
	if len(want) > 0 && cmp.Equal(want, s.views(got), cmpopts.EquateNaNs()) {
		return noise
	}
	return wrong
}

// views are the values that readers see in a text, by reader, without the readers
// that cannot read it. A kustomization is what kustomize sees in it.
func (s sample) views(text []byte) map[string][]any {
	if s.kustomize != "" {
		if k, ok := asKustomize(text); ok {
			return map[string][]any{"kustomize": {k}}
		}
		return nil
	}
	all := map[string][]any{}
	if documents := asYAML(text); documents != nil {
		all["go"] = documents
	}
	if documents := asKubectl(text); documents != nil {
		all["kubectl"] = documents
	}
	for _, set := range s.sets {
		for _, documents := range all {
			if set.inner != nil && set.at.document < len(documents) {
				unfold(documents[set.at.document], set.at.steps)
			}
		}
	}
	return all
}

// asYAML reads every document as Go programs do; empty ones do not count.
func asYAML(text []byte) (documents []any) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var v any
		err := dec.Decode(&v)
		switch {
		case errors.Is(err, io.EOF):
			return documents
		case err != nil:
			return nil
		case v != nil:
			documents = append(documents, v)
		}
	}
}

var (
	separator = regexp.MustCompile(`(?m)^---([ \t].*)?\r?$`)
	nothing   = regexp.MustCompile(`^(\s*([#%].*)?\n?)*$`)
)

// asKubectl splits at the lines `---` and reads YAML 1.1 as JSON, as kubectl,
// kustomize and Argo CD do.
func asKubectl(text []byte) (documents []any) {
	for _, part := range separator.Split(string(bytes.TrimPrefix(text, []byte("\uFEFF"))), -1) {
		if nothing.MatchString(part) {
			continue
		}
		data, err := k8s.YAMLToJSON([]byte(part))
		if err != nil {
			return nil
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			return nil
		}
		documents = append(documents, v)
	}
	return documents
}

// asKustomize reads a kustomization: fields that have other names today, the type
// that may be left out and the order of the images make no difference.
func asKustomize(text []byte) (string, bool) {
	var k types.Kustomization
	if err := k.Unmarshal(text); err != nil {
		return "", false
	}
	k.FixKustomization()
	slices.SortFunc(k.Images, func(a, b types.Image) int { return strings.Compare(a.Name, b.Name) })
	data, err := json.Marshal(k)
	return string(data), err == nil
}

// unfold replaces a text that holds YAML by its documents.
func unfold(v any, steps []step) {
	for i, s := range steps {
		last := i == len(steps)-1
		switch parent := v.(type) {
		case map[string]any:
			if text, ok := parent[s.key].(string); ok && last {
				parent[s.key] = asYAML([]byte(text))
			}
			v = parent[s.key]
		case []any:
			if s.key != "" || s.index >= len(parent) {
				return
			}
			v = parent[s.index]
		}
	}
}
