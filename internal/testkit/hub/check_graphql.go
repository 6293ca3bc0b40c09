package hub

import (
	"errors"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// checkGraph compares a document and its variables with GitHub's schema. What does
// not fit fails the test, and is answered with errors as GitHub does.
func (h *Hub) checkGraph(g *graphDocument) []any {
	s := described()
	if s.graph == nil {
		return nil
	}
	wrong := s.wrongGraph(g)
	h.state.RLock()
	loose := h.loose
	h.state.RUnlock()
	var all []any
	for _, err := range wrong {
		if !loose {
			h.tb.Errorf("hub: GraphQL: %v", err)
		}
		all = append(all, map[string]any{"message": err.Message})
	}
	return all
}

func (s *schemas) wrongGraph(g *graphDocument) gqlerror.List {
	// The validator writes into the document: the execution has one of its own.
	doc, err := parser.ParseQuery(&ast.Source{Input: *g.Query})
	if err != nil {
		return listed(err)
	}
	if list := validator.ValidateWithRules(s.graph, doc, rules.NewDefaultRules()); len(list) > 0 {
		return list
	}
	_, err = validator.VariableValues(s.graph, doc.Operations.ForName(g.OperationName), g.Variables)
	return listed(err)
}

// listed is an error of the parser as a list.
func listed(err error) gqlerror.List {
	if err == nil {
		return nil
	}
	if one, ok := errors.AsType[*gqlerror.Error](err); ok {
		return gqlerror.List{one}
	}
	return gqlerror.List{gqlerror.Wrap(err)}
}
