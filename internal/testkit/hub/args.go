package hub

import (
	"encoding/json"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// args are the arguments of a field, or the fields of an input. They know which of
// them were looked at, so that one which nobody looks at fails the test.
type args struct {
	values map[string]any
	used   map[string]bool
	below  []*args
}

func newArgs(values map[string]any) *args { return &args{values: values, used: map[string]bool{}} }

func (x *exec) args(f *ast.Field) *args {
	a := newArgs(map[string]any{})
	for _, arg := range f.Arguments {
		if arg.Value.Kind == ast.Variable {
			if _, sent := x.vars[arg.Value.Raw]; !sent {
				continue
			}
		}
		value, err := arg.Value.Value(x.vars)
		if err != nil {
			x.hub.tb.Errorf("hub: GraphQL: argument %s of %s: %v", arg.Name, f.Name, err)
		}
		a.values[arg.Name] = value
	}
	return a
}

func (a *args) get(name string) any {
	a.used[name] = true
	return a.values[name]
}

func (a *args) text(name string) string { s, _ := a.get(name).(string); return s }
func (a *args) bool(name string) bool   { b, _ := a.get(name).(bool); return b }
func (a *args) has(name string) bool    { return a.get(name) != nil }

// either is a text, or what it is by default.
func (a *args) either(name, otherwise string) string {
	if s := a.text(name); s != "" {
		return s
	}
	return otherwise
}

// given is a text that may be empty; nil where there is none.
func (a *args) given(name string) *string {
	if s, ok := a.get(name).(string); ok {
		return &s
	}
	return nil
}

// number is an integer, and 0 where there is none. Literals and variables come as
// different types.
func (a *args) number(name string) int {
	switch n := a.get(name).(type) {
	case int64:
		return int(n)
	case float64:
		return int(n)
	case json.Number:
		i, _ := n.Int64()
		return int(i)
	default:
		return 0
	}
}

// texts is a list of strings, or one that stands for a list.
func (a *args) texts(name string) []string {
	switch v := a.get(name).(type) {
	case string:
		return []string{v}
	default:
		return texts(v)
	}
}

// child is an input within this one; it is empty where there is none.
func (a *args) child(name string) *args {
	values, _ := a.get(name).(map[string]any)
	c := newArgs(values)
	a.below = append(a.below, c)
	return c
}

// children are the inputs of a list.
func (a *args) children(name string) []*args {
	list, _ := a.get(name).([]any)
	var all []*args
	for _, one := range list {
		values, _ := one.(map[string]any)
		all = append(all, newArgs(values))
	}
	a.below = append(a.below, all...)
	return all
}

// unused are the names that nobody looked at.
func (a *args) unused() []string {
	var names []string
	for _, name := range sorted(a.values) {
		if !a.used[name] {
			names = append(names, name)
		}
	}
	for _, c := range a.below {
		names = append(names, c.unused()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
