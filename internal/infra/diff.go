package infra

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// Diff is what the changed files change in files, as git would show it: git
// apply takes it. Files that are not changed have no part in it; those that were
// not there are shown as new.
func Diff(files fs.FS, changed map[string][]byte) (string, error) {
	var b strings.Builder
	for _, name := range sortedKeys(changed) {
		before, err := fs.ReadFile(files, name)
		absent := errors.Is(err, fs.ErrNotExist)
		if err != nil && !absent {
			return "", err
		}
		if !absent && bytes.Equal(before, changed[name]) {
			continue
		}
		if err := diffFile(&b, name, absent, before, changed[name]); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
	}
	return b.String(), nil
}

func diffFile(b *strings.Builder, name string, absent bool, before, after []byte) error {
	from, to := label("a/"+name), label("b/"+name)
	fmt.Fprintf(b, "diff --git %s %s\n", from, to) // also of a new file
	if absent {
		b.WriteString("new file mode 100644\n")
		from = "/dev/null"
	}
	if bytes.IndexByte(before, 0) >= 0 || bytes.IndexByte(after, 0) >= 0 {
		fmt.Fprintf(b, "Binary files %s and %s differ\n", from, to)
		return nil
	}
	skipped, was, is := around(before, after)
	lines := udiff.Lines(was, is)
	text, err := udiff.ToUnified(ended(from), ended(to), was, lines, udiff.DefaultContextLines)
	b.WriteString(renumber(text, skipped))
	return err
}

// around takes from both texts the lines that they begin and end with alike, but
// for the context of what changes, and counts those at the beginning: comparing
// line by line what is the same takes longer than the edit.
func around(before, after []byte) (skipped int, was, is string) {
	const context = udiff.DefaultContextLines
	shorter := min(len(before), len(after))
	head := 0
	for head < shorter && before[head] == after[head] {
		head++
	}
	for range context + 1 {
		head = bytes.LastIndexByte(before[:max(head, 0)], '\n')
	}
	head++
	tail := 0
	for tail < shorter-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
		tail++
	}
	for range context + 1 {
		at := bytes.IndexByte(before[len(before)-tail:], '\n') + 1
		if at == 0 {
			tail = 0
			break
		}
		tail -= at
	}
	return bytes.Count(before[:head], []byte("\n")), string(before[head : len(before)-tail]), string(after[head : len(after)-tail])
}

var hunkHeader = pattern.New(`^@@ -(\d+)((?:,\d+)?) \+\d+((?:,\d+)?) @@$`)

// renumber corrects the new line numbers in the headers of hunks: go-udiff forgets
// the unchanged lines between two changes of one hunk. A hunk begins as far from
// the old line as the hunks before it have added lines; a side without lines
// begins at the line before.
//
// skipped lines stand before the text that was compared.
func renumber(text string, skipped int) string {
	var out strings.Builder
	hunks, grown := 0, 0
	for line := range strings.Lines(text) {
		header := hunkHeader.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		switch {
		case header != nil:
			hunks++
			start, _ := strconv.Atoi(header[1]) // digits
			start += skipped
			now := start + grown
			if header[2] == ",0" {
				now++
			}
			if header[3] == ",0" {
				now--
			}
			line = fmt.Sprintf("@@ -%d%s +%d%s @@\n", start, header[2], now, header[3])
		case hunks > 0 && line[0] == '+': // before the first hunk stand the names
			grown++
		case hunks > 0 && line[0] == '-':
			grown--
		}
		out.WriteString(line)
	}
	return out.String()
}

// ended is a label whose end can be told although it holds blanks: as git does.
func ended(label string) string {
	if strings.Contains(label, " ") && !strings.HasPrefix(label, `"`) {
		return label + "\t"
	}
	return label
}

// label is a name as a diff's header holds it: in quotes where it has to be.
func label(name string) string {
	if quoted := quote(name); len(quoted) > len(name)+2 {
		return quoted
	}
	return name
}
