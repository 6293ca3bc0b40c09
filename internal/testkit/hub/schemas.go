package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// schemas are GitHub's own descriptions of its interfaces, in the folder to which
// .ci/schemas fetches them. One that is missing is not checked against.
type schemas struct {
	missing error // why nothing is checked; nil where both are there
	graph   *ast.Schema
	paths   map[string]map[string]json.RawMessage // by path without the names of its parts, then by method

	mu       sync.Mutex // compiler is for one at a time
	compiler *jsonschema.Compiler
}

// described loads the descriptions once for all tests of a process, in some 40 ms.
var described = sync.OnceValue(func() *schemas {
	s := &schemas{}
	s.missing = s.load()
	return s
})

// Checked says why requests are not checked against GitHub's descriptions; nil is
// that they are.
func Checked() error { return described().missing }

func (s *schemas) load() error {
	dir, err := schemaFolder()
	if err != nil {
		return err
	}
	graph, err := newest(dir, "graphql-*.graphql")
	if err != nil {
		return err
	}
	rest, err := newest(dir, "openapi-*.json")
	if err != nil {
		return err
	}
	if err := s.loadGraph(graph); err != nil {
		return err
	}
	return s.loadREST(rest)
}

// schemaFolder is .cache/schemas of the module that a test runs in.
func schemaFolder() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, ".cache", "schemas"), nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("there is no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

func newest(dir, pattern string) ([]byte, error) {
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errors.New("run .ci/schemas: there is no " + pattern + " in .cache/schemas")
	}
	return os.ReadFile(slices.Max(found))
}

// loadGraph reads the schema. The published one defines some fields twice.
func (s *schemas) loadGraph(text []byte) error {
	doc, err := parser.ParseSchemas(validator.Prelude, &ast.Source{Name: "github.graphql", Input: string(text)})
	if err != nil {
		return err
	}
	for _, d := range doc.Definitions {
		seen := map[string]bool{}
		d.Fields = slices.DeleteFunc(d.Fields, func(f *ast.FieldDefinition) bool {
			twice := seen[f.Name]
			seen[f.Name] = true
			return twice
		})
	}
	s.graph, err = validator.ValidateSchemaDocument(doc)
	return err
}

// restName names the description of REST for the references in it.
const restName = "https://github.invalid/openapi.json"

// unnamed is a path without the names of its parts, which differ between the hub
// and the description.
func unnamed(path string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(path, "{") {
		if _, rest, open := strings.Cut(part, "}"); open {
			part = "{}" + rest
		}
		b.WriteString(part)
	}
	return b.String()
}

func (s *schemas) loadREST(text []byte) error {
	var whole any
	if err := json.Unmarshal(text, &whole); err != nil {
		return err
	}
	s.compiler = jsonschema.NewCompiler()
	s.compiler.DefaultDraft(jsonschema.Draft4) // whose exclusiveMinimum is OpenAPI's
	if err := s.compiler.AddResource(restName, whole); err != nil {
		return err
	}
	var parts struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &parts); err != nil {
		return err
	}
	s.paths = map[string]map[string]json.RawMessage{}
	for path, operations := range parts.Paths {
		operations["path"] = json.RawMessage(fmt.Sprintf("%q", path))
		s.paths[unnamed(path)] = operations
	}
	return nil
}
