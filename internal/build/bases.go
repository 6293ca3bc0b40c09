package build

import (
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// BaseImages lists the images that a build may pull: those that stages begin with,
// copy or mount from, and the frontend. What cannot be read, or depends on more than
// the arguments of the build, is left out.
func BaseImages(r Request) []ref.Image {
	r = withPlatform(r)
	file, err := readDockerfile(r)
	if err != nil || len(file.stages) == 0 {
		return nil
	}
	platform, err := parsePlatform(r.Platform)
	if err != nil {
		return nil
	}
	globals, err := file.globals(platform, host(), r.Target, r.Args)
	if err != nil {
		return nil
	}
	names := []string{file.syntax}
	for _, stage := range file.stages {
		names = append(names, stage.BaseName)
		for _, command := range stage.Commands {
			names = append(names, copiedFrom(command)...)
		}
	}
	lex := shell.NewLex(file.escape)
	var all []ref.Image
	for _, name := range names {
		filled, _, err := lex.ProcessWord(name, globals)
		if err != nil || filled == "" || filled == "scratch" || file.isStage(filled) {
			continue
		}
		image, err := ref.ParseImage(filled)
		if err == nil && !slices.Contains(all, image) {
			all = append(all, image)
		}
	}
	return all
}

// isStage reports whether a name, or a number, is that of a stage.
func (f *dockerfile) isStage(name string) bool {
	if n, err := strconv.Atoi(name); err == nil && n < len(f.stages) {
		return true
	}
	return slices.ContainsFunc(f.stages, func(s instructions.Stage) bool { return strings.EqualFold(s.Name, name) })
}

// copiedFrom are the stages or images that a command takes files from.
func copiedFrom(command instructions.Command) (names []string) {
	switch c := command.(type) {
	case *instructions.CopyCommand:
		names = append(names, c.From)
	case *instructions.RunCommand:
		asWritten := func(word string) (string, error) { return word, nil }
		if err := c.Expand(asWritten); err != nil {
			return nil
		}
		for _, mount := range instructions.GetMounts(c) {
			names = append(names, mount.From)
		}
	}
	return names
}
