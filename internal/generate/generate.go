package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-96940006/tagboat/internal/cli"
)

// part is one generated part of a file.
type part struct {
	file   string
	marker string // the part stands between "marker: begin" and "marker: end"
	text   string
}

// Generate brings all generated parts under root up to date, or with write
// false only looks. It returns the files that were stale.
func Generate(root string, write bool) (stale []string, err error) {
	commands, err := cli.Commands()
	if err != nil {
		return nil, err
	}
	files := map[string][]part{}
	var order []string
	for _, p := range parts(commands) {
		if files[p.file] == nil {
			order = append(order, p.file)
		}
		files[p.file] = append(files[p.file], p)
	}
	var errs []error
	for _, file := range order {
		path := filepath.Join(root, filepath.FromSlash(file))
		old, err := os.ReadFile(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		now, err := replaceAll(old, files[file])
		errs = append(errs, err)
		if err != nil || bytes.Equal(now, old) {
			continue
		}
		stale = append(stale, file)
		if write {
			errs = append(errs, os.WriteFile(path, now, 0o644))
		}
	}
	return stale, errors.Join(errs...)
}

// parts lists every generated part: two in each action.yml, two in each README.
func parts(commands []cli.Command) []part {
	var all []part
	for _, c := range commands {
		folder := "actions/" + c.Name + "/"
		action, readme := folder+"action.yml", folder+"README.md"
		if !hasAction(c) {
			continue
		}
		all = append(all,
			part{action, "inputs", actionInputs(c)}, part{action, "outputs", actionOutputs(c)},
			part{readme, "inputs", inputTable(c)}, part{readme, "outputs", outputTable(c)})
		if c.Name == "ship" { // the root action is ship
			all = append(all, part{"action.yml", "inputs", actionInputs(c)}, part{"action.yml", "outputs", actionOutputs(c)})
		}
	}
	return all
}

// hasAction tells the commands that run in workflows from those for people.
func hasAction(c cli.Command) bool { return len(c.Outputs) > 0 }

func replaceAll(data []byte, parts []part) ([]byte, error) {
	var errs []error
	for _, p := range parts {
		replaced, err := replace(data, p)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		data = replaced
	}
	return data, errors.Join(errs...)
}

// replace puts the part's text between its two marker lines, which stay.
func replace(data []byte, p part) ([]byte, error) {
	begin, end := "generated "+p.marker+": begin", "generated "+p.marker+": end"
	var out []string
	state := 0 // before, between, after the markers
	for line := range strings.Lines(string(data)) {
		switch {
		case strings.Contains(line, begin):
			out, state = append(out, line, p.text), state+1
		case strings.Contains(line, end):
			out, state = append(out, line), state+1
		case state != 1:
			out = append(out, line)
		}
	}
	if state != 2 {
		return nil, fmt.Errorf("%s: the markers %q and %q must stand there once each", p.file, begin, end)
	}
	return []byte(strings.Join(out, "")), nil
}
