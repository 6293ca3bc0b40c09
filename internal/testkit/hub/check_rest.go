package hub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Loose makes the hub take requests that do not fit GitHub's descriptions, for
// tests of how they are refused.
func (h *Hub) Loose() {
	h.state.Lock()
	defer h.state.Unlock()
	h.loose = true
}

// checkREST compares a request with GitHub's description of the operation; what
// does not fit fails the test.
func (h *Hub) checkREST(rt route, q *request) {
	s := described()
	if s.paths == nil || h.loose {
		return
	}
	for _, wrong := range s.wrong(rt, q) {
		h.tb.Errorf("hub: %s %s: %s", q.Method, q.URL.Path, wrong)
	}
}

// operation is one of the description.
type operation struct {
	Parameters  []describedParameter
	RequestBody *struct {
		Required bool
		Content  map[string]json.RawMessage
	}
}

type describedParameter struct {
	Ref  string `json:"$ref"`
	In   string
	Name string
}

// wrong lists what does not fit.
func (s *schemas) wrong(rt route, q *request) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	operations := s.paths[unnamed(rt.pattern)]
	raw := operations[strings.ToLower(q.Method)]
	if raw == nil {
		return []string{"GitHub describes no such operation"}
	}
	var path string
	var op operation
	if err := json.Unmarshal(operations["path"], &path); err != nil {
		return []string{err.Error()}
	}
	if err := json.Unmarshal(raw, &op); err != nil {
		return []string{err.Error()}
	}
	at := "#/paths/" + pointer(path) + "/" + strings.ToLower(q.Method)
	return append(s.wrongQuery(at, op, q.URL.Query()), s.wrongBody(at, op, q.body)...)
}

// pointer is a key as a part of a JSON pointer in a URL.
func pointer(key string) string {
	return url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
}

func (s *schemas) wrongQuery(at string, op operation, query url.Values) []string {
	var wrong []string
	for _, name := range sorted(query) {
		if name == "page" || name == "per_page" {
			continue // of every list, also where the description leaves them out: matching-refs
		}
		shared := strings.ReplaceAll(name, "_", "-")
		i := slices.IndexFunc(op.Parameters, func(p describedParameter) bool {
			return p.Ref == "" && p.In == "query" && p.Name == name || strings.HasSuffix(p.Ref, "/"+shared) || strings.HasSuffix(p.Ref, "/pagination-"+shared)
		})
		if i < 0 {
			wrong = append(wrong, fmt.Sprintf("there is no parameter %q", name))
			continue
		}
		where := fmt.Sprintf("%s/parameters/%d", at, i)
		if ref := op.Parameters[i].Ref; ref != "" {
			where = ref
		}
		schema, err := s.compiler.Compile(restName + where + "/schema")
		if err != nil {
			wrong = append(wrong, err.Error())
			continue
		}
		if err := fitsAny(schema, query.Get(name)); err != nil {
			wrong = append(wrong, fmt.Sprintf("parameter %q: %v", name, err))
		}
	}
	return wrong
}

// fitsAny compares the text of a parameter as the JSON that it may stand for.
func fitsAny(schema *jsonschema.Schema, text string) error {
	err := schema.Validate(text)
	if value, bad := jsonschema.UnmarshalJSON(strings.NewReader(text)); err != nil && bad == nil {
		return schema.Validate(value)
	}
	return err
}

func (s *schemas) wrongBody(at string, op operation, body []byte) []string {
	switch {
	case op.RequestBody == nil && len(bytes.TrimSpace(body)) > 0:
		return []string{"the operation takes no body"}
	case op.RequestBody == nil:
		return nil
	case len(body) == 0 && op.RequestBody.Required:
		return []string{"the operation wants a body"}
	case len(body) == 0:
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return []string{"the body is no JSON: " + err.Error()}
	}
	schema, err := s.compiler.Compile(restName + at + "/requestBody/content/" + pointer("application/json") + "/schema")
	if err != nil {
		return []string{err.Error()}
	}
	if err := schema.Validate(value); err != nil {
		return []string{"the body does not fit: " + err.Error()}
	}
	return nil
}
