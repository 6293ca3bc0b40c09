// Package cli is the command line: one file a command, whose fields are its
// inputs, and the wiring of the real world to the packages that do the work.
// Nothing is decided here but exit codes.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"

	"github.com/seed-96940006/tagboat/internal/fault"
	_ "github.com/seed-96940006/tagboat/internal/lategc" // before what allocates as it starts
	"github.com/seed-96940006/tagboat/internal/report"
	"github.com/seed-96940006/tagboat/internal/runner"
	"github.com/seed-96940006/tagboat/internal/ship"
)

// World is what a command reaches beyond its arguments.
type World struct {
	Getenv func(string) string
	Stdout io.Writer // data
	Stderr io.Writer // for people
	Now    func() time.Time
}

// Exit codes.
const (
	exitOK     = 0 // done, or already so
	exitFailed = 1
	exitUsage  = 2 // the inputs are wrong; nothing was written
)

// grammar is the whole command line.
type grammar struct {
	Own kong.VersionFlag `name:"version" cli:"only" help:"Print the version of tagboat itself."`

	Ship    shipCmd    `cmd:"" help:"Build, tag, push and bump: the whole job."`
	Plan    planCmd    `cmd:"" help:"Show what ship would do for an event, as JSON."`
	Build   buildCmd   `cmd:"" help:"Build and push the image that the event asks for."`
	Push    pushCmd    `cmd:"" help:"Push an image that was built elsewhere."`
	Bump    bumpCmd    `cmd:"" help:"Write an image reference into the infra repository."`
	Promote promoteCmd `cmd:"" help:"Take an image to other tags, registries and environments, as it is."`
	Version versionCmd `cmd:"" help:"Claim the next version number for a commit."`
	Resolve resolveCmd `cmd:"" help:"Ask a registry which image a tag is."`
	Exists  existsCmd  `cmd:"" help:"Ask a registry whether it has an image."`
	List    listCmd    `cmd:"" help:"List all tags of a repository."`
	Login   loginCmd   `cmd:"" help:"Log docker and other programs in to registries."`
	Logout  logoutCmd  `cmd:"" help:"Remove the logins that login wrote."`
	Demo    demoCmd    `cmd:"" help:"Play the life of a change on this machine, for real."`

	Completion kongcompletion.Completion `cmd:"" help:"Print shell code that completes tagboat's commands and flags."`
}

// app is what the commands run in.
type app struct {
	*runner.Runner
	world World
	atEnd []func() error // to be done when errors are told
}

// Outputs hands results on. On a terminal they stand below the errors, and an error
// below the step that failed.
func (a *app) Outputs(outputs []runner.Output, asJSON bool) error {
	if a.InActions {
		return a.Runner.Outputs(outputs, asJSON)
	}
	a.atEnd = append(a.atEnd, func() error { return a.Runner.Outputs(outputs, asJSON) })
	return nil
}

// usageError marks an error of the inputs.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usage marks err as one of the inputs; nil stays nil.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// stop ends the parser where it would end the program, after --help and the like.
type stop int

// Main runs the command line of this process and returns the exit code. An
// interrupt ends what is running in good order; a second one ends the process.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return Run(ctx, World{Getenv: takeSecrets(), Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now}, os.Args[1:])
}

// Run runs one command line and returns the exit code.
func Run(ctx context.Context, world World, args []string) (code int) {
	codeOfHelp := exitOK
	if world.Getenv("COMP_LINE") == "" { // a shell that completes asks by that
		if len(args) == 0 { // nobody has asked for what is printed
			world.Stdout, codeOfHelp = world.Stderr, exitUsage
		}
		args = asksForHelp(args)
	}
	a := &app{Runner: runner.New(world.Getenv, world.Stdout, world.Stderr), world: world}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case stop:
			code = max(int(r), codeOfHelp)
		default:
			panic(r)
		}
	}()
	p, err := newParser(a, args)
	if err != nil {
		return a.exit(err)
	}
	if world.Getenv("COMP_LINE") != "" {
		kongcompletion.Register(p.kong, kongcompletion.WithExitFunc(func(code int) { panic(stop(code)) }))
	}
	command, err := p.parse(args)
	if err != nil {
		return a.exit(errors.Join(usage(err), a.Summary(report.Markdown(strings.Join(args[:min(1, len(args))], ""), &ship.State{}, err))))
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return a.exit(command.Run(a))
}

// exit reports what has not been reported and chooses the code.
func (a *app) exit(err error) int {
	a.fail(err)
	for _, do := range a.atEnd {
		late := do()
		a.fail(late)
		err = errors.Join(err, late)
	}
	if err == nil {
		return exitOK
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

// fail reports all that is wrong.
func (a *app) fail(err error) {
	for _, f := range fault.All(err) {
		if !errors.Is(f, errNo) {
			a.Fail(f)
		}
	}
}

// release is set by the linker: the release, or the hash of the sources that the
// action was built from.
var release string

// ownVersion is the release, or the commit that the binary was built from.
func ownVersion() string {
	info, ok := debug.ReadBuildInfo()
	if release != "" || !ok {
		return cmp.Or(release, "unknown")
	}
	v := strings.Trim(info.Main.Version, "()")
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && v == "devel" {
			v = fmt.Sprintf("devel %.12s", s.Value)
		}
	}
	return v
}
