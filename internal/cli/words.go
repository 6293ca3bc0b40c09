package cli

import (
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/seed-96940006/tagboat/internal/fault"
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
	parsed, err := template.New(input).Parse(text)
	if err != nil {
		return "", badTemplate(input, err)
	}
	var b strings.Builder
	if err := parsed.Execute(&b, w); err != nil {
		return "", badTemplate(input, err)
	}
	filled := strings.TrimSpace(strings.ReplaceAll(b.String(), "\r\n", "\n"))
	if filled == "" || strings.Contains(filled, "\x00") {
		return "", badTemplate(input, fmt.Errorf("it gives no text"))
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

func badTemplate(input string, err error) error {
	return fault.New("E_INPUT", "write a Go template of {{.Name}}, {{.Image}}, {{.From}}, {{.To}}, {{.Environment}}, {{.Files}} and {{.Run}}",
		fmt.Errorf("%s: %w", input, err))
}
