package run_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/run"
)

// TestMain lets the test binary be the program that is run.
func TestMain(m *testing.M) {
	switch os.Getenv("RUN_TEST_PROGRAM") {
	case "":
		os.Exit(m.Run())
	case "echo":
		_, _ = os.Stdout.ReadFrom(os.Stdin)
		_, _ = os.Stdout.WriteString(strings.Join(os.Args[1:], "|") + " A=" + os.Getenv("A") + " B=" + os.Getenv("B") + "\n")
	case "fail":
		_, _ = os.Stderr.WriteString("first\n" + strings.Repeat("x", 9000) + "\nlast words\n")
		os.Exit(3)
	case "both":
		for range 500 {
			_, _ = os.Stdout.WriteString("o")
			_, _ = os.Stderr.WriteString("e")
		}
	case "hang":
		interrupted := make(chan os.Signal, 1)
		signal.Notify(interrupted, os.Interrupt)
		_, _ = os.Stdout.WriteString("ready\n")
		<-interrupted
		_, _ = os.Stdout.WriteString("tidied up\n")
	}
}

func self(t *testing.T, program string, args ...string) run.Command {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return run.Command{Name: exe, Args: args, Env: []string{"RUN_TEST_PROGRAM=" + program}}
}

func TestOutput(t *testing.T) {
	t.Setenv("A", "outer")
	t.Setenv("B", "outer")
	c := self(t, "echo", "a b", "$HOME;")
	c.Stdin = strings.NewReader("in ")
	c.Env = append(c.Env, "A=inner")
	c.Drop = []string{"A", "B", "PWD"}
	out, err := run.Output(t.Context(), c)
	if got, want := string(out), "in a b|$HOME; A=inner B=\n"; got != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestFailureKeepsTheLastWords(t *testing.T) {
	err := run.Run(t.Context(), self(t, "fail", "-x", "verb", "more"))
	failed, ok := errors.AsType[*run.Error](err)
	if !ok || failed.Code != 3 || failed.Verb != "verb" {
		t.Fatalf("got %#v", err)
	}
	if !strings.HasSuffix(failed.Stderr, "last words") || len(failed.Stderr) > 8<<10 || strings.Contains(failed.Stderr, "first") {
		t.Errorf("kept %d bytes", len(failed.Stderr))
	}
	silent := run.Error{Name: "git", Verb: "push", Code: -1}
	if got, want := silent.Error(), "git push: exit code -1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBothStreamsToOneWriter(t *testing.T) {
	var both bytes.Buffer
	c := self(t, "both")
	c.Stdout, c.Stderr = &both, &both
	if err := run.Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if o, e := strings.Count(both.String(), "o"), strings.Count(both.String(), "e"); o != 500 || e != 500 {
		t.Errorf("got %d and %d bytes", o, e)
	}
}

func TestErrorsAreAlsoPassedOn(t *testing.T) {
	var stderr bytes.Buffer
	c := self(t, "fail")
	c.Stderr = &stderr
	if err := run.Run(t.Context(), c); err == nil || !strings.HasPrefix(stderr.String(), "first\n") {
		t.Errorf("got %v", err)
	}
}

func TestMissingProgram(t *testing.T) {
	err := run.Run(t.Context(), run.Command{Name: "no-such-program-anywhere"})
	if fault.Code(err) != "E_PROGRAM_MISSING" {
		t.Errorf("got %v", err)
	}
}

// waker keeps what the program writes, and tells when it begins.
type waker struct {
	kept bytes.Buffer // not embedded: its ReadFrom would pass Write by
	wake func()
}

func (w *waker) Write(p []byte) (int, error) {
	w.wake()
	return w.kept.Write(p)
}

// A program that is interrupted may tidy up.
func TestCancelInterrupts(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	out := &waker{wake: func() { cancel(cause) }}
	c := self(t, "hang")
	c.Stdout = out
	if err := run.Run(ctx, c); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	if got := out.kept.String(); got != "ready\ntidied up\n" {
		t.Errorf("the program wrote %q", got)
	}
}
