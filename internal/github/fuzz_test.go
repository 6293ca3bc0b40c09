package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// FuzzAnswers gives the client any answer. It must not panic, must not say the token
// that the answer repeats, and must know for every write whether it may have been done.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		primaryBody, secondaryBody, graphLimited2, wrongGraph, mainRef, ``, `null`, `[]`, `{"errors":[null]}`, `<html>TOKEN`, `TOKEN`,
		`{"message":"Bad TOKEN","errors":["TOKEN",{"message":"TOKEN"},{"TOKEN":1}],"documentation_url":"TOKEN"}`,
		`{"message":"ESCAPED"}`, `{"data":{"x":null},"errors":[{"type":"FORBIDDEN","path":["TOKEN"],"message":"Repository rule violations found\n\nESCAPED\n\n"}]}`,
		`{"data":{"x":1},"errors":"ESCAPED"}`, `{"errors":[{"type":"TOKEN","path":[{"TOKEN":1}],"message":[["ESCAPED"]]}]}`, `{"message":{"message":"ESCAPED"},"errors":{"x":"ESCAPED"}}`,
		strings.Repeat(`{"errors":[`, 50), `{"data":7}`,
	} {
		for _, status := range []int{200, 201, 204, 301, 303, 401, 403, 404, 409, 422, 429, 500, 502} {
			f.Add(status, body, "60")
			f.Add(status, body, "%")
		}
	}
	f.Fuzz(func(t *testing.T, status int, body, header string) {
		if status < 200 || status > 999 {
			t.Skip("not an answer")
		}
		escaped := ""
		for _, r := range secret {
			escaped += fmt.Sprintf(`\u%04x`, r)
		}
		body = strings.NewReplacer("TOKEN", secret, "ESCAPED", escaped).Replace(body)
		var log bytes.Buffer
		c, err := New(Options{
			Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: secret}), Log: &log,
			Sleep: func(context.Context, time.Duration) error { return nil },
			Transport: sends(func(r *http.Request) (*http.Response, error) {
				h := http.Header{"Retry-After": {header}, "X-Ratelimit-Reset": {header}, "X-Accepted-Github-Permissions": {header + secret}, "Location": {header + secret}}
				return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, do := range map[string]func(context.Context, *Client) error{"get": get, "create": create, "query": query, "mutate": mutate} {
			err := do(t.Context(), c)
			if err == nil {
				continue
			}
			e, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("%s: %v is no *Error", name, err)
			}
			fields, _ := json.Marshal(e)
			said := err.Error() + hintOf(err) + log.String() + string(fields)
			if strings.Contains(said, secret) || strings.ContainsAny(err.Error()+hintOf(err), "\n\r\x1b") {
				t.Errorf("%s: it says %q", name, said)
			}
			if write := name == "create" || name == "mutate"; e.Kind == Lost && !write && !unreadable(err) || e.Kind == Unreachable && write {
				t.Errorf("%s: kind %d for %d %q", name, e.Kind, status, body)
			}
			if status >= 500 && e.Kind != Lost && e.Kind != Unreachable {
				t.Errorf("%s: kind %d for %d", name, e.Kind, status)
			}
		}
	})
}
