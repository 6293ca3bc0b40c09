package hub

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// client asks a hub as a program with a token does.
type client struct {
	t     testing.TB
	hub   *Hub
	token string
}

// got is an answer with its JSON read.
type got struct {
	Status  int
	Header  http.Header
	Body    string
	JSON    any
	problem error
}

// try sends a request; the error is that of the connection.
func (c client) try(method, url string, body any, header ...string) got {
	var sent io.Reader
	if body != nil {
		data, ok := body.(string)
		if !ok {
			raw, err := json.Marshal(body)
			if err != nil {
				c.t.Error(err)
			}
			data = string(raw)
		}
		sent = strings.NewReader(data)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, url, sent)
	if err != nil {
		c.t.Error(err)
		return got{problem: err}
	}
	r.Header.Set("User-Agent", "tagboat-test")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	transport := http.Transport{DisableKeepAlives: true}
	answer, err := transport.RoundTrip(r) // redirects are what is looked at
	if err != nil {
		return got{problem: err}
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	g := got{Status: answer.StatusCode, Header: answer.Header, Body: string(data), problem: err}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	_ = d.Decode(&g.JSON)
	return g
}

// ask is try over a connection that has to hold.
func (c client) ask(method, url string, body any, header ...string) got {
	c.t.Helper()
	g := c.try(method, url, body, header...)
	if g.problem != nil {
		c.t.Fatalf("%s %s: %v", method, url, g.problem)
	}
	return g
}

// rest asks for a path of REST.
func (c client) rest(method, path string, body any, header ...string) got {
	c.t.Helper()
	return c.ask(method, c.hub.API+path, body, header...)
}

// graph runs a document of GraphQL.
func (c client) graph(document string, variables map[string]any) got {
	c.t.Helper()
	return c.ask(http.MethodPost, c.hub.GraphQL, map[string]any{"query": document, "variables": variables})
}

// at follows keys and indices into JSON: at(v, "data", "nodes", 0).
func at(v any, path ...any) any {
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			list, _ := v.([]any)
			if s >= len(list) {
				return nil
			}
			v = list[s]
		}
	}
	return v
}

func (g got) at(path ...any) any { return at(g.JSON, path...) }

func (g got) text(path ...any) string { s, _ := g.at(path...).(string); return s }

// world is a hub with one repository that has a commit, and a token that may all.
func world(t testing.TB) (*Hub, *Repo, client) {
	t.Helper()
	h := New(t)
	r := h.Repo("acme/infra")
	r.Commit("main", "start", testkit.GitFile{Path: "apps/a.yaml", Data: "tag: 1\n"}, testkit.GitFile{Path: "run.sh", Mode: "100755", Data: "#!/bin/sh\n"})
	return h, r, client{t, h, h.Token(Token{Kind: AppToken})}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

const commitDocument = `mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }`

// commitInput is the variable of commitDocument that sets one file.
func commitInput(head, path, content string) map[string]any {
	return map[string]any{"input": map[string]any{
		"branch":          map[string]any{"repositoryNameWithOwner": "acme/infra", "branchName": "main"},
		"expectedHeadOid": head, "message": map[string]any{"headline": "change " + path},
		"fileChanges": map[string]any{"additions": []any{map[string]any{"path": path, "contents": b64(content)}}},
	}}
}
