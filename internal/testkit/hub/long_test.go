package hub

import (
	"fmt"
	"strings"
	"testing"
)

// TestLongWordsAreRefused sends the longest text that GitHub takes, in characters,
// after one that has one more.
func TestLongWordsAreRefused(t *testing.T) {
	const (
		title, body           = 256, 65_536
		longTitle, longBody   = "title is too long (maximum is 256 characters)", "body is too long (maximum is 65536 characters)"
		graphTitle, graphBody = "200 UNPROCESSABLE Title is too long (maximum is 256 characters)", "200 UNPROCESSABLE Body is too long (maximum is 65536 characters)"
		repo                  = "/repos/acme/infra"
	)
	tests := map[string]struct {
		method, path string // of REST, or a mutation; N is the field
		most         int
		want         string // status, code and field or type, message
	}{
		"opened, title":      {"POST", repo + "/pulls title", title, "422 custom title " + longTitle},
		"opened, body":       {"POST", repo + "/pulls body", body, "422 custom body " + longBody},
		"changed, title":     {"PATCH", repo + "/pulls/1 title", title, "422 custom title " + longTitle},
		"changed, body":      {"PATCH", repo + "/pulls/1 body", body, "422 custom body " + longBody},
		"issue, title":       {"PATCH", repo + "/issues/1 title", title, "422 custom title " + longTitle},
		"issue, body":        {"PATCH", repo + "/issues/1 body", body, "422 custom body " + longBody},
		"comment":            {"POST", repo + "/issues/1/comments body", body, "422 unprocessable data Body is too long (maximum is 65536 characters)"},
		"graph, open, title": {"", `createPullRequest(input: {repositoryId: $repository, headRefName: "next", baseRefName: "main", title: $text})`, title, graphTitle},
		"graph, open, body":  {"", `createPullRequest(input: {repositoryId: $repository, headRefName: "next", baseRefName: "main", title: "t", body: $text})`, body, graphBody},
		"graph, title":       {"", `updatePullRequest(input: {pullRequestId: $pull, title: $text})`, title, graphTitle},
		"graph, body":        {"", `updatePullRequest(input: {pullRequestId: $pull, body: $text})`, body, graphBody},
		"graph, comment":     {"", `addComment(input: {subjectId: $pull, body: $text})`, body, graphBody},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, r, c := world(t)
			p := propose(t, r, c, "bump", "apps/a.yaml", "2")
			r.Git("branch", "next", "bump")
			ids := map[string]string{"pull": p.text("node_id"), "repository": r.nodeID()}
			send := func(text string) got {
				if test.method == "" {
					id := map[bool]string{true: "pull", false: "repository"}[strings.Contains(test.path, "$pull")]
					return c.graph(`mutation($`+id+`: ID!, $text: String!) { m: `+test.path+` { clientMutationId } }`, map[string]any{id: ids[id], "text": text})
				}
				path, field, _ := strings.Cut(test.path, " ")
				sent := map[string]any{}
				if strings.HasSuffix(path, "/pulls") {
					sent = map[string]any{"title": "t", "head": "next", "base": "main"}
				}
				sent[field] = text
				return c.rest(test.method, path, sent)
			}
			g := send(strings.Repeat("é", test.most+1))
			said := strings.Join(strings.Fields(fmt.Sprint(g.Status, " ", g.text("errors", 0, "type"), g.text("errors", 0, "code"), " ", g.text("errors", 0, "field"), " ", g.text("errors", 0, "message"))), " ")
			if said != test.want {
				t.Errorf("it is told\n%s\nwant\n%s", said, test.want)
			}
			if g := send(strings.Repeat("é", test.most)); g.Status >= 300 || g.at("errors") != nil {
				t.Errorf("the longest one: %d %.300s", g.Status, g.Body)
			}
		})
	}
}
