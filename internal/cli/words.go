package cli

import (
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// words are what the templates of messages may name.
type words struct {
	Name        string   // last part of the image's name: web
	Image       string   // ghcr.io/acme/web
	From        string   // what was there before: v0.0.7, or several of them; "" where there was nothing
	To          string   // v0.0.8, or the first digits of a digest
	Environment string   // the input of that name
	Files       []string // that change
	Run         string   // page of the run; "" outside of a workflow
}

// wordsOf are the words of a bump.
func wordsOf(b *ship.Bumped, environment, run string) words {
	w := words{
		Name: b.Image.Repository.Base(), Image: b.Image.Repository.String(), From: several(oldValues(b)),
		To: string(b.Image.Tag), Environment: environment, Run: run,
	}
	if w.To == "" {
		w.To = b.Image.Digest.Short()
	}
	for _, c := range b.Changes {
		if c.Old != c.New {
			w.Files = append(w.Files, c.File)
		}
	}
	slices.Sort(w.Files)
	w.Files = slices.Compact(w.Files)
	return w
}

// fill fills a template in. What it gives has no empty lines at its ends.
func fill(input, text string, w words) (string, error) {
	var b strings.Builder
	parsed, err := template.New("").Parse(text)
	if err == nil {
		err = parsed.Execute(&b, w)
	}
	if err != nil {
		return "", badTemplate(input, inWords(err))
	}
	filled := strings.TrimSpace(strings.ReplaceAll(b.String(), "\r\n", "\n"))
	if filled == "" || strings.Contains(filled, "\x00") {
		return "", badTemplate(input, "it gives no text")
	}
	return filled, nil
}

// checkTemplate fills a template in as a bump would; "" is none.
func checkTemplate(input, text string) error {
	if text == "" {
		return nil
	}
	_, err := fill(input, text, words{
		Name: "web", Image: "ghcr.io/acme/web", From: "v0.0.7", To: "v0.0.8", Environment: "prod",
		Files: []string{"apps/web.yaml"}, Run: "https://github.com/acme/web/actions/runs/42",
	})
	return err
}

func badTemplate(input, wrong string) error {
	return fault.Newf("E_INPUT", "use {{.Name}}, {{.Image}}, {{.From}}, {{.To}}, {{.Environment}}, {{.Files}} and {{.Run}}, as in docs/bump.md", "%s: %s", input, wrong)
}

// What package text/template says, and what of it means something to whoever wrote
// the template.
var (
	noField      = pattern.New(`can't evaluate field (\w+) in type (\S+)`)
	noFunction   = pattern.New(`function "([^"]+)" not defined`)
	templateLine = pattern.New(`^template: :(\d+)(?::\d+)?: (?:executing "" at )?(.*)$`)
)

// inWords is what is wrong with a template, without the words of Go's types.
func inWords(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if found := noField.FindStringSubmatch(text); found != nil && strings.HasSuffix(found[2], "words") {
		return fmt.Sprintf("there is no {{.%s}}", found[1])
	} else if found != nil {
		return fmt.Sprintf("what stands before .%s has no parts", found[1])
	}
	if found := noFunction.FindStringSubmatch(text); found != nil {
		return fmt.Sprintf("there is no {{%s}}; names begin with a dot", found[1])
	}
	if found := templateLine.FindStringSubmatch(text); found != nil {
		return fmt.Sprintf("line %s: %s", found[1], found[2])
	}
	return text
}
