package hub

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// teamScopes are those of which one is needed to ask for anything of a team, and
// tellsOfTeams those and the ones that comprise them.
var (
	teamScopes   = []string{"read:org", "read:discussion"}
	tellsOfTeams = append([]string{"write:org", "admin:org", "write:discussion"}, teamScopes...)
)

// lacking are the errors for the fields whose scopes a classic token has not. GitHub
// looks for them before it runs a document: one of them refuses all of it, whether
// there is such an object or not.
func (t *Token) lacking(g *graphDocument) []any {
	if t.Kind != Classic || slices.ContainsFunc(t.Scopes, func(scope string) bool { return slices.Contains(tellsOfTeams, scope) }) {
		return nil
	}
	var all []any
	for _, f := range g.ofTeams() {
		all = append(all, map[string]any{
			"type": "INSUFFICIENT_SCOPES", "locations": []any{map[string]any{"line": f.Position.Line, "column": f.Position.Column}},
			"message": fmt.Sprintf("Your token has not been granted the required scopes to execute this query. The '%s' field requires one of the following scopes: %s, but your token has only been granted the: %s scopes. Please modify your token's scopes at: https://github.com/settings/tokens.", f.Name, quotedList(teamScopes), quotedList(t.Scopes)),
		})
	}
	return all
}

// quotedList is a list as Ruby prints it.
func quotedList(words []string) string {
	if len(words) == 0 {
		return "[]"
	}
	return "['" + strings.Join(words, "', '") + "']"
}

// ofTeams are the fields of the object Team that the operation asks for.
func (g *graphDocument) ofTeams() []*ast.Field {
	var found []*ast.Field
	seen := map[string]bool{}
	var visit func(set ast.SelectionSet, team bool)
	visit = func(set ast.SelectionSet, team bool) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				if team && s.Name != "__typename" {
					found = append(found, s)
				}
				visit(s.SelectionSet, s.Name == "team")
			case *ast.InlineFragment:
				visit(s.SelectionSet, s.TypeCondition == "Team" || s.TypeCondition == "" && team)
			case *ast.FragmentSpread:
				if f := g.doc.Fragments.ForName(s.Name); f != nil && !seen[s.Name] {
					seen[s.Name] = true
					visit(f.SelectionSet, f.TypeCondition == "Team")
				}
			}
		}
	}
	visit(g.op.SelectionSet, false)
	return found
}
