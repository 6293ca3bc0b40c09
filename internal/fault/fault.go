// Package fault is the error that a user can act on: a stable code, what is
// wrong, and what to do next.
//
// It owns the shape of such errors and how they are collected; it never prints
// and never decides an exit code. Every code stands in docs/troubleshooting.md.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// Fault is an error with a stable code and a way out.
type Fault struct {
	Code string // stable, upper case, E_…: users search for it
	Hint string // what to do next; can be pasted or clicked; may be empty
	File string // the user's file that is at fault, slash-separated, or empty
	Line int    // 1-based line in File; 0 where there is none
	Err  error  // what is wrong
}

// New returns a fault: err says what is wrong, hint what to do about it.
func New(code, hint string, err error) *Fault {
	return &Fault{Code: code, Hint: hint, Err: err}
}

// Newf is New with the error made from a format.
func Newf(code, hint, format string, args ...any) *Fault {
	return New(code, hint, fmt.Errorf(format, args...))
}

// At returns a copy of f that points at a line of one of the user's files;
// line 0 means the file as a whole.
func (f *Fault) At(file string, line int) *Fault {
	at := *f
	at.File, at.Line = file, line
	return &at
}

// Error is the text of the wrapped error after its place, as compilers print it.
func (f *Fault) Error() string {
	switch {
	case f.File == "":
		return f.Err.Error()
	case f.Line == 0:
		return fmt.Sprintf("%s: %v", f.File, f.Err)
	}
	return fmt.Sprintf("%s:%d: %v", f.File, f.Line, f.Err)
}

// Unwrap gives the wrapped error to errors.Is and errors.As.
func (f *Fault) Unwrap() error { return f.Err }

// Code is the code of the first fault in err, or "E_UNEXPECTED" where err holds none.
func Code(err error) string {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Code
	}
	return "E_UNEXPECTED"
}

// Is reports whether err holds a fault with this code.
func Is(err error, code string) bool {
	for _, f := range All(err) {
		if f.Code == code {
			return true
		}
	}
	return false
}

// All lists the faults in err, which may be a single error or errors.Join of
// many, also below other errors, in the order in which they were joined. What
// was wrapped around a single fault on its way up is kept in its text. An error
// that is no fault comes back as one with the code E_UNEXPECTED, so that nothing
// is left unreported.
func All(err error) []*Fault {
	switch e := err.(type) {
	case nil:
		return nil
	case *Fault:
		return []*Fault{e}
	case interface{ Unwrap() []error }:
		var all []*Fault
		for _, one := range e.Unwrap() {
			all = append(all, All(one)...)
		}
		return all
	case interface{ Unwrap() error }:
		return around(err, All(e.Unwrap()))
	}
	return []*Fault{New("E_UNEXPECTED", "", err)}
}

// around gives the only fault that err is wrapped around err's whole text, which
// begins with the fault's place.
func around(err error, below []*Fault) []*Fault {
	switch {
	case len(below) == 0:
		return []*Fault{New("E_UNEXPECTED", "", err)}
	case len(below) > 1:
		return below
	case err.Error() == below[0].Error():
		return below
	}
	wrapped := *below[0]
	wrapped.Err, wrapped.File, wrapped.Line = err, "", 0
	return []*Fault{&wrapped}
}

// Plain is a text in one line of at most so many characters. What somebody else has
// written, and stands in an error, must not write to a terminal, nor begin a line of
// a workflow's log.
func Plain(text string, most int) string {
	shown := strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return ' '
	}, text)
	runes := []rune(strings.Join(strings.Fields(shown), " "))
	if len(runes) > most {
		runes = append(runes[:most], '…')
	}
	return string(runes)
}
