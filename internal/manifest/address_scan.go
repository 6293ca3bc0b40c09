package manifest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// hop is a step of an address: to a key, to a position, or to the one item whose
// field has a value.
type hop struct {
	step
	field []string // the keys of that field; nil for a key and a position
	value string
}

// inList reports a hop to an item of a list.
func (h hop) inList() bool { return h.index >= 0 || h.field != nil }

var bareValue = pattern.New(`^[A-Za-z0-9_.:/@+-]+$`)

// String is the hop as an address has it.
func (h hop) String() string {
	if h.field == nil {
		return path{h.step}.String()
	}
	keys := path{}
	for _, k := range h.field {
		keys = append(keys, key(k))
	}
	value := h.value
	if !bareValue.MatchString(value) {
		value = strconv.Quote(value)
	}
	return "[" + keys.String()[1:] + "=" + value + "]"
}

// written is the text of hops.
func written(hops []hop) string {
	var b strings.Builder
	for _, h := range hops {
		b.WriteString(h.String())
	}
	return b.String()
}

// scanner reads what stands behind the file of an address.
type scanner struct {
	text string
	at   int
}

// peek is the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// take goes past the next byte if it is c.
func (s *scanner) take(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// wants is an error that shows how far the text was understood.
func (s *scanner) wants(format string, args ...any) error {
	return fmt.Errorf("%s after %q", fmt.Sprintf(format, args...), s.text[:s.at])
}

// hops reads the steps up to the role or the end.
func (s *scanner) hops() (all []hop, err error) {
	for s.at < len(s.text) && s.peek() != '=' {
		h := hop{step: step{index: -1}}
		switch {
		case s.take('.'):
			h.key, err = s.key()
		case s.take('['):
			h, err = s.bracket()
		default:
			err = s.wants("one of . [ and = is expected (a key that is not made of letters, digits, _ and - stands in quotes)")
		}
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

var word = pattern.New(`^[A-Za-z0-9_-]+`)

// key reads a word or a quoted key.
func (s *scanner) key() (string, error) {
	if s.peek() == '"' {
		return s.quoted()
	}
	found := word.Regexp().FindString(s.text[s.at:])
	if found == "" {
		return "", s.wants("a key is missing")
	}
	s.at += len(found)
	return found, nil
}

// quoted reads a text in double quotes, as Go or JSON write it.
func (s *scanner) quoted() (text string, err error) {
	rest := s.text[s.at:]
	end := 1
	for end < len(rest) && rest[end] != '"' {
		if rest[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(rest) {
		return "", s.wants("the quotes are not closed")
	}
	end++
	if json.Unmarshal([]byte(rest[:end]), &text) != nil {
		text, err = strconv.Unquote(rest[:end])
	}
	if err != nil || !utf8.ValidString(text) {
		return "", s.wants("the text %s has an escape that is none of Go or JSON", rest[:end])
	}
	s.at += end
	return text, nil
}

var digits = pattern.New(`^[0-9]+\]`)

// bracket reads what follows [.
func (s *scanner) bracket() (h hop, err error) {
	h.index = -1
	if number := digits.Regexp().FindString(s.text[s.at:]); number != "" {
		if h.index, err = strconv.Atoi(strings.TrimSuffix(number, "]")); err != nil {
			return h, s.wants("the position is too large")
		}
		s.at += len(number)
		return h, nil
	}
	for more := true; more; more = s.take('.') {
		k, err := s.key()
		if err != nil {
			return h, s.wants("a position from 0, or name=VALUE, is expected")
		}
		h.field = append(h.field, k)
	}
	if !s.take('=') {
		return h, s.wants("= and a value are missing")
	}
	if h.value, err = s.value(); err != nil {
		return h, err
	}
	if !s.take(']') {
		return h, s.wants("] is missing")
	}
	return h, nil
}

var unquotedValue = pattern.New(`^[^\]\["\x00-\x1f]+`)

func (s *scanner) value() (string, error) {
	if s.peek() == '"' {
		return s.quoted()
	}
	found := unquotedValue.Regexp().FindString(s.text[s.at:])
	if found == "" {
		return "", s.wants(`a value is missing (an empty one is written "")`)
	}
	s.at += len(found)
	return found, nil
}

// regexp reads a regexp with its slashes.
func (s *scanner) regexp() (string, error) {
	from := s.at
	for end := from + 1; end < len(s.text); end++ {
		switch s.text[end] {
		case '\\':
			end++
		case '/':
			s.at = end + 1
			return s.text[from:s.at], nil
		}
	}
	return "", s.wants(`the / that closes the regexp is missing`)
}

// role reads the role, to the end.
func (s *scanner) role() (role, error) {
	switch {
	case s.at == len(s.text):
		return "", nil
	case !s.take('='):
		return "", s.wants(`= or the end is expected (a / within the regexp is written \/)`)
	}
	r := role(s.text[s.at:])
	if !slices.Contains(roles, r) {
		return "", s.wants("%q is none of %s", r, joined(roles))
	}
	return r, nil
}
