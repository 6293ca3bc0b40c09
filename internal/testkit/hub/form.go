package hub

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// field is one of the body of a request.
type field struct {
	name string
	kind string // JSON's type; with a ? at its end null is as good
	must bool
}

// form is the body of a request whose fields have the types that they should.
type form map[string]any

// read reads the body. What is wrong with it is told in the words of GitHub; a
// field that was not taught fails the test.
func (c *call) form(fields ...field) (form, *answer) {
	f := form{}
	var value any
	if len(c.body) > 0 {
		if err := json.Unmarshal(c.body, &value); err != nil {
			return nil, c.fail(http.StatusBadRequest, "Problems parsing JSON")
		}
		object, ok := value.(map[string]any)
		if !ok {
			return nil, c.fail(http.StatusBadRequest, "Body should be a JSON object")
		}
		f = object
	}
	for _, name := range sorted(f) {
		if !slices.ContainsFunc(fields, func(known field) bool { return known.name == name }) {
			c.hub.tb.Errorf("hub: %s %s: the field %q was not taught", c.Method, c.path, name)
		}
	}
	if wrong := f.wrong(fields); wrong != "" {
		return nil, c.invalid("Invalid request.\n\n" + wrong)
	}
	return f, nil
}

// wrong says what is missing, or has another type; "" is nothing.
func (f form) wrong(fields []field) string {
	var missing, types []string
	for _, known := range fields {
		value, there := f[known.name]
		kind, nullable := strings.CutSuffix(known.kind, "?")
		switch {
		case !there && known.must:
			missing = append(missing, fmt.Sprintf("%q", known.name))
		case !there || value == nil && nullable || is(kind, value):
		default:
			types = append(types, fmt.Sprintf("For 'properties/%s', %s is not %s %s.", known.name, ruby(value), article(kind), kind))
		}
	}
	if len(missing) == 1 {
		return missing[0] + " wasn't supplied."
	}
	if len(missing) > 1 {
		return strings.Join(missing, ", ") + " weren't supplied."
	}
	slices.Sort(types)
	return strings.Join(types, "\n")
}

func is(kind string, value any) bool {
	switch v := value.(type) {
	case string:
		return kind == "string"
	case bool:
		return kind == "boolean"
	case float64:
		return kind == "integer" && v == float64(int64(v))
	case []any:
		return kind == "array"
	case map[string]any:
		return kind == "object"
	default:
		return false
	}
}

func ruby(value any) string {
	if value == nil {
		return "nil"
	}
	return string(encode(value))
}

func article(kind string) string {
	if strings.ContainsAny(kind[:1], "aio") {
		return "an"
	}
	return "a"
}

func (f form) text(name string) string { s, _ := f[name].(string); return s }

// given is a text that may be empty; nil where there is none.
func (f form) given(name string) *string {
	if s, ok := f[name].(string); ok {
		return &s
	}
	return nil
}

func (f form) bool(name string) bool   { b, _ := f[name].(bool); return b }
func (f form) has(name string) bool    { _, ok := f[name]; return ok }
func (f form) array(name string) []any { a, _ := f[name].([]any); return a }

// texts is an array of strings, or of objects with a name.
func (f form) texts(name string) []string { return texts(f[name]) }

func texts(value any) []string {
	list, _ := value.([]any)
	all := make([]string, 0, len(list))
	for _, one := range list {
		switch v := one.(type) {
		case string:
			all = append(all, v)
		case map[string]any:
			name, _ := v["name"].(string)
			all = append(all, name)
		}
	}
	return all
}
