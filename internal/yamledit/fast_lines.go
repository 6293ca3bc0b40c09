package yamledit

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// The classes of characters, as bits.
const (
	endsPlain     uint8 = 1 << iota // may end an unquoted scalar
	endsFlowPlain                   // and within [] or {}
	endsDouble                      // may end a double-quoted scalar
	endsSingle                      // may end a single-quoted scalar
	gap                             // blank, line break, or the end
	indicator                       // begins no unquoted scalar
	closer                          // needs a closer look before anything is read
	forbidden                       // stands nowhere
)

var class = classes()

func classes() (class [256]uint8) {
	set := func(bit uint8, chars string) {
		for i := range len(chars) {
			class[chars[i]] |= bit
		}
	}
	for c := range 0x20 {
		class[c] = forbidden
	}
	class['\t'], class['\n'], class['\r'], class[0x7F] = 0, 0, closer, forbidden
	for c := utf8.RuneSelf; c < 256; c++ {
		class[c] = closer
	}
	set(endsPlain, "\x00\t\n\r :")
	set(endsFlowPlain, "\x00\t\n\r :,?[]{}")
	set(endsDouble, "\x00\n\r\"\\")
	set(endsSingle, "\x00\n\r'")
	set(gap, "\x00\t\n\r ")
	set(indicator, "\x00\t\n\r ?:,[]{}#&*!|>'\"%@`")
	return class
}

// clean is the text without its byte order mark and with a NUL after it. It is
// not ours where it holds what the parser forbids, or breaks lines otherwise than
// by LF and CRLF.
func clean(src []byte) (text string, ascii, ok bool) {
	var seen uint8
	for _, c := range src {
		seen |= class[c]
	}
	if seen&forbidden != 0 {
		return "", false, false
	}
	ascii = true
	if seen&closer != 0 {
		src = bytes.TrimPrefix(src, []byte("\uFEFF"))
		if ascii, ok = plainRunes(src); !ok || bytes.Count(src, []byte("\r")) != bytes.Count(src, []byte("\r\n")) {
			return "", false, false
		}
	}
	var b strings.Builder
	b.Grow(len(src) + 1)
	b.Write(src)
	b.WriteByte(0)
	return b.String(), ascii, true
}

// plainRunes reports whether all characters are ASCII, and whether all are
// allowed and none is a line break of Unicode or another byte order mark.
func plainRunes(src []byte) (ascii, ok bool) {
	if !utf8.Valid(src) {
		return false, false
	}
	ascii = true
	for _, c := range string(src) {
		if c < utf8.RuneSelf {
			continue
		}
		ascii = false
		if c < 0xA0 || c == '\u2028' || c == '\u2029' || c == '\uFEFF' || c == '\uFFFE' || c == '\uFFFF' {
			return false, false
		}
	}
	return ascii, true
}

// place is where a node begins.
type place struct{ line, column int }

// counted remembers how many characters of a line were counted, for lines may be long.
type counted struct{ from, to, runes int }

// here is the place of an offset in the current line. Columns count characters.
func (r *reader) here(at int) place {
	if r.ascii {
		return place{r.line, at - r.start}
	}
	c := &r.runes
	if c.from != r.start || c.to > at {
		*c = counted{from: r.start, to: r.start}
	}
	c.runes += utf8.RuneCountInString(r.text[c.to:at])
	c.to = at
	return place{r.line, c.runes}
}

// next leaves the rest of the line, which holds at most a comment, and goes to
// the next one with content.
func (r *reader) next() {
	if !r.lineEnds() {
		giveUp()
	}
	r.below()
}

// below is next where the rest of the line was looked at.
func (r *reader) below() {
	r.skipLine()
	r.content()
}

// content goes to the content of this line, or of the first line with any. A
// document ends at the marker of the next one, and with the text.
func (r *reader) content() {
	for {
		for r.text[r.at] == ' ' {
			r.at++
		}
		switch r.text[r.at] {
		case '\n', '\r', '#':
			r.skipLine()
			continue
		case 0:
			r.column = -1
			return
		}
		r.column = r.at - r.start
		if r.column == 0 && r.marker() {
			r.column = -1
		}
		return
	}
}

// marker reports that a document begins at this line. One that ends is not ours.
func (r *reader) marker() bool {
	if rest := r.text[r.at:]; len(rest) > 3 && class[rest[3]]&gap != 0 {
		if rest[:3] == "..." {
			giveUp()
		}
		return rest[:3] == "---"
	}
	return false
}

// lineEnds goes past blanks and reports that nothing but a comment, which needs a
// blank before it, is left of the line. Otherwise the blanks are not passed.
func (r *reader) lineEnds() bool {
	i := r.at
	for r.text[i] == ' ' {
		i++
	}
	switch r.text[i] {
	case '#':
		if i == r.at {
			return false
		}
	case '\n', '\r', 0:
	default:
		return false
	}
	r.at = i
	return true
}

// skipLine goes to the beginning of the next line, or to the end of the text.
func (r *reader) skipLine() {
	if r.text[r.at] != '\n' {
		n := strings.IndexByte(r.text[r.at:], '\n')
		if n < 0 {
			r.at = len(r.text) - 1
			return
		}
		r.at += n
	}
	r.newLine(r.at + 1)
}

func (r *reader) newLine(at int) {
	r.at, r.start = at, at
	r.line++
}
