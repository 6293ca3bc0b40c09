package build

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// dockerfile is a Dockerfile as BuildKit's own parser reads it.
type dockerfile struct {
	name   string // the path the user knows it by, slash-separated
	escape rune
	args   []instructions.ArgCommand // those before the first FROM
	stages []instructions.Stage
	syntax string // the frontend that BUILDKIT_SYNTAX or a `# syntax=` line asks for, or empty
	line   int    // of that line, or 0
}

// readDockerfile finds and parses the Dockerfile of r. It fails with
// E_BUILD_CONTEXT, E_DOCKERFILE_MISSING or E_DOCKERFILE.
func readDockerfile(r Request) (*dockerfile, error) {
	if err := checkContext(r.Context); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(dockerfilePath(r))
	if errors.Is(err, fs.ErrNotExist) || isFolder(dockerfilePath(r)) {
		return nil, missingDockerfile(r)
	}
	if err != nil {
		return nil, fault.New("E_DOCKERFILE_MISSING", "see that this user may read the file", err)
	}
	return parseDockerfile(filepath.ToSlash(dockerfilePath(r)), data, r.Args["BUILDKIT_SYNTAX"])
}

func dockerfilePath(r Request) string {
	if r.Dockerfile == "" {
		return filepath.Join(r.Context, "Dockerfile")
	}
	return r.Dockerfile
}

func checkContext(folder string) error {
	const hint = "`context` is the folder whose files the image is built from; has the repository been checked out?"
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.Newf("E_BUILD_CONTEXT", hint, "there is no folder %q to build from", folder)
	case err != nil:
		return fault.New("E_BUILD_CONTEXT", hint, err)
	case !info.IsDir():
		return fault.Newf("E_BUILD_CONTEXT", hint, "the context %q is a file", folder)
	}
	return nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func missingDockerfile(r Request) error {
	hint := "add a Dockerfile, or name it with `file`"
	if found := dockerfilesIn(r.Context); len(found) > 0 {
		hint = "name it with `file`; the context has " + strings.Join(found, ", ")
	}
	return fault.Newf("E_DOCKERFILE_MISSING", hint, "there is no Dockerfile %q", filepath.ToSlash(dockerfilePath(r)))
}

// dockerfilesIn lists up to five files of a folder that look like a Dockerfile,
// as paths to give to `file`.
func dockerfilesIn(folder string) []string {
	const deepest, most = 3, 5
	var found []string
	_ = filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fs.SkipDir // the list is a help, not a result
		}
		rel, _ := filepath.Rel(folder, name)
		base := strings.ToLower(entry.Name())
		switch {
		case len(found) == most:
			return fs.SkipAll
		case entry.IsDir() && (base == ".git" || base == "node_modules" || strings.Count(rel, string(filepath.Separator)) >= deepest):
			return fs.SkipDir
		case entry.Type().IsRegular() && !strings.HasSuffix(base, ".dockerignore") &&
			(strings.Contains(base, "dockerfile") || strings.Contains(base, "containerfile")):
			found = append(found, filepath.ToSlash(name))
		}
		return nil
	})
	return found
}

// parseDockerfile fails with E_DOCKERFILE at the line of the mistake. The first
// word of frontend, if there is any, goes before a `# syntax=` line.
func parseDockerfile(name string, data []byte, frontend string) (*dockerfile, error) {
	d := &dockerfile{name: name}
	if words := strings.Fields(frontend); len(words) > 0 {
		d.syntax = words[0]
	} else if syntax, _, at, ok := parser.DetectSyntax(data); ok {
		d.syntax, d.line = syntax, firstLine(at)
	}
	tree, err := parser.Parse(bytes.NewReader(data))
	if err != nil {
		return d, d.mistake(0, err)
	}
	d.escape = tree.EscapeToken
	d.stages, d.args, err = instructions.Parse(tree.AST, nil)
	if err != nil {
		return d, d.mistake(0, err)
	}
	if len(d.stages) == 0 {
		return d, d.mistake(0, errors.New("there is no FROM, so there is nothing to build"))
	}
	return d, nil
}

// parserPlace is what BuildKit writes before some of its errors; the fault says
// the place in its own way.
var parserPlace = pattern.New(`^dockerfile parse error on line \d+: `)

// mistake is an E_DOCKERFILE at line, or where err says it is if line is 0.
func (d *dockerfile) mistake(line int, err error) *fault.Fault {
	if place, ok := errors.AsType[*parser.LocationError](err); ok && line == 0 && len(place.Locations) > 0 {
		line = firstLine(place.Locations[0])
	}
	text := parserPlace.ReplaceAllString(err.Error(), "")
	return fault.New("E_DOCKERFILE", "https://docs.docker.com/reference/dockerfile/", errors.New(text)).At(d.name, line)
}

// at makes a fault that points at a line of the Dockerfile.
func (d *dockerfile) at(line int, code, hint, format string, args ...any) *fault.Fault {
	return fault.New(code, hint, fmt.Errorf(format, args...)).At(d.name, line)
}

func firstLine(at []parser.Range) int {
	if len(at) == 0 {
		return 0
	}
	return at[0].Start.Line
}

// named is the index of the stage with this name, which the last of several has.
func (d *dockerfile) named(name string) (int, bool) {
	for i, stage := range slices.Backward(d.stages) {
		if stage.Name != "" && stage.Name == strings.ToLower(name) {
			return i, true
		}
	}
	return 0, false
}

// target is the index of the stage to build; it fails with E_BUILD_TARGET.
func (d *dockerfile) target(name string) (int, error) {
	if name == "" {
		return len(d.stages) - 1, nil
	}
	if i, ok := d.named(name); ok {
		return i, nil
	}
	var names []string
	for _, stage := range d.stages {
		if stage.Name != "" {
			names = append(names, stage.Name)
		}
	}
	hint := "no stage has a name; write `FROM … AS " + name + "`"
	if len(names) > 0 {
		hint = "its stages are " + strings.Join(names, ", ")
	}
	return 0, d.at(0, "E_BUILD_TARGET", hint, "there is no stage %q", name)
}

// mistakeUnlessFault is err itself where it already says what to do about it.
func (d *dockerfile) mistakeUnlessFault(line int, err error) error {
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	return d.mistake(line, err)
}
