package build

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// run carries out one instruction. What an instruction does to the config, and
// how the history words it, is as in BuildKit's dockerfile2llb.
func (b *building) run(ctx context.Context, s *stage, command instructions.Command) error {
	line := firstLine(command.Location())
	if err := b.expand(s, command); err != nil {
		return b.plan.file.mistake(line, err)
	}
	var err error
	switch c := command.(type) {
	case *instructions.AddCommand:
		if f := b.plan.remote(c, line); f != nil {
			return f
		}
		return b.add(ctx, s, c)
	case *instructions.CopyCommand:
		return b.copy(ctx, s, c)
	case *instructions.WorkdirCommand:
		err = b.workdir(ctx, s, c)
	case *instructions.ArgCommand:
		err = b.arg(s, c)
	case *instructions.ExposeCommand:
		err = b.expose(s, c)
	case *instructions.StopSignalCommand:
		err = b.stopSignal(s, c)
	default:
		b.configure(s, command)
	}
	if err != nil {
		return placed(b.plan.file.mistakeUnlessFault(line, err), b.plan.file.name, line)
	}
	return nil
}

// expand fills in the variables of an instruction. ARG does so itself, for a
// default that is not used may be wrong.
func (b *building) expand(s *stage, command instructions.Command) error {
	if _, ok := command.(*instructions.ArgCommand); ok {
		return nil
	}
	if c, ok := command.(instructions.SupportsSingleWordExpansion); ok {
		lex := shell.NewLex(b.plan.file.escape)
		err := c.Expand(func(word string) (string, error) {
			value, _, err := lex.ProcessWord(word, s.env)
			return value, err
		})
		if err != nil {
			return err
		}
	}
	if c, ok := command.(instructions.SupportsSingleWordExpansionRaw); ok {
		lex := shell.NewLex('\\')
		lex.SkipProcessQuotes = true
		return c.ExpandRaw(func(word string) (string, error) {
			value, _, err := lex.ProcessWord(word, s.env)
			return value, err
		})
	}
	return nil
}

// configure carries out the instructions that change only the config and cannot fail.
func (b *building) configure(s *stage, command instructions.Command) {
	config := &s.image.Config
	switch c := command.(type) {
	case *instructions.EnvCommand:
		words := []string{"ENV"}
		for _, pair := range c.Env {
			s.setEnv(pair.Key, pair.Value)
			words = append(words, pair.String())
		}
		b.commit(s, false, "%s", strings.Join(words, " "))
	case *instructions.LabelCommand:
		words := []string{"LABEL"}
		if config.Labels == nil {
			config.Labels = map[string]string{}
		}
		for _, pair := range c.Labels {
			config.Labels[pair.Key] = pair.Value
			words = append(words, pair.String())
		}
		b.commit(s, false, "%s", strings.Join(words, " "))
	case *instructions.MaintainerCommand:
		s.image.Author = c.Maintainer
		b.commit(s, false, "MAINTAINER %v", c.Maintainer)
	case *instructions.OnbuildCommand:
		config.OnBuild = append(config.OnBuild, c.Expression)
	case *instructions.CmdCommand:
		config.Cmd = s.commandLine(c.ShellDependantCmdLine)
		s.cmdSet = true
		b.commit(s, false, "CMD %q", config.Cmd)
	case *instructions.EntrypointCommand:
		config.Entrypoint = s.commandLine(c.ShellDependantCmdLine)
		if !s.cmdSet {
			config.Cmd = nil // a CMD of the base was meant for the base's ENTRYPOINT
		}
		b.commit(s, false, "ENTRYPOINT %q", config.Entrypoint)
	case *instructions.HealthCheckCommand:
		health := dockerspec.HealthcheckConfig(*c.Health)
		config.Healthcheck = &health
		b.commit(s, false, "%s", c)
	case *instructions.UserCommand:
		config.User = c.User
		b.commit(s, false, "USER %v", c.User)
	case *instructions.VolumeCommand:
		if config.Volumes == nil {
			config.Volumes = map[string]struct{}{}
		}
		for _, volume := range c.Volumes {
			config.Volumes[volume] = struct{}{}
		}
		b.commit(s, false, "VOLUME %v", c.Volumes)
	case *instructions.ShellCommand:
		config.Shell = c.Shell
		b.commit(s, false, "SHELL %v", c.Shell)
	}
}

// commandLine is a command with the shell before it where it has the shell form.
func (s *stage) commandLine(c instructions.ShellDependantCmdLine) []string {
	if !c.PrependShell {
		return c.CmdLine
	}
	program := s.image.Config.Shell
	if len(program) == 0 {
		program = []string{"/bin/sh", "-c"}
	}
	return append(slices.Clone(program), strings.Join(c.CmdLine, " "))
}

func (s *stage) setEnv(name, value string) {
	s.env[name] = value
	list := s.image.Config.Env
	for i, variable := range list {
		if before, _, _ := strings.Cut(variable, "="); before == name {
			list[i] = name + "=" + value
			return
		}
	}
	s.image.Config.Env = append(list, name+"="+value)
}

// arg gives a variable its value: the build argument, the default, or what an ARG
// before the first FROM gave.
func (b *building) arg(s *stage, c *instructions.ArgCommand) error {
	words := []string{"ARG"}
	lex := shell.NewLex(b.plan.file.escape)
	for _, arg := range c.Args {
		value, ok := b.request.Args[arg.Key]
		switch {
		case ok:
		case arg.Value != nil:
			var err error
			if value, _, err = lex.ProcessWord(*arg.Value, s.env); err != nil {
				return err
			}
			ok = true
		default:
			value, ok = b.plan.globals[arg.Key]
		}
		if !ok {
			words = append(words, arg.Key)
			continue
		}
		s.env[arg.Key] = value
		words = append(words, arg.Key+"="+value)
	}
	b.commit(s, false, "%s", strings.Join(words, " "))
	return nil
}

// workdir changes the folder and makes it, for the user of the stage.
func (b *building) workdir(ctx context.Context, s *stage, c *instructions.WorkdirCommand) error {
	config := &s.image.Config
	folder := c.Path
	if !path.IsAbs(folder) {
		folder = path.Join("/", config.WorkingDir, folder)
	}
	folder = path.Clean(folder)
	config.WorkingDir = folder
	if folder == "/" {
		b.commit(s, false, "WORKDIR %s", folder)
		return nil
	}
	made, err := b.layer(ctx, s, func(files *tree) error {
		model := node{mode: 0o755}
		if config.User != "" {
			switch user, err := parseOwner(ctx, config.User, files); {
			case err == nil:
				model.uid, model.gid = user.uid, user.gid
			case errors.Is(err, errNoUser):
				model.uid, model.gid = user.uid, user.gid
				b.logf("warning: %s belongs to %d:%d: USER %s: %v", folder, user.uid, user.gid, config.User, err)
			default:
				return err
			}
		}
		at, err := resolve(files, folder)
		if err != nil {
			return err
		}
		return files.makeFolders(at, model)
	})
	if err != nil {
		return err
	}
	b.commit(s, made, "WORKDIR %s", folder)
	return nil
}

// signalForm is a signal by number or by name, such as 9, TERM, SIGRTMIN+3.
var signalForm = pattern.New(`^(?i)([0-9]{1,2}|(SIG)?[A-Z]+[0-9]*([+-][0-9]{1,2})?)$`)

func (b *building) stopSignal(s *stage, c *instructions.StopSignalCommand) error {
	if !signalForm.MatchString(c.Signal) {
		return fmt.Errorf("STOPSIGNAL %s is neither a number nor a name such as SIGTERM", c.Signal)
	}
	s.image.Config.StopSignal = c.Signal
	b.commit(s, false, "STOPSIGNAL %v", c.Signal)
	return nil
}
