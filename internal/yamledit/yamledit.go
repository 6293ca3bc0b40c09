// Package yamledit changes scalars in YAML and JSON bytes and proves that
// nothing else changed.
//
// A parser finds the scalars, the new text is spliced into the bytes that were
// read, and the result is parsed again: every node of every document must be
// what it was, but for the values that were set. Otherwise there is no result.
// Without an edit the result is the source, byte for byte.
//
// The text of a scalar may be a file of its own: Within reads it, and edits it in
// the bytes of that scalar.
//
// The package knows nothing of files, images or manifests, and it never
// re-encodes: comments, blank lines, alignment, quotes, line ends, a byte order
// mark and the absence of a final newline are the user's.
package yamledit

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// File is one parsed file and the edits that were asked for. It is for one
// goroutine at a time.
type File struct {
	src   []byte
	docs  []*yaml.Node
	in    *holder // what the text was read from, where that is a scalar of another file
	at    cursor
	edits map[*yaml.Node]string

	within  map[*yaml.Node]*File // the files that were read from scalars
	aliased bool
	shared  map[*yaml.Node]*users // of scalars; made when it is first asked for
}

// Error says why a file cannot be read, or an edit cannot be made.
type Error struct {
	Line int    // 1-based; 0 where the parser does not tell
	Msg  string // lower case, without the place
}

// Error is the message after its line.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Msg
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Msg)
}

func errorf(line int, format string, args ...any) *Error {
	return &Error{Line: line, Msg: fmt.Sprintf(format, args...)}
}

// Parse reads a stream of YAML documents, or a JSON text. It keeps src, which
// must not change afterwards. It fails with an *Error where the text is not
// YAML in UTF-8, and where a mapping holds a key twice: readers disagree on
// which one counts. JSON is read as the YAML that it nearly is: an escaped slash
// or a pair of surrogates in it is an error.
func Parse(src []byte) (*File, error) { return parse(src, nil) }

func parse(src []byte, in *holder) (*File, error) {
	f := &File{src: src, in: in, at: newCursor(src), edits: map[*yaml.Node]string{}}
	var err error
	if f.docs, err = decode(src); err != nil {
		return nil, f.placed(err)
	}
	for _, doc := range f.docs {
		if err := f.inspect(doc); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// Documents are the document nodes in order. The trees are for reading: values
// change through Set.
func (f *File) Documents() []*yaml.Node { return f.docs }

// Set makes n, a scalar of one of the documents, a string with this value; keys
// are scalars too. The line breaks that end a block scalar stay as they are and
// need not be part of value. Setting n again replaces the earlier edit.
//
// It fails with an *Error where n is not a scalar, carries a tag other than
// !!str, or is shared through aliases; SetShared changes those.
func (f *File) Set(n *yaml.Node, value string) error {
	if users := f.Aliases(n); len(users) > 0 && !already(n, value) {
		return f.errorf(n, "the value is also used by the alias *%s on line %d, which would change with it",
			users[0].Value, f.Line(users[0]))
	}
	return f.SetShared(n, value)
}

// SetShared is Set for a caller that means every place where aliases bring the value.
func (f *File) SetShared(n *yaml.Node, value string) error {
	switch {
	case n.Kind == yaml.AliasNode:
		return f.errorf(n, "*%s is an alias; its value stands at the anchor &%s", n.Value, n.Value)
	case n.Kind != yaml.ScalarNode:
		return f.errorf(n, "the node is not a scalar")
	case n.Tag == "!!merge":
		return f.errorf(n, "a merge key has no value to change")
	case n.Style&yaml.TaggedStyle != 0 && n.Tag != "!!str":
		return f.errorf(n, "the value is tagged %s, not a string", n.Tag)
	case !utf8.ValidString(value):
		return f.errorf(n, "the new value %q is not UTF-8", value)
	}
	f.edits[n] = settled(n, value)
	return nil
}

// already reports that n needs no new text to be a string with this value.
func already(n *yaml.Node, value string) bool {
	return settled(n, value) == n.Value && (n.Style != 0 || !looksTyped(n.Value))
}

// settled is value with the line breaks that end a block scalar.
func settled(n *yaml.Node, value string) string {
	if style(n)&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		return value
	}
	body := strings.TrimRight(n.Value, "\n")
	return strings.TrimRight(value, "\n") + n.Value[len(body):]
}

// Bytes is the source with the edits made, or an *Error and no bytes where one
// cannot be made without changing more than the value it addresses. Where there
// is nothing to change, it is the source itself.
func (f *File) Bytes() ([]byte, error) {
	out, _, err := f.result()
	return out, err
}

// result is the source with the edits made, and how it came to be.
func (f *File) result() ([]byte, []splice, error) {
	changes, err := f.changes()
	if err != nil {
		return nil, nil, err
	}
	mustBeJSON := len(changes) > 0 && isJSON(f.src)
	splices, err := f.splices(changes, mustBeJSON)
	if err != nil {
		return nil, nil, err
	}
	if len(splices) == 0 {
		return f.src, nil, nil
	}
	out := apply(f.src, splices)
	if err := f.prove(out, changes); err != nil {
		return nil, nil, err
	}
	if mustBeJSON && !isJSON(out) {
		return nil, nil, f.placed(errorf(0, "the edit would leave a text that is not JSON"))
	}
	return out, splices, nil
}
