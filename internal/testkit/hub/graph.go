package hub

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// graphDocument is a request of GraphQL.
type graphDocument struct {
	Query         *string        `json:"query"`
	Variables     map[string]any `json:"variables"`
	OperationName string         `json:"operationName"`

	doc     *ast.QueryDocument
	op      *ast.OperationDefinition
	problem string // why it cannot be run
	broken  string // why it is no request at all
}

func readGraph(body []byte) *graphDocument {
	g := &graphDocument{}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(g); err != nil {
		g.broken = "Problems parsing JSON"
		return g
	}
	if g.Query == nil {
		g.broken = "A query attribute must be specified and must be a string."
		return g
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: *g.Query})
	if err != nil {
		g.problem = err.Error()
		return g
	}
	g.doc = doc
	if g.op = doc.Operations.ForName(g.OperationName); g.op == nil {
		g.problem = "An operation name is required"
	}
	return g
}

// roots are the names of the outermost fields.
func (g *graphDocument) roots() []string {
	var names []string
	if g.op != nil {
		for _, s := range g.op.SelectionSet {
			if f, ok := s.(*ast.Field); ok {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// names are those of all fields, and the kind of the operation.
func (g *graphDocument) names() []string {
	if g.op == nil {
		return nil
	}
	names := []string{string(g.op.Operation)}
	var visit func(ast.SelectionSet)
	visit = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				names = append(names, s.Name)
				visit(s.SelectionSet)
			case *ast.InlineFragment:
				visit(s.SelectionSet)
			}
		}
	}
	visit(g.op.SelectionSet)
	for _, f := range g.doc.Fragments {
		visit(f.SelectionSet)
	}
	return names
}

func (g *graphDocument) mutates() bool { return g.op != nil && g.op.Operation == ast.Mutation }

// serveGraph answers one request of GraphQL. What goes wrong in a field is told
// beside the data of the others, with status 200.
func (h *Hub) serveGraph(q *request, who *Token) *answer {
	g := q.graph
	switch {
	case q.Method != http.MethodPost:
		h.tb.Errorf("hub: %s %s: GraphQL takes POST", q.Method, q.path)
		return failure(http.StatusNotFound, "Not Found", docs)
	case g.broken != "":
		return failure(http.StatusBadRequest, g.broken, docs)
	case g.problem != "":
		return reply(http.StatusOK, map[string]any{"errors": []any{map[string]any{"message": strings.TrimPrefix(g.problem, "input:")}}})
	case who.SSO:
		return reply(http.StatusOK, map[string]any{"data": nil, "errors": []any{map[string]any{"type": "FORBIDDEN", "message": "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization."}}})
	}
	if wrong := h.checkGraph(g); len(wrong) > 0 {
		return reply(http.StatusOK, map[string]any{"errors": wrong})
	}
	if lacking := who.lacking(g); len(lacking) > 0 {
		return reply(http.StatusOK, map[string]any{"errors": lacking})
	}
	h.catchUp()
	defer h.hold(q)()
	x := &exec{hub: h, who: who, doc: g.doc, vars: g.variables(), views: map[*Repo]reader{}, writes: g.mutates()}
	root := node(&queryRoot{})
	if x.writes {
		root = &mutationRoot{}
	}
	body := map[string]any{"data": x.object(root, []ast.SelectionSet{g.op.SelectionSet}, nil)}
	if len(x.errors) > 0 {
		body["errors"] = x.errors
	}
	return reply(http.StatusOK, body)
}

// variables are those that were sent, and the defaults of the others.
func (g *graphDocument) variables() map[string]any {
	vars := map[string]any{}
	for _, d := range g.op.VariableDefinitions {
		if value, sent := g.Variables[d.Variable]; sent {
			vars[d.Variable] = value
		} else if d.DefaultValue != nil {
			vars[d.Variable], _ = d.DefaultValue.Value(nil)
		}
	}
	return vars
}
