// Package pattern holds regular expressions that are compiled when they are
// first used. A command uses few of the program's expressions, and to compile
// them all costs each start a millisecond.
package pattern

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression of package regexp.
type Pattern struct{ compiled func() *regexp.Regexp }

// New is a pattern that panics at its first use if expr is no expression.
func New(expr string) Pattern {
	return Pattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })}
}

// Regexp is the compiled expression.
func (p Pattern) Regexp() *regexp.Regexp { return p.compiled() }

// MatchString is that of regexp.Regexp.
func (p Pattern) MatchString(s string) bool { return p.compiled().MatchString(s) }

// FindStringSubmatch is that of regexp.Regexp.
func (p Pattern) FindStringSubmatch(s string) []string { return p.compiled().FindStringSubmatch(s) }

// ReplaceAllString is that of regexp.Regexp.
func (p Pattern) ReplaceAllString(s, with string) string {
	return p.compiled().ReplaceAllString(s, with)
}
