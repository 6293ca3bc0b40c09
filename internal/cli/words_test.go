package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// moved is a bump of two files, one of which was so already.
func moved(t *testing.T) *ship.Bumped {
	t.Helper()
	image, err := ref.ParseImage("ghcr.io/acme/web:v0.0.8")
	if err != nil {
		t.Fatal(err)
	}
	return &ship.Bumped{Image: image, Changes: []manifest.Change{
		{File: "b.yaml", Line: 1, Field: ".tag", Old: "v0.0.7", New: "v0.0.8"}, {File: "a.yaml", Line: 1, Field: ".tag", Old: "v0.0.7", New: "v0.0.8"},
		{File: "b.yaml", Line: 2, Field: ".tag", Old: "v0.0.7", New: "v0.0.8"}, {File: "c.yaml", Line: 1, Field: ".tag", Old: "v0.0.8", New: "v0.0.8"},
	}}
}

func TestTheWordsOfATemplate(t *testing.T) {
	const all = "deploy({{.Environment}}): {{.Name}} {{.From}} to {{.To}}\n\n{{range .Files}}- {{.}}\n{{end}}\n{{.Image}}\r\n{{.Run}}\n\n"
	w := wordsOf(moved(t), "prod", "https://github.example/acme/web/actions/runs/42")
	got, err := fill("commit-message", all, w)
	want := "deploy(prod): web v0.0.7 to v0.0.8\n\n- a.yaml\n- b.yaml\n\nghcr.io/acme/web\nhttps://github.example/acme/web/actions/runs/42"
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
}

func TestATemplateThatGivesNoMessageIsAMistake(t *testing.T) {
	for name, text := range map[string]string{
		"unknown field":  "{{.Tag}}",
		"not closed":     "{{.To",
		"unknown word":   "{{env}}",
		"nothing":        "{{if not .To}}x{{end}}",
		"blanks alone":   " \n ",
		"a zero byte":    "a\x00b",
		"wrong use":      "{{.Name.First}}",
		"no such block":  `{{template "x"}}`,
		"a range of one": "{{range .Name}}x{{end}}",
	} {
		if err := checkTemplate("pr-title", text); !fault.Is(err, "E_INPUT") || !strings.HasPrefix(err.Error(), "pr-title: ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := checkTemplate("pr-title", ""); err != nil {
		t.Error(err)
	}
}

// Whoever writes a template knows nothing of Go's types.
func TestWhatIsWrongWithATemplateIsToldInItsOwnWords(t *testing.T) {
	for text, want := range map[string]string{
		"{{.Tag}}":               "pr-title: there is no {{.Tag}}",
		"{{.Name.First}}":        "pr-title: what stands before .First has no parts",
		"{{env}}":                "pr-title: there is no {{env}}; names begin with a dot",
		"{{.To":                  "pr-title: line 1: unclosed action",
		"a\n{{if}}x{{end}}":      "pr-title: line 2: missing value for if",
		"{{range .Name}}{{end}}": "pr-title: line 1: <.Name>: range can't iterate over web",
	} {
		if err := checkTemplate("pr-title", text); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestACommitsMessageOfATemplateKeepsItsTrailers(t *testing.T) {
	say := texts{message: "chore: {{.Name}}\n\nfor {{.Environment}}", environment: "prod", coAuthor: "ada <1+ada@users.noreply.github.com>"}
	want := "chore: web\n\nfor prod\n\nTagboat-Image: ghcr.io/acme/web\nTagboat-From: v0.0.7\nTagboat-To: v0.0.8\n" +
		"Co-authored-by: ada <1+ada@users.noreply.github.com>\n"
	if diff := cmp.Diff(want, mustMessage(t, say, moved(t))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestThePullRequestOfATemplate(t *testing.T) {
	r := reference{Bump: plan.Bump{Mode: plan.ModePullRequest}, texts: texts{title: "Deploy\n {{.Name}}", body: "@acme/web, please look"}}
	c, err := r.changeSet(&manifest.Result{}, moved(t))
	if err != nil {
		t.Fatal(err)
	}
	if c.Title != "Deploy web" || !strings.HasPrefix(c.Body, "@acme/web, please look\n\n| file |") || c.Key != "ghcr.io/acme/web:v0.0.8" {
		t.Errorf("got %+v", c)
	}
	r.Mode = plan.ModeCommit
	if c, err = r.changeSet(&manifest.Result{}, moved(t)); err != nil || c.Title != "" || c.Body != "" {
		t.Errorf("a commit has the text of a pull request: %+v, %v", c, err)
	}
}
