package github

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// Query asks GraphQL and decodes `data` into `into`, also where there are errors
// beside it: these are then returned as an *Error. It is tried again where no
// answer came or GitHub has trouble.
func (c *Client) Query(ctx context.Context, document string, variables map[string]any, into any) error {
	return c.post(ctx, queries, document, variables, into)
}

// Mutate is Query for a mutation. A limit is waited for, because it refuses before
// any effect; nothing else is tried again. Where the answer was lost the error's
// Kind is Lost, and the mutation may have had its effect.
func (c *Client) Mutate(ctx context.Context, document string, variables map[string]any, into any) error {
	return c.post(ctx, mutates, document, variables, into)
}

func (c *Client) post(ctx context.Context, does effect, document string, variables map[string]any, into any) error {
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		return unsendable(err)
	}
	req, err := http.NewRequestWithContext(withEffect(ctx, does), http.MethodPost, c.graphql, bytes.NewReader(body))
	if err != nil {
		return unsendable(err)
	}
	req.Header.Set("Content-Type", "application/json")
	// Up to GHES 3.13, updateRefs is there for who asks for its preview alone.
	req.Header.Set("Accept", "application/vnd.github.update-refs-preview+json, application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return Explain(err)
	}
	defer resp.Body.Close()
	answered, err := io.ReadAll(resp.Body)
	if err != nil {
		return Explain(err)
	}
	if resp.StatusCode >= 300 {
		return refusal("GraphQL", resp.StatusCode, resp.Header, answered, !does.safe()).fault()
	}
	return c.decode(does, answered, into)
}

func unsendable(err error) error {
	return (&Error{Request: "GraphQL", Message: err.Error(), cause: err}).fault()
}

// decode reads an answer of 2xx.
func (c *Client) decode(does effect, body []byte, into any) error {
	g, err := c.transport.readGraphQL(body)
	if err != nil {
		return garbled(does, err)
	}
	if into != nil && !null(g.Data) {
		if err := json.Unmarshal(g.Data, into); err != nil {
			return garbled(does, err)
		}
	}
	if e := g.err(does); e != nil {
		return e.fault()
	}
	return nil
}

// garbled is the fault of an answer that cannot be read, which says nothing about
// what was done.
func garbled(does effect, err error) error {
	e := &Error{Kind: unanswered(!does.safe()), Status: http.StatusOK, Request: "GraphQL", Message: "the answer cannot be read: " + err.Error(), cause: err}
	return e.fault()
}

// graphQL is an answer of GraphQL.
type graphQL struct {
	Data   json.RawMessage
	Errors json.RawMessage
}

// readGraphQL leaves data as it is, and takes tokens out of errors.
func (t *transport) readGraphQL(body []byte) (graphQL, error) {
	var g graphQL
	if err := json.Unmarshal(body, &g); err != nil {
		return g, err
	}
	g.Errors = t.wire.secrets.hideIn(g.Errors)
	if null(g.Data) && len(g.errors(queries)) == 0 {
		return g, fmt.Errorf("it has neither data nor errors")
	}
	return g, nil
}

func null(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// partial reports whether any field of the data has a value.
func (g graphQL) partial() bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal(g.Data, &fields) != nil {
		return false
	}
	for _, value := range fields {
		if !null(value) {
			return true
		}
	}
	return false
}

// troubled reports whether an error is GitHub's own trouble.
func (g graphQL) troubled() bool {
	for _, e := range g.errors(queries) {
		if troubled(e.Message) {
			return true
		}
	}
	return false
}

// errors are the elements of `errors`, whatever shape they have.
func (g graphQL) errors(does effect) []GraphQLError {
	if null(g.Errors) {
		return nil
	}
	var elements []json.RawMessage
	if json.Unmarshal(g.Errors, &elements) != nil {
		elements = []json.RawMessage{g.Errors}
	}
	var all []GraphQLError
	for _, raw := range elements {
		var e struct {
			Type, Message string
			Path          []any
		}
		if json.Unmarshal(raw, &e) != nil || e.Message == "" {
			e.Message = detail(raw)
		}
		one := GraphQLError{Type: e.Type, Message: e.Message}
		if len(e.Path) > 0 {
			one.Path = fmt.Sprint(e.Path[0])
			for _, element := range e.Path {
				one.Whole = append(one.Whole, fmt.Sprint(element))
			}
		}
		one.Kind = classify(&Error{Status: http.StatusOK, Type: one.Type, Message: one.Message}, false)
		if troubled(one.Message) {
			one.Kind = unanswered(!does.safe())
		}
		all = append(all, one)
	}
	return all
}

// err is the error that decides what to do: a limit, then trouble, then the first.
func (g graphQL) err(does effect) *Error {
	all := g.errors(does)
	if len(all) == 0 {
		return nil
	}
	lead := all[0]
	for _, kind := range []Kind{Limited, unanswered(!does.safe())} {
		if i := slices.IndexFunc(all, func(e GraphQLError) bool { return e.Kind == kind }); i >= 0 {
			lead = all[i]
			break
		}
	}
	e := &Error{Kind: lead.Kind, Status: http.StatusOK, Type: lead.Type, Path: lead.Path, Message: lead.Message, Request: "GraphQL", All: all}
	e.listViolations()
	return e
}
