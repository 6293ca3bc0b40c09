package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/runner"
	"github.com/seed-96940006/tagboat/internal/ship"
)

func TestAPullRequestLeadsToWhatIsInTheImage(t *testing.T) {
	const page, commit = "https://github.example/acme/web", "d50eb746430816270020d40513eb677d139bc9a7"
	toCommit := report.Link{Text: "commit d50eb7464308", URL: page + "/commit/" + commit}
	claimed := map[string]string{"v0.0.6": "a", "v0.0.7": "b", "v0.0.8": "c", "v0.0.9": "d"}
	known := source{page: page, commit: commit, claimed: claimed}
	prefixed := source{page: page, commit: commit, prefix: "cms/", claimed: map[string]string{"cms/v0.0.7": "b", "cms/v0.0.8": "c"}}
	compared := func(was, is string) []report.Link {
		return []report.Link{{Text: was + "..." + is, URL: page + "/compare/" + was + "..." + is}}
	}
	cases := map[string]struct {
		from   string // blanks between several
		source source
		run    string
		want   []report.Link
	}{
		"the next version":           {from: "v0.0.7", source: known, want: compared("v0.0.7", "v0.0.8")},
		"in a series with a prefix":  {from: "v0.0.7", source: prefixed, want: compared("cms/v0.0.7", "cms/v0.0.8")},
		"written without v":          {from: "0.0.7 v0.0.7", source: known, want: compared("v0.0.7", "v0.0.8")},
		"two versions":               {from: "v0.0.6 v0.0.7", source: known, want: []report.Link{toCommit}},
		"no version":                 {from: "pr-7", source: known, want: []report.Link{toCommit}},
		"back":                       {from: "v0.0.9", source: known, want: []report.Link{toCommit}},
		"numbers of another place":   {from: "v0.0.7", source: source{page: page, commit: commit}, want: []report.Link{toCommit}},
		"a number nobody claimed":    {from: "v0.0.0", source: known, want: []report.Link{toCommit}},
		"an unknown commit":          {from: "pr-7", source: source{page: page, claimed: claimed}},
		"an unknown source":          {from: "v0.0.7"},
		"an unknown source, and run": {from: "v0.0.7", run: page + "/actions/runs/42", want: []report.Link{{Text: "run", URL: page + "/actions/runs/42"}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := &ship.Bumped{Image: moved(t).Image}
			for from := range strings.FieldsSeq(c.from) {
				b.Changes = append(b.Changes, manifest.Change{Old: from, New: "v0.0.8"})
			}
			if diff := cmp.Diff(c.want, (texts{run: c.run}).links(b, c.source)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWhoTriggeredTheRunIsCoAuthor(t *testing.T) {
	ada := runner.Context{InActions: true, ServerURL: "https://github.com", Actor: "ada", ActorID: "123"}
	with := func(change func(*runner.Context)) runner.Context {
		c := ada
		change(&c)
		return c
	}
	for name, c := range map[string]struct {
		context runner.Context
		want    string
	}{
		"a person":               {ada, "ada <123+ada@users.noreply.github.com>"},
		"an enterprise's server": {with(func(c *runner.Context) { c.ServerURL = "https://ghe.acme.example:8443" }), "ada <123+ada@users.noreply.ghe.acme.example>"},
		"an enterprise's user":   {with(func(c *runner.Context) { c.Actor = "ada_acme" }), "ada_acme <123+ada_acme@users.noreply.github.com>"},
		"a bot":                  {with(func(c *runner.Context) { c.Actor = "dependabot[bot]" }), ""},
		"by hand":                {with(func(c *runner.Context) { c.InActions = false }), ""},
		"no number":              {with(func(c *runner.Context) { c.ActorID = "" }), ""},
		"an odd number":          {with(func(c *runner.Context) { c.ActorID = "1>\nx" }), ""},
		"an odd name":            {with(func(c *runner.Context) { c.Actor = "ada <x" }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := coAuthor(c.context)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if got != "" && !coAuthorForm.MatchString(got) {
				t.Errorf("%q is none that another run would take", got)
			}
		})
	}
}

func TestOriginPage(t *testing.T) {
	cases := map[string]string{
		"https://github.example/acme/web.git":    "https://github.example/acme/web",
		"git@github.example:acme/web.git":        "https://github.example/acme/web",
		"https://gitlab.example/acme/a/web.git":  "https://gitlab.example/acme/a/web",
		"https://bot:secret@gitlab.example/acme": "", // nothing of a URL with a password
		"git@gitlab.example:acme/web.git":        "",
		"/srv/web.git":                           "",
		"":                                       "",
	}
	for origin, want := range cases {
		c := newCheckout(t, map[string]string{"a": "b"})
		if origin != "" {
			c.git("remote", "add", "origin", origin)
		}
		if got := originPage(t.Context(), c.dir, "https://github.example"); got != want {
			t.Errorf("%s: got %q, want %q", origin, got, want)
		}
	}
}
