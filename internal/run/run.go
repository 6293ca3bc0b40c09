// Package run starts programs. It is the only importer of os/exec: arguments
// go to the program as they are, never through a shell, and secrets travel in
// Env or Stdin, never in Args.
package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Command is one program to start.
type Command struct {
	Name   string    // looked up on PATH
	Args   []string  // without the name; no secrets here
	Dir    string    // working folder; "" is the current one
	Env    []string  // NAME=value, added to the environment of this process
	Drop   []string  // names of this process's environment that the program must not see
	Stdin  io.Reader // nil is empty
	Stdout io.Writer // nil discards
	Stderr io.Writer // nil discards; may be Stdout; an Error keeps the end of it in any case
}

// Error is a program that ended with another exit code than 0.
type Error struct {
	Name   string // the program
	Verb   string // its first argument that is no flag: push of git push --porcelain
	Code   int    // exit code; -1 where a signal ended it
	Stderr string // the last 8 KiB of what it wrote there, trimmed
}

// Error is the program's own last words, or its exit code where it had none.
func (e *Error) Error() string {
	name := strings.TrimSpace(e.Name + " " + e.Verb)
	if e.Stderr == "" {
		return fmt.Sprintf("%s: exit code %d", name, e.Code)
	}
	return name + ": " + e.Stderr
}

const (
	// grace is how long a program may tidy up after an interrupt before it is
	// killed; the Actions runner gives a cancelled step 7.5 s in all.
	grace = 3 * time.Second
	// drain is how long the streams of a program that has ended are read on: one
	// that it left behind, such as ssh's master, may hold them open for ever.
	drain = 10 * time.Second
)

// Run starts c and waits for it. It fails with *Error where the program ran and
// failed, with E_PROGRAM_MISSING where there is no such program, and with the
// context's error where that ended first: the program is then interrupted, so
// that it can release its locks.
func Run(ctx context.Context, c Command) error {
	cmd := exec.CommandContext(ctx, c.Name, c.Args...)
	cmd.Dir, cmd.Stdin = c.Dir, c.Stdin
	cmd.Env = append(without(cmd.Environ(), c.Drop), c.Env...) // c.Env is what this program is to know
	cmd.WaitDelay = drain
	cmd.Cancel = func() error { // runs at most once, before WaitDelay is looked at
		cmd.WaitDelay = grace
		return cmd.Process.Signal(os.Interrupt)
	}
	last := &tail{max: 8 << 10}
	cmd.Stdout, cmd.Stderr = c.streams(last)
	err := cmd.Run()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil {
		return nil // the program itself ended well
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", c.Name, context.Cause(ctx))
	}
	if errors.Is(err, exec.ErrNotFound) {
		return fault.Newf("E_PROGRAM_MISSING", "install "+c.Name+" and see that it is on PATH", "there is no program %q on PATH", c.Name)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return &Error{Name: c.Name, Verb: verb(c.Args), Code: exit.ExitCode(), Stderr: last.String()}
	}
	return fmt.Errorf("%s: %w", c.Name, err)
}

// Output is Run with the program's standard output as the result.
func Output(ctx context.Context, c Command) ([]byte, error) {
	var out bytes.Buffer
	c.Stdout = &out
	err := Run(ctx, c)
	return out.Bytes(), err
}

// streams are where the program writes to; its errors go to last as well. One
// writer for both gets a lock, since os/exec copies each in a goroutine of its own.
func (c Command) streams(last io.Writer) (stdout, stderr io.Writer) {
	if c.Stderr == nil {
		return c.Stdout, last
	}
	if c.Stdout != nil && reflect.ValueOf(c.Stdout).Comparable() && c.Stdout == c.Stderr {
		one := &locked{w: c.Stdout}
		return one, io.MultiWriter(one, last)
	}
	return c.Stdout, io.MultiWriter(c.Stderr, last)
}

// without is env less the variables of these names, and less our own inputs:
// they hold tokens, and a program gets the one that it needs in Command.Env.
func without(env, names []string) []string {
	return slices.DeleteFunc(env, func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return name == "INPUTS" || strings.HasPrefix(name, "TAGBOAT_") || slices.Contains(names, name)
	})
}

func verb(args []string) string {
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") {
			return arg
		}
	}
	return ""
}

// locked lets both streams of a program go to one writer: os/exec copies each
// in a goroutine of its own.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// tail keeps the last max bytes that were written to it.
type tail struct {
	max  int
	data []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p...)
	if extra := len(t.data) - t.max; extra > 0 {
		t.data = append(t.data[:0], t.data[extra:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return strings.TrimSpace(string(t.data)) }
