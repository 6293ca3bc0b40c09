package manifest

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed-96940006/tagboat/internal/near"
)

// told is the text of a stop, with what is there instead.
func (s *stop) told() string {
	text := s.text
	if s.err != nil {
		text += fmt.Sprintf(" (it is no YAML: %v)", s.err)
	}
	if len(s.options) == 0 {
		return text
	}
	var there []string
	for _, o := range s.options {
		if name := o.String(); !slices.Contains(there, name) && len(there) <= shown {
			there = append(there, name)
		}
	}
	if len(there) > shown {
		there[shown] = "and others"
	}
	return text + "; there are " + strings.Join(there, " ")
}

// hint is the address with what may have been meant, or a way to find out.
func (s *stop) hint(a Address) string {
	hops := a.hops()
	at := len(hops) - s.left
	if s.instead != nil {
		a.path = written(append(hops[:at], s.instead...))
		return fmt.Sprintf("write %s, for example", a)
	}
	if likely := s.likely(); likely != nil && at < len(hops) {
		hops[at] = *likely
		a.path = written(hops)
		return fmt.Sprintf("did you mean %s?", a)
	}
	return "correct the address: every step of it must be in the file"
}

// likely is the option that is nearest to what was wanted, nil where none is near.
func (s *stop) likely() (best *hop) {
	least := max(2, len(s.wanted)/3) + 1
	for i, o := range s.options {
		if d := mistyped(s.wanted, o.name()); d < least && d < len(s.wanted) {
			least, best = d, &s.options[i]
		}
	}
	return best
}

// name is what tells a hop from its likes.
func (h hop) name() string {
	if h.field != nil {
		return h.value
	}
	return h.key
}

// mistyped is how far one text is from the other, whatever the case.
func mistyped(a, b string) int {
	if len(a) > 100 || len(b) > 100 {
		return max(len(a), len(b))
	}
	return near.Distance(strings.ToLower(a), strings.ToLower(b))
}

// abridged is a value for a message, quoted and not too long.
func abridged(value string) string {
	const most = 60
	if len(value) <= most {
		return fmt.Sprintf("%q", value)
	}
	cut := most
	for !utf8.RuneStart(value[cut]) {
		cut--
	}
	return fmt.Sprintf("%q…", value[:cut])
}
