package build

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// useBuildx is the way out of everything that only Docker can do.
const useBuildx = "use `builder: buildx` where Docker runs (GitHub's Ubuntu runners have it)"

// unsupported says why the native builder cannot carry out a command, or nil.
func (p *plan) unsupported(command instructions.Command) *fault.Fault {
	line := firstLine(command.Location())
	switch c := command.(type) {
	case *instructions.RunCommand:
		return p.file.at(line, "E_BUILD_RUN", useBuildx+", or do this step before the build and COPY its result",
			"the native builder runs no programs, so it cannot RUN")
	case *instructions.AddCommand:
		return p.remote(c, line)
	case *instructions.CopyCommand:
		if c.Parents {
			return p.file.at(line, "E_BUILD_UNSUPPORTED", useBuildx+", or write one COPY a folder",
				"the native builder does not know COPY --parents")
		}
	}
	return nil
}

// remote refuses an ADD that would fetch something.
func (p *plan) remote(c *instructions.AddCommand, line int) *fault.Fault {
	for _, source := range c.SourcePaths {
		if strings.Contains(source, "://") || strings.HasPrefix(source, "git@") {
			return p.file.at(line, "E_BUILD_UNSUPPORTED", useBuildx+", or fetch it in a step before the build and COPY the file",
				"the native builder does not ADD from the network: %s", source)
		}
	}
	return nil
}

// supportedSyntax refuses frontends other than Docker's own.
func (d *dockerfile) supportedSyntax() error {
	name := strings.TrimPrefix(d.syntax, "docker.io/")
	if name == "" || strings.HasPrefix(name, "docker/dockerfile:") || name == "docker/dockerfile" ||
		strings.HasPrefix(name, "docker/dockerfile@") || strings.HasPrefix(name, "docker/dockerfile-upstream") {
		return nil
	}
	return d.at(d.line, "E_BUILD_UNSUPPORTED", useBuildx, "the native builder reads Dockerfiles only, not what %s reads", d.syntax)
}
