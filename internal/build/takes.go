package build

import (
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// takesGit says whether a build may take .git from its context, and at which line
// of the Dockerfile; of one that cannot be read here, it may. ONBUILD of base
// images is not looked at.
func takesGit(r Request) (line int, taken bool) {
	file, err := readDockerfile(r)
	if err != nil || file.supportedSyntax() != nil {
		return 1, true
	}
	for _, stage := range file.stages {
		for _, command := range stage.Commands {
			if slices.ContainsFunc(fromContext(command), mayBeGit) {
				return firstLine(command.Location()), true
			}
		}
	}
	return 0, false
}

// fromContext lists what a command takes from the context, as it is written.
func fromContext(command instructions.Command) []string {
	switch c := command.(type) {
	case *instructions.AddCommand:
		return c.SourcePaths
	case *instructions.CopyCommand:
		if c.From == "" {
			return c.SourcePaths
		}
	case *instructions.RunCommand:
		return mounted(c)
	case *instructions.OnbuildCommand: // for the stages that begin with this one
		if expression := strings.ToUpper(c.Expression); !strings.HasPrefix(expression, "RUN") || strings.Contains(expression, "--MOUNT") {
			return []string{"/"}
		}
	}
	return nil
}

// mounted lists what a RUN sees of the context.
func mounted(c *instructions.RunCommand) []string {
	asWritten := func(word string) (string, error) { return word, nil }
	if err := c.Expand(asWritten); err != nil {
		return []string{"/"} // a variable where a word was expected
	}
	var sources []string
	for _, mount := range instructions.GetMounts(c) {
		if mount.Type == instructions.MountTypeBind && mount.From == "" {
			sources = append(sources, mount.Source)
		}
	}
	return sources
}

// mayBeGit says whether a source may name .git, something in it, or a folder that
// holds it.
func mayBeGit(source string) bool {
	if strings.Contains(source, "://") {
		return false
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(path.Clean("/"+source), "/"), "/")
	hit, err := path.Match(first, ".git")
	return first == "" || hit || err != nil || strings.Contains(source, "$")
}
