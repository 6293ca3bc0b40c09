package fidelity

import (
	"bytes"
	"fmt"
	"strconv"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// kyamlString puts new nodes in the place of the old ones. It reads one document:
// of a stream, the rest is lost.
func kyamlString(_ *testing.T, s sample) ([]byte, error) {
	node, err := yaml.Parse(string(s.in))
	if err != nil {
		return s.in, err
	}
	for _, set := range s.sets {
		if err := kyamlSet(node, set, kyamlReplace); err != nil {
			return s.in, err
		}
	}
	out, err := node.String()
	if err != nil {
		return s.in, err
	}
	return []byte(out), nil
}

// kyamlStream reads and writes as functions of kustomize do, and changes the old
// nodes, which keeps their comments and anchors.
func kyamlStream(_ *testing.T, s sample) ([]byte, error) {
	in := kio.ByteReader{Reader: bytes.NewReader(s.in), PreserveSeqIndent: true, WrapBareSeqNode: true, DisableUnwrapping: true}
	nodes, err := in.Read()
	if err != nil {
		return s.in, err
	}
	for _, set := range s.sets {
		if set.at.document >= len(nodes) {
			return s.in, fmt.Errorf("there are %d documents", len(nodes))
		}
		if err := kyamlSet(nodes[set.at.document], set, kyamlValue); err != nil {
			return s.in, err
		}
	}
	var out bytes.Buffer
	if err := (kio.ByteWriter{Writer: &out}).Write(nodes); err != nil {
		return s.in, err
	}
	return out.Bytes(), nil
}

// kyamlSet changes a field, or a field in the text that a field holds.
func kyamlSet(node *yaml.RNode, s set, change func(*yaml.RNode, []string, string) error) error {
	steps := kyamlPath(s.at)
	if s.inner == nil {
		return change(node, steps, s.value)
	}
	text, err := kyamlGet(node, steps)
	if err != nil {
		return err
	}
	inner, err := yaml.Parse(text.YNode().Value)
	if err != nil {
		return err
	}
	if err := change(inner, kyamlPath(*s.inner), s.value); err != nil {
		return err
	}
	value, err := inner.String()
	if err != nil {
		return err
	}
	return change(node, steps, value)
}

// kyamlReplace sets a field of a mapping, or an item of a sequence.
func kyamlReplace(node *yaml.RNode, steps []string, value string) error {
	last := len(steps) - 1
	if _, err := strconv.Atoi(steps[last]); err == nil {
		return node.PipeE(yaml.Lookup(steps...), yaml.FieldSetter{Value: yaml.NewStringRNode(value)})
	}
	return node.PipeE(yaml.Lookup(steps[:last]...), yaml.SetField(steps[last], yaml.NewStringRNode(value)))
}

func kyamlValue(node *yaml.RNode, steps []string, value string) error {
	found, err := kyamlGet(node, steps)
	if err != nil {
		return err
	}
	scalar := found.YNode()
	if scalar.Kind == yaml.AliasNode { // a value of its own from here on
		*scalar = yaml.Node{Kind: yaml.ScalarNode, LineComment: scalar.LineComment}
	}
	scalar.Value, scalar.Tag = value, yaml.NodeTagString
	if scalar.Style == 0 && yaml.IsYaml1_1NonString(scalar) {
		scalar.Style = yaml.DoubleQuotedStyle
	}
	return nil
}

func kyamlGet(node *yaml.RNode, steps []string) (*yaml.RNode, error) {
	found, err := node.Pipe(yaml.Lookup(steps...))
	if err == nil && found == nil {
		err = fmt.Errorf("%v is not there", steps)
	}
	return found, err
}

func kyamlPath(a address) (steps []string) {
	for _, s := range a.steps {
		if s.key == "" {
			steps = append(steps, strconv.Itoa(s.index))
		} else {
			steps = append(steps, s.key)
		}
	}
	return steps
}
