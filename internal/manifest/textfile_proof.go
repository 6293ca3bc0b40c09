package manifest

import (
	"bytes"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// prove matches again: every regexp must match the result as often as the text,
// every group being the new value in its place, and the bytes around those must
// be what they were.
func (t *textfile) prove(out []byte, addresses []Address) (line int, err error) {
	moved := map[int]span{} // the groups of the text, and where they are in the result
	shift, from := 0, 0
	for _, p := range t.parts {
		is := span{p.from + shift, p.from + shift + len(p.new)}
		if is.to > len(out) || !bytes.Equal(t.src[from:p.from], out[from+shift:is.from]) || string(out[is.from:is.to]) != p.new {
			return lineOf(t.src, p.from), unproven(p.address)
		}
		moved[p.from] = is
		shift, from = shift+len(p.new)-(p.to-p.from), p.to
	}
	if !bytes.Equal(t.src[from:], out[from+shift:]) {
		return 0, unproven(addresses[0])
	}
	for _, a := range addresses {
		if line := t.sameMatches(a, out, moved); line > 0 {
			return line, unproven(a)
		}
	}
	return 0, nil
}

// span is a part of a text in bytes.
type span struct{ from, to int }

// sameMatches is the line of the first match of an address that the result has
// not in its place, 0 for none.
func (t *textfile) sameMatches(a Address, out []byte, moved map[int]span) int {
	was, is := a.matches(t.src), a.matches(out)
	for i, m := range was {
		if i == len(is) || (span{is[i][2], is[i][3]}) != moved[m[2]] {
			return lineOf(t.src, m[2])
		}
	}
	if len(is) > len(was) {
		return lineOf(out, is[len(was)][0])
	}
	return 0
}

func unproven(a Address) error {
	return fault.Newf("E_EDIT_REFUSED", "write the regexp so that its group matches the new value as it does the old one",
		"%s would not find the new value again, or more than that", a.path)
}
