package hub

import (
	"errors"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// node is a value of GraphQL that has fields.
type node interface {
	typename() string
	// field is the value of a field: nil, a scalar, a node, or []any of these. It fails
	// with *graphError, or with errUntaught where there is no such field here.
	field(x *exec, name string, a *args) (any, error)
}

// graphError is one of the errors beside the data.
type graphError struct{ kind, message string }

func (e *graphError) Error() string { return e.message }

// errUntaught is the error of fields that the hub does not know.
var errUntaught = errors.New("was not taught")

// exec is the execution of one document.
type exec struct {
	hub    *Hub
	who    *Token
	doc    *ast.QueryDocument
	vars   map[string]any
	writes bool
	errors []any
	views  map[*Repo]reader
}

// refs is what this document sees of the refs of a repository: one state.
func (x *exec) refs(r *Repo) reader {
	if x.writes {
		return r.files
	}
	if x.views[r] == nil {
		x.views[r] = x.hub.view(r)
	}
	return x.views[r]
}

// object answers the selections on a node. Fields of mutations come one after the
// other; one that fails leaves null and does not stop the next.
func (x *exec) object(n node, sets []ast.SelectionSet, path []any) map[string]any {
	keys, fields := []string{}, map[string][]*ast.Field{}
	for _, set := range sets {
		x.collect(n, set, func(f *ast.Field) {
			if fields[f.Alias] == nil {
				keys = append(keys, f.Alias)
			}
			fields[f.Alias] = append(fields[f.Alias], f)
		})
	}
	out := map[string]any{}
	for _, key := range keys {
		out[key] = x.resolve(n, fields[key], append(slices.Clone(path), key))
	}
	return out
}

// collect finds the fields that apply to a node, in fragments too.
func (x *exec) collect(n node, set ast.SelectionSet, found func(*ast.Field)) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if x.wanted(s.Directives) {
				found(s)
			}
		case *ast.InlineFragment:
			if x.wanted(s.Directives) && fits(n.typename(), s.TypeCondition) {
				x.collect(n, s.SelectionSet, found)
			}
		case *ast.FragmentSpread:
			f := x.doc.Fragments.ForName(s.Name)
			if f == nil {
				x.hub.tb.Errorf("hub: GraphQL: there is no fragment %s", s.Name)
			} else if x.wanted(s.Directives) && fits(n.typename(), f.TypeCondition) {
				x.collect(n, f.SelectionSet, found)
			}
		}
	}
}

// wanted obeys @include and @skip.
func (x *exec) wanted(directives ast.DirectiveList) bool {
	for _, d := range directives {
		value, _ := d.Arguments.ForName("if").Value.Value(x.vars)
		if on, _ := value.(bool); on == (d.Name == "skip") {
			return false
		}
	}
	return true
}

// interfaces and unions, by the types that are known here.
var abstract = map[string]string{
	"GitObject": "Commit Tree Blob Tag", "Actor": "User Bot", "RequestedReviewer": "User Team Bot",
	"Labelable": "PullRequest", "Assignable": "PullRequest", "Closable": "PullRequest", "Comment": "PullRequest IssueComment",
	"GitSignature": "GpgSignature", "RepositoryOwner": "Organization User", "Assignee": "User Bot",
}

func fits(typename, condition string) bool {
	return condition == "" || condition == typename || condition == "Node" || slices.Contains(strings.Fields(abstract[condition]), typename)
}

// resolve answers one field.
func (x *exec) resolve(n node, fields []*ast.Field, path []any) any {
	f := fields[0]
	if f.Name == "__typename" {
		return n.typename()
	}
	a := x.args(f)
	value, err := n.field(x, f.Name, a)
	where := n.typename() + "." + f.Name
	if errors.Is(err, errUntaught) {
		x.hub.tb.Errorf("hub: GraphQL: the field %s was not taught", where)
		err = &graphError{"", "Field '" + f.Name + "' doesn't exist on type '" + n.typename() + "'"}
	}
	for _, name := range a.unused() {
		if err == nil {
			x.hub.tb.Errorf("hub: GraphQL: the argument %s of %s was not taught", name, where)
		}
	}
	sets := make([]ast.SelectionSet, len(fields))
	for i, f := range fields {
		sets[i] = f.SelectionSet
	}
	if c, ok := value.(*connection); ok && err == nil && c.unbound != nil && x.pages(c, sets) {
		err = c.unbound
	}
	if err != nil {
		x.fail(err, f, path)
		return nil
	}
	return x.value(value, sets, path)
}

// pages reports whether more is asked of a list than how long it is.
func (x *exec) pages(c *connection, sets []ast.SelectionSet) bool {
	more := false
	for _, set := range sets {
		x.collect(c, set, func(f *ast.Field) { more = more || f.Name != "totalCount" && f.Name != "__typename" })
	}
	return more
}

func (x *exec) value(value any, sets []ast.SelectionSet, path []any) any {
	switch v := value.(type) {
	case node:
		return x.object(v, sets, path)
	case []any:
		list := make([]any, len(v))
		for i, one := range v {
			list[i] = x.value(one, sets, append(slices.Clone(path), i))
		}
		return list
	default:
		return v
	}
}

func (x *exec) fail(err error, f *ast.Field, path []any) {
	e := map[string]any{"message": err.Error(), "path": path}
	if g, ok := errors.AsType[*graphError](err); ok && g.kind != "" {
		e["type"] = g.kind
	}
	if f.Position != nil {
		e["locations"] = []any{map[string]any{"line": f.Position.Line, "column": f.Position.Column}}
	}
	x.errors = append(x.errors, e)
}

// bag is a node of few fields whose values are at hand.
type bag struct {
	name   string
	values map[string]any
}

func (b bag) typename() string { return b.name }

func (b bag) field(_ *exec, name string, _ *args) (any, error) {
	value, ok := b.values[name]
	if !ok {
		return nil, errUntaught
	}
	return value, nil
}
