package github

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// answer is a response whose body was read.
type answer struct {
	*http.Response
	body []byte
}

// refusal reads an answer that is none of 2xx. Bodies are GitHub's JSON or what
// proxies in front of it say, so that nothing about them is relied upon.
func refusal(request string, status int, header http.Header, body []byte, writes bool) *Error {
	e := &Error{Request: request, Status: status, Accepted: header.Get("X-Accepted-GitHub-Permissions")}
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) == nil {
		e.Message = text(fields["message"])
		e.URL = text(fields["documentation_url"])
		e.Details = details(fields["errors"])
	} else if first := bytes.TrimSpace(body); len(first) > 0 && first[0] != '<' {
		e.Message = fault.Plain(string(first[:min(len(first), 1000)]), 300)
	}
	e.listViolations()
	if e.Kind = classify(e, writes); e.Kind == Denied && strings.HasPrefix(header.Get("X-GitHub-SSO"), "required") {
		e.Kind = SSO
	}
	return e
}

// listViolations makes details of what a ruleset says, a line each.
func (e *Error) listViolations() {
	if _, rules, ok := strings.Cut(e.Message, violations); ok && len(e.Details) == 0 {
		e.Details = paragraphs(rules)
	}
}

// request names what was asked, without what may be secret in a query.
func request(r *http.Request) string {
	switch {
	case r == nil || r.URL == nil:
		return ""
	case effectOf(r) == queries || effectOf(r) == mutates:
		return "GraphQL"
	}
	return r.Method + " " + r.URL.EscapedPath()
}

// text is a JSON string; of any other value its JSON.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return fault.Plain(string(raw), 300)
}

// details are the words of `errors`, which is an array of objects or strings, or
// one string.
func details(raw json.RawMessage) []string {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return []string{text(raw)}
	}
	var said []string
	for _, one := range all {
		if words := detail(one); words != "" {
			said = append(said, words)
		}
	}
	return said
}

func detail(raw json.RawMessage) string {
	var e struct{ Resource, Field, Code, Message string }
	switch {
	case json.Unmarshal(raw, &e) != nil:
		return text(raw)
	case e.Message != "":
		return e.Message
	case e.Code != "":
		return strings.TrimSpace(e.Resource+" "+e.Field) + ": " + e.Code
	}
	return text(raw)
}

// paragraphs are the non-empty lines of a text.
func paragraphs(text string) (all []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}
