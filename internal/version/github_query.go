package version

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/github"
)

// The parts of the queries, in GraphQL. docs.github.com/graphql/reference describes
// the objects.
const (
	datedFragments = `fragment Dated on GitObject { oid ... on Commit { committedDate } }
fragment Peeled on GitObject { ...Dated ... on Tag { target { ...Dated ... on Tag { target { ...Dated } } } } }
`
	lineFragment = "fragment Line on GitObject { oid ... on Commit { committedDate history(first: 100) { nodes { oid } } } }\n"

	placeFields = "... on Commit { parents(first: 1) { nodes { oid } } all: history { totalCount } }"

	refFields  = "name prefix target { ...Peeled }"
	lineFields = "name prefix target { ...Line ... on Tag { target { ...Line ... on Tag { target { ...Line } } } } }"

	// The oldest claims are those that all who write see.
	waitingFields = "name prefix target { oid ... on Commit { committedDate history(first: 50) { nodes { oid } } } }"
)

// page is how many refs an answer holds.
const page = 100

// folder is a folder of refs, and what the names in it begin with.
type folder struct{ path, begin string }

func folderOf(prefix string) folder {
	cut := strings.LastIndex(prefix, "/") + 1
	return folder{prefix[:cut], prefix[cut:]}
}

// document is a query of a repository that is being written.
type document struct {
	declared, fields strings.Builder
	variables        map[string]any
}

func (g *GitHubStore) document() *document {
	owner, name, _ := strings.Cut(g.Repository, "/")
	d := &document{variables: map[string]any{"owner": owner, "repository": name}}
	d.declared.WriteString("$owner: String!, $repository: String!")
	return d
}

// declare adds a variable and gives its name.
func (d *document) declare(name, kind string, value any) string {
	fmt.Fprintf(&d.declared, ", $%s: %s", name, kind)
	d.variables[name] = value
	return "$" + name
}

func (d *document) ask(format string, args ...any) {
	fmt.Fprintf(&d.fields, "\n    "+format, args...)
}

// ask sends a query. The answer is that of the repository, by field.
func (g *GitHubStore) ask(ctx context.Context, d *document, fragments string) (map[string]json.RawMessage, error) {
	text := fmt.Sprintf("query(%s) {\n  repository(owner: $owner, name: $repository) {%s\n  }\n}\n%s", &d.declared, &d.fields, fragments)
	var answer struct {
		Repository map[string]json.RawMessage
	}
	if err := g.Client.Query(ctx, text, d.variables, &answer); err != nil {
		return nil, g.explain(err)
	}
	return answer.Repository, nil
}

// explain says which repository it was.
func (g *GitHubStore) explain(err error) error {
	err = github.Explain(err)
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || strings.Contains(err.Error(), g.Repository) {
		return err
	}
	return fault.New(f.Code, f.Hint, fmt.Errorf("%s: %w", g.Repository, err))
}

// decode reads a field of an answer. What is null is left as it is.
func decode[T any](answer map[string]json.RawMessage, field string) (value T, err error) {
	if raw := answer[field]; len(raw) > 0 {
		err = json.Unmarshal(raw, &value)
	}
	if err != nil {
		return value, fmt.Errorf("answer of GraphQL, %s: %w", field, err)
	}
	return value, nil
}
