package manifest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// path leads from a file to a field; it becomes text only where one is shown.
type path []step

// step is a key of a mapping or a position in a sequence.
type step struct {
	key   string
	index int // -1 for a key
}

func key(name string) step { return step{name, -1} }
func item(index int) step  { return step{"", index} }

// to is the path with steps added, in memory of its own.
func (p path) to(steps ...step) path { return append(p[:len(p):len(p)], steps...) }

var wordForm = pattern.New(`^[A-Za-z0-9_-]+$`)

// String is the form of Change.Field.
func (p path) String() string {
	var b strings.Builder
	for _, s := range p {
		switch {
		case s.index >= 0:
			fmt.Fprintf(&b, "[%d]", s.index)
		case wordForm.MatchString(s.key):
			b.WriteString("." + s.key)
		default:
			b.WriteString("." + strconv.Quote(s.key))
		}
	}
	return b.String()
}
