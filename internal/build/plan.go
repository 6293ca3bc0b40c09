package build

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// plan is what a build will do: the stages that the target needs, in the order
// of the Dockerfile, with the variables of their FROM lines filled in.
type plan struct {
	file     *dockerfile
	platform v1.Platform
	explicit bool // the platform was asked for
	globals  env
	target   int
	stages   map[int]*stagePlan
}

// stagePlan is one FROM and its instructions.
type stagePlan struct {
	index    int
	line     int    // of its FROM
	name     string // what it is called in the log
	base     string // the image it begins with; "scratch"; "" where parent is set
	parent   int    // the stage it begins with, or -1
	platform *v1.Platform
	commands []instructions.Command
}

const scratch = "scratch"

// makePlan reads the Dockerfile and decides all that can be decided without the
// network. It reports every mistake in the stages that are needed.
func makePlan(r Request) (*plan, error) {
	file, err := readDockerfile(r)
	if err != nil {
		return nil, err
	}
	p := &plan{file: file, platform: host(), stages: map[int]*stagePlan{}}
	if r.Platform != "" {
		if p.platform, err = parsePlatform(r.Platform); err == nil {
			err = known(p.platform, r.Platform)
		}
		if err != nil {
			return nil, err
		}
		p.explicit = true
	}
	if p.platform.OS == "windows" {
		return nil, fault.Newf("E_BUILD_UNSUPPORTED", useBuildx, "the native builder does not build for %s", p.platform)
	}
	if err := file.supportedSyntax(); err != nil {
		return nil, err
	}
	if _, _, err := r.epoch(); err != nil {
		return nil, err
	}
	if p.globals, err = file.globals(p.platform, host(), r.Target, r.Args); err != nil {
		return nil, err
	}
	if p.target, err = file.target(r.Target); err != nil {
		return nil, err
	}
	if err := p.need(p.target); err != nil {
		return nil, err
	}
	return p, nil
}

// need adds stage i and the stages that it takes from.
func (p *plan) need(i int) error {
	if _, ok := p.stages[i]; ok {
		return nil
	}
	stage, err := p.stage(i)
	if err != nil {
		return err
	}
	p.stages[i] = stage
	var mistakes []error
	if stage.parent >= 0 {
		mistakes = append(mistakes, p.need(stage.parent))
	}
	ran := false
	for _, command := range stage.commands {
		if f := p.unsupported(command); f != nil && !(f.Code == "E_BUILD_RUN" && ran) {
			mistakes = append(mistakes, f)
			ran = ran || f.Code == "E_BUILD_RUN" // one RUN is enough to know
		}
		copying, ok := command.(*instructions.CopyCommand)
		if !ok || copying.From == "" {
			continue
		}
		from, err := p.from(i, copying.From, firstLine(copying.Location()))
		if err == nil && from >= 0 {
			err = p.need(from)
		}
		mistakes = append(mistakes, err)
	}
	return errors.Join(mistakes...)
}

// stage fills in the FROM line of stage i.
func (p *plan) stage(i int) (*stagePlan, error) {
	from := p.file.stages[i]
	stage := &stagePlan{index: i, line: firstLine(from.Location), name: from.Name, parent: -1, commands: from.Commands}
	if stage.name == "" {
		stage.name = fmt.Sprintf("stage-%d", i)
	}
	lex := shell.NewLex(p.file.escape)
	base, unset, err := lex.ProcessWord(from.BaseName, p.globals)
	if err != nil {
		return nil, p.file.mistake(stage.line, err)
	}
	if len(unset) > 0 && base == "" {
		return nil, p.file.at(stage.line, "E_DOCKERFILE", "give `ARG` a default before the first FROM, or pass the build argument",
			"FROM %s is empty: %s is not set", from.BaseName, strings.Join(slices.Sorted(maps.Keys(unset)), ", "))
	}
	if from.Platform != "" {
		name, _, err := lex.ProcessWord(from.Platform, p.globals)
		if err != nil {
			return nil, p.file.mistake(stage.line, err)
		}
		platform, err := parsePlatform(name)
		if err != nil {
			return nil, placed(err, p.file.name, stage.line)
		}
		stage.platform = &platform
	}
	if parent, ok := p.file.stageBefore(i, base); ok {
		stage.parent = parent
		return stage, nil
	}
	lower := strings.ToLower(base)
	if _, ok := p.file.stageBefore(i, lower); ok {
		return nil, p.file.at(stage.line, "E_DOCKERFILE", "write FROM "+lower, "FROM %s: stages are named in lower case, whatever AS says", base)
	}
	stage.base = base
	return stage, nil
}

// stageBefore is the index of the stage named base among those before i.
func (d *dockerfile) stageBefore(i int, base string) (int, bool) {
	for j, earlier := range slices.Backward(d.stages[:i]) {
		if earlier.Name != "" && earlier.Name == base {
			return j, true
		}
	}
	return 0, false
}

// from is the index of the stage that COPY --from names in stage i, or -1 where
// it names an image.
func (p *plan) from(i int, name string, line int) (int, error) {
	if strings.Contains(name, "$") {
		return 0, p.file.at(line, "E_DOCKERFILE", "define a stage with `FROM "+name+" AS …` and an ARG before the first FROM, and copy from that",
			"--from=%s holds a variable, which Dockerfiles do not allow here", name)
	}
	from, ok := p.file.named(name)
	if number, err := strconv.Atoi(name); err == nil {
		if from, ok = number, true; number < 0 || number >= len(p.file.stages) {
			return 0, p.file.at(line, "E_DOCKERFILE", fmt.Sprintf("stages are counted from 0; there are %d", len(p.file.stages)),
				"--from=%s: there is no such stage", name)
		}
	}
	if !ok {
		return -1, nil
	}
	if from >= i {
		return 0, p.file.at(line, "E_DOCKERFILE", "a stage can only copy from stages above it",
			"--from=%s: the stage begins in line %d, which is not above", name, firstLine(p.file.stages[from].Location))
	}
	return from, nil
}

// unusedArgs lists the build arguments that no ARG of the needed stages asks for.
func (p *plan) unusedArgs(given map[string]string) []string {
	used := automatic(p.platform, host(), "")
	note := func(command *instructions.ArgCommand) {
		for _, arg := range command.Args {
			used[arg.Key] = ""
		}
	}
	for i := range p.file.args {
		note(&p.file.args[i])
	}
	for _, stage := range p.stages {
		for _, command := range stage.commands {
			if arg, ok := command.(*instructions.ArgCommand); ok {
				note(arg)
			}
		}
	}
	var unused []string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, ok := used[name]; !ok && !predefined(name) {
			unused = append(unused, name)
		}
	}
	return unused
}

// placed points a fault that has no place yet at a line of a file.
func placed(err error, file string, line int) error {
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.File == "" {
		return f.At(file, line)
	}
	return err
}
