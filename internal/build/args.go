package build

import (
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// env is the variables that an instruction sees: a shell.EnvGetter.
type env map[string]string

var _ shell.EnvGetter = env(nil)

// Get gives a variable and whether it is set.
func (e env) Get(name string) (string, bool) {
	value, ok := e[name]
	return value, ok
}

// Keys lists the variables that are set.
func (e env) Keys() []string { return slices.Sorted(maps.Keys(e)) }

// automatic are the platform arguments that BuildKit defines in every Dockerfile.
func automatic(target, machine v1.Platform, stage string) env {
	if stage == "" {
		stage = "default"
	}
	return env{
		"BUILDPLATFORM":   machine.String(),
		"BUILDOS":         machine.OS,
		"BUILDOSVERSION":  "",
		"BUILDARCH":       machine.Architecture,
		"BUILDVARIANT":    machine.Variant,
		"TARGETPLATFORM":  target.String(),
		"TARGETOS":        target.OS,
		"TARGETOSVERSION": "",
		"TARGETARCH":      target.Architecture,
		"TARGETVARIANT":   target.Variant,
		"TARGETSTAGE":     stage,
	}
}

// globals are the variables of the scope before the first FROM, which FROM lines
// and bare ARGs of the stages see.
func (d *dockerfile) globals(target, machine v1.Platform, stage string, given map[string]string) (env, error) {
	if stage == "" {
		stage = d.stages[len(d.stages)-1].Name
	}
	vars := automatic(target, machine, stage)
	for name := range vars {
		if value, ok := given[name]; ok {
			vars[name] = value
		}
	}
	lex := shell.NewLex(d.escape)
	for _, command := range d.args {
		for _, arg := range command.Args {
			if value, ok := given[arg.Key]; ok {
				vars[arg.Key] = value
				continue
			}
			if arg.Value == nil {
				continue
			}
			value, _, err := lex.ProcessWord(*arg.Value, vars)
			if err != nil {
				return nil, d.mistake(firstLine(command.Location()), err)
			}
			vars[arg.Key] = value
		}
	}
	return vars, nil
}

// predefined says whether a build argument needs no ARG: proxies and what is
// meant for the builder itself.
func predefined(name string) bool {
	switch strings.ToLower(name) {
	case "http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy", "source_date_epoch":
		return true
	}
	return strings.HasPrefix(name, "BUILDKIT_")
}
