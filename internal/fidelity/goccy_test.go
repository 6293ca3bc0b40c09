package fidelity

import (
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// goccyReplace puts a new node in the place of the old one.
func goccyReplace(_ *testing.T, s sample) ([]byte, error) {
	return goccy(s, func(path *yaml.Path, doc *ast.File, value string) error {
		text, err := yaml.Marshal(value)
		if err != nil {
			return err
		}
		return path.ReplaceWithReader(doc, strings.NewReader(string(text)))
	})
}

// goccyValue changes the old node, and quotes it where goccy says so; what is no
// string yet is replaced.
func goccyValue(t *testing.T, s sample) ([]byte, error) {
	return goccy(s, func(path *yaml.Path, doc *ast.File, value string) error {
		node, err := path.FilterFile(doc)
		if err != nil {
			return err
		}
		if anchor, ok := node.(*ast.AnchorNode); ok {
			node = anchor.Value
		}
		if tagged, ok := node.(*ast.TagNode); ok {
			node = tagged.Value
		}
		if node, ok := node.(*ast.StringNode); ok {
			node.Value = value
			if node.Token.Type == token.StringType && token.IsNeedQuoted(value) {
				node.Token.Type = token.DoubleQuoteType
			}
			return nil
		}
		text, err := yaml.Marshal(value)
		if err != nil {
			return err
		}
		return path.ReplaceWithReader(doc, strings.NewReader(string(text)))
	})
}

func goccy(s sample, change func(path *yaml.Path, doc *ast.File, value string) error) (out []byte, err error) {
	file, err := parser.ParseBytes(s.in, parser.ParseComments)
	if err != nil {
		return s.in, err
	}
	docs := goccyDocuments(file)
	for _, set := range s.sets {
		if set.at.document >= len(docs) {
			return s.in, fmt.Errorf("there are %d documents", len(docs))
		}
		path, err := goccyPath(set.at)
		if err != nil {
			return s.in, err
		}
		doc := &ast.File{Docs: docs[set.at.document : set.at.document+1]}
		value := set.value
		if set.inner != nil {
			if value, err = goccyInner(path, doc, set, change); err != nil {
				return s.in, err
			}
		}
		if err := change(path, doc, value); err != nil {
			return s.in, err
		}
	}
	return []byte(file.String()), nil
}

// goccyDocuments are the documents of a file that are more than comments.
func goccyDocuments(file *ast.File) (docs []*ast.DocumentNode) {
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType && doc.Body.Type() != ast.DirectiveType {
			docs = append(docs, doc)
		}
	}
	return docs
}

// goccyInner edits the text that a field holds in the same way.
func goccyInner(path *yaml.Path, doc *ast.File, s set, change func(*yaml.Path, *ast.File, string) error) (string, error) {
	var text string
	node, err := path.FilterFile(doc)
	if err != nil {
		return "", err
	}
	if err := yaml.NodeToValue(node, &text); err != nil {
		return "", err
	}
	out, err := goccy(sample{in: []byte(text), sets: []set{{at: *s.inner, value: s.value}}}, change)
	return string(out), err
}

func goccyPath(a address) (*yaml.Path, error) {
	return yaml.PathString("$" + a.format(
		func(s step) string {
			if strings.ContainsAny(s.key, "./") {
				return ".'" + s.key + "'"
			}
			return "." + s.key
		},
		func(s step) string { return fmt.Sprintf("[%d]", s.index) }))
}
