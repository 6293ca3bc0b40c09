package manifest

import "strings"

// shapes makes up files that name an image in parts, in entries, or in a text
// within the text. As a writer it knows what becomes of each value, not how.
type shapes struct {
	writer
	to     Target
	global bool // the registry stands once for all
}

// cell is a field, and what becomes of its key and its value.
type cell struct{ key, wantKey, was, want string }

func stays(key, value string) cell       { return cell{key, key, value, value} }
func becomes(key, was, want string) cell { return cell{key, key, was, want} }
func (s *shapes) half() bool             { return s.IntN(2) == 0 }
func (s *shapes) write(was, want string) { s.was.WriteString(was); s.want.WriteString(want) }
func (s *shapes) line(f string, a ...any) {
	s.both(f+s.pick("", "", " # ghcr.io/acme/web:v1", "\t#日")+"\n", a...)
}

// value writes a scalar in one of the quotes.
func (s *shapes) value(c cell) {
	quote := s.pick("", "", "'", `"`)
	if c.was == "" {
		quote = s.pick("'", `"`)
	}
	s.write(quote+c.was+quote, quote+c.want+quote)
}

// flow writes fields on one line.
func (s *shapes) flow(cells []cell) {
	between := "{" + s.pick("", " ")
	for _, c := range cells {
		s.write(between+c.key+": ", between+c.wantKey+": ")
		s.value(c)
		between = "," + s.pick(" ", "  ")
	}
	s.line("%s}", s.pick("", " "))
}

// block writes fields on lines of their own, behind what stands before the first.
func (s *shapes) block(before, indent string, cells []cell) {
	for _, c := range cells {
		quote, gap := s.pick("", "", `"`), s.pick(" ", " ", "   ", "\t")
		s.write(before+quote+c.key+quote+":"+gap, before+quote+c.wantKey+quote+":"+gap)
		s.value(c)
		s.line("")
		before = s.pick("", "", "\n", indent+"# tag: v1\n") + indent
	}
}

// either writes fields under a key or an item's dash, in one of the styles.
func (s *shapes) either(before, indent string, cells []cell) {
	s.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
	item := strings.HasSuffix(before, "- ")
	switch {
	case s.half():
		s.both("%s%s", before, s.pick(" ", "   "))
		s.flow(cells)
	case item:
		s.block(before, indent, cells)
	default:
		s.line("%s", before)
		s.block(indent, indent, cells)
	}
}

// text writes YAML that stands in a block string.
func (s *shapes) text(before, indent string, write func(in *shapes)) {
	in := &shapes{writer: writer{Rand: s.Rand}, to: s.to}
	write(in)
	s.both("%s %s\n", before, s.pick("|", "|-", "|  # text"))
	for _, both := range []struct{ from, to *strings.Builder }{{&in.was, &s.was}, {&in.want, &s.want}} {
		for line := range strings.Lines(both.from.String()) {
			both.to.WriteString(indent + line)
		}
	}
}
